// Times: in the city's zone, in the reader's language; ages and the words of a time range. Pure: now is an argument.

import { localeOf } from "./numbers.js";
import { formatDuration } from "./units.js";

/** @typedef {import("./numbers.js").Language} Language */
/** @typedef {{language?: Language, zone?: string}} Where */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
const SHAPES = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
  weekday: { weekday: "short", day: "numeric", month: "short" },
  date: { day: "numeric", month: "short", year: "numeric" },
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  month: { month: "short", year: "numeric" },
  year: { year: "numeric" },
};

/**
 * An instant as text.
 * @param {number} at epoch ms
 * @param {keyof typeof SHAPES} shape
 * @param {Where} [where]
 */
export function formatTime(at, shape, { language = "en", zone = "UTC" } = {}) {
  if (!Number.isFinite(at)) return "";
  const key = `${language} ${zone} ${shape}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(localeOf(language), { ...SHAPES[shape], timeZone: zone });
    formats.set(key, format);
  }
  return format.format(at);
}

/** The civil day of an instant in a zone, as a key. @param {number} at @param {string} zone */
export function dayKey(at, zone) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/**
 * An instant near now: the clock today, with the day otherwise.
 * @param {number} at @param {number} now @param {Where} [where]
 */
export function formatSince(at, now, where = {}) {
  const zone = where.zone ?? "UTC";
  return formatTime(at, dayKey(at, zone) === dayKey(now, zone) ? "clock" : "short", where);
}

/** An age as the tiles write it: 5″, 2′, 3 h, 2 d. @param {number} milliseconds @param {Language} [language] */
export function compactAge(milliseconds, language = "en") {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 60) return `${Math.floor(seconds)}″`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)}′`;
  const hour = language === "nb" ? "t" : "h";
  if (seconds < 172800) return `${Math.round(seconds / 3600)} ${hour}`;
  return `${Math.round(seconds / 86400)} d`;
}

/** The same for those who listen: "2 min". @param {number} milliseconds @param {Language} [language] */
export function spokenAge(milliseconds, language = "en") {
  return formatDuration(Math.max(0, Math.floor(milliseconds / 1000)), language);
}

/**
 * Epoch ms of what an answer holds as a time: a number, or RFC 3339.
 * @param {unknown} value
 * @returns {number | null}
 */
export function asInstant(value) {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return value;
  const parsed = Date.parse(String(value));
  return Number.isNaN(parsed) ? null : parsed;
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2629800, y: 31557600 };

/** Milliseconds of "48h", "7d"; null when it is none. @param {string | null | undefined} text */
export function spanOf(text) {
  const match = /^(\d+)([smhdwMy])$/.exec(text ?? "");
  return match ? Number(match[1]) * UNITS[match[2]] * 1000 : null;
}

/**
 * About when a bound of a range lies, for choosing an interval and drawing before the answer is there; the server
 * decides. Understands now, now-24h, now/d, epoch ms and ISO.
 * @param {string} bound @param {number} now
 */
export function approximateInstant(bound, now) {
  const match = /^now(?:-(\d+[smhdwMy]))?(?:\/([smhdwMy]))?$/.exec(bound);
  if (match) {
    const at = now - (spanOf(match[1]) ?? 0);
    const unit = match[2] ? UNITS[match[2]] * 1000 : 1;
    return Math.floor(at / unit) * unit;
  }
  if (/^\d{10,}$/.test(bound)) return Number(bound);
  return asInstant(bound) ?? now;
}

/** Whether a range goes on with the clock. @param {{to: string}} range */
export function isLive(range) {
  return range.to.startsWith("now");
}

const STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];

/**
 * The bucket a chart asks for, ms: about one point per two pixels, never finer than `least`.
 * @param {number} span ms @param {number} width px @param {number} [least] ms
 */
export function intervalFor(span, width, least = 60000) {
  const wanted = Math.max(span / Math.max(width / 2, 50), least) / 1000;
  return (STEPS.find((step) => step >= wanted * 0.75) ?? STEPS.at(-1)) * 1000;
}

/** "2026-01-05T10:00" in a zone, for <input type=datetime-local>. @param {number} at @param {string} zone */
export function localInput(at, zone) {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).format(at);
  return parts.replace(" ", "T");
}

/** The instant that a zone's wall clock shows as `text` (an <input type=datetime-local>). @param {string} text @param {string} zone */
export function fromLocalInput(text, zone) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return null;
  const wanted = Date.parse(`${text.slice(0, 16)}:00Z`);
  if (Number.isNaN(wanted)) return null;
  let at = wanted;
  // Twice: the first step may land on the other side of a change of the clocks.
  for (let round = 0; round < 2; round += 1) at += wanted - Date.parse(`${localInput(at, zone)}:00Z`);
  return at;
}
