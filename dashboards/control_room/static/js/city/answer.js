// What a tile says: one row of its board's query and a trend, as words, numbers with units, and links. Pure.

import { alignedSeries, rowsOf } from "../frames.js";
import { configOf, shown } from "../fieldconfig.js";
import { now } from "../clock.js";
import { cssColour } from "../format/colours.js";
import { classNumber, wordKeyOf } from "../format/thresholds.js";
import { asInstant, formatSince, formatTime } from "../format/times.js";
import { formatDuration, formatQuantity, joined } from "../format/units.js";

/** How far back a tile looks for when its class began: what is older has lasted longer than that. */
const LOOKED_BACK_MS = 48 * 3600000 - 60000;
/** From this share on the days that the law allows are nearly used up. */
const NEARLY = 0.8;

/**
 * Everything a tile says, from its one row and its trend.
 * @param {any} panel @param {{frames: import("../frames.js").Frame[]}} data @param {any} reader @param {"dark" | "light"} theme
 */
export function tileOf(panel, data, reader, theme) {
  const { words, language } = reader;
  const main = data.frames.find((frame) => frame.refId === "A") ?? data.frames[0];
  const row = rowsOf(main)[0] ?? {};
  const config = configOf(panel, main?.fields.find((one) => one.name === "value") ?? { name: "value", type: "number", values: [] });
  const said = shown(row.value ?? null, config, reader);
  const number = classNumber(row.band);
  const key = number ? `class${number}` : wordKeyOf(said.colour, config);
  // A class is said in words; the number to read is then what was measured.
  const classed = said.mapped && typeof row.secondary_value === "number";
  const deviation = typeof config.min === "number" && config.min < 0;
  const unit = classed ? row.secondary_unit : config.unit;
  const value = classed ? row.secondary_value : (row.value ?? null);
  const decimals = classed ? (value >= 10 ? 0 : 1) : (config.decimals ?? null);
  const trend = alignedSeries(data.frames.filter((frame) => frame.refId !== main?.refId));
  const since = asInstant(row.since);
  return {
    row,
    big: value === null ? { text: "–", unit: "" } : formatQuantity(value, unit, { language, decimals, sign: deviation }),
    notes: notesOf(row, { unit, classed, deviation }, reader),
    measuring: row.sites_ok > 0, // then nothing is silent: there is not enough for a value yet
    nothing: row.value === null || row.value === undefined,
    word: row.word ? reader.translate(row.word) : said.mapped ? said.text : key ? words.t(key) : "",
    colour: cssColour(said.colour ?? undefined, theme) ?? "var(--raised)",
    partial: row.partial === true || row.quality === "partial",
    newest: asInstant(row.newest),
    since: since === null ? "" : now() - since >= LOOKED_BACK_MS ? words.t("sinceLonger", { span: formatDuration(LOOKED_BACK_MS / 1000, language) }) : words.t("since", { time: formatSince(since, now(), reader) }),
    what: whatOf(row, classed, reader),
    trend: trend.series[0] ? { times: trend.times, values: trend.series[0].values } : { times: [], values: [] },
    trendTarget: deviation ? null : (row.target ?? null),
    evidence: evidenceLink(row),
  };
}

/** What the number is, where, and of which day. */
function whatOf(row, classed, reader) {
  const { words } = reader;
  const what = classed ? reader.translate(row.secondary_label) : reader.translate(row.label) || kpiPhrase(row.kpi, words);
  const start = asInstant(row.period_start);
  // Noon is on the day, whichever calendar it begins by.
  const day = row.period === "P1D" && start !== null ? formatTime(start + 43200000, "weekday", reader) : "";
  return [what, row.where ? words.t("at", { place: row.where }) : "", day].filter(Boolean).join(" · ");
}

/** What it is heading for: the day so far, the days used, what stands beside it. */
function notesOf(row, { unit, classed, deviation }, reader) {
  const { words, language } = reader;
  const quantity = (value, of, decimals = Math.abs(value) >= 10 ? 0 : 1) => joined(formatQuantity(value, of, { language, decimals }));
  const has = (name) => typeof row[name] === "number";
  const notes = [];
  if (has("day_so_far")) {
    const limit = has("target") ? ` (${words.t("limit").toLowerCase()} ${quantity(row.target, "")})` : "";
    const hours = has("hours_so_far") ? ` · ${words.t("afterHours", { hours: row.hours_so_far })}` : "";
    const level = has("target") && row.day_so_far > row.target ? "over" : "";
    notes.push({ name: words.t("daySoFar"), value: `${quantity(row.day_so_far, unit)}${limit}${hours}`, level, word: level && words.t("over") });
  }
  if (has("days_used") && has("days_allowed")) {
    const share = row.days_used / Math.max(row.days_allowed, 1);
    const level = row.days_used > row.days_allowed ? "over" : share >= NEARLY ? "nearly" : "";
    notes.push({ name: words.t("daysUsed"), value: words.t("usedOf", { used: row.days_used, allowed: row.days_allowed }), share, level, word: level && words.t(level === "over" ? "over" : "nearlyUsed") });
  }
  if (!classed && has("secondary_value")) notes.push({ name: reader.translate(row.secondary_label), value: quantity(row.secondary_value, row.secondary_unit, row.secondary_unit ? null : 2) });
  if (has("target") && !deviation && !has("day_so_far")) notes.push({ name: words.t("target"), value: quantity(row.target, unit) });
  const weather = [["temperature", "celsius", 0], ["wind", "velocityms", 1], ["precipitation", "lengthmm", 1]].filter(([name]) => has(name))
    .map(([name, of, decimals]) => `${quantity(row[name], of, decimals)}${name === "precipitation" ? `/24\u00a0${language === "nb" ? "t" : "h"}` : ""}`);
  if (weather.length) notes.push({ name: words.t("weather"), value: weather.join(" · ") });
  return notes;
}

/** What the indicator of a tile is, in a few words. @param {string | undefined} kpi @param {any} words */
function kpiPhrase(kpi, words) {
  const key = `kpi_${(kpi ?? "").replaceAll(".", "_")}`;
  const said = words.t(key);
  return said === key ? "" : said;
}

/** @param {Record<string, any>} row */
function evidenceLink(row) {
  if (!row.kpi || !row.scope) return null;
  const start = asInstant(row.start ?? row.period_start);
  const query = new URLSearchParams({ kpi: row.kpi, scope_kind: row.scope_kind ?? "city", scope: row.scope, period: row.period ?? "PT1H" });
  if (start !== null) query.set("start", new Date(start).toISOString());
  return `/evidence?${query}`;
}
