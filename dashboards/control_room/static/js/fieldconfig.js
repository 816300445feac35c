// A field's own look: a panel's defaults and the overrides that match it. Pure.

import { formatQuantity, isTimeUnit, joined } from "./format/units.js";
import { formatTime } from "./format/times.js";
import { mapped, stepOf } from "./format/thresholds.js";

/** @typedef {import("./frames.js").Field} Field */
/** @typedef {import("./format/numbers.js").Language} Language */
/** @typedef {Record<string, any>} Config unit, decimals, min, max, noValue, color, thresholds, mappings, links, custom … */
/** @typedef {{language: Language, zone: string, translate: (text: string) => string}} Reader */
/** @typedef {{text: string, unit: string, full: string, colour: string | null, nothing: boolean, mapped: boolean}} Shown */

/** @param {any} matcher @param {Field} field @param {string} refId @returns {boolean} */
function matches({ id, options }, field, refId) {
  switch (id) {
    case "byName": return field.name === options || Object.values(field.labels ?? {}).includes(options);
    case "byNames": return (options?.names ?? []).includes(field.name);
    case "byRegexp": return new RegExp(String(options).replace(/^\/(.*)\/[a-z]*$/, "$1")).test(field.name);
    case "byType": return field.type === options;
    case "byFrameRefID": return refId === options;
    default: return false;
  }
}

/** @param {Config} target @param {string} path "custom.hidden" @param {any} value */
function assign(target, path, value) {
  const [head, ...rest] = path.split(".");
  if (rest.length === 0) target[head] = value;
  else {
    target[head] = { ...(target[head] ?? {}) };
    assign(target[head], rest.join("."), value);
  }
}

/**
 * What a panel says about one of its fields.
 * @param {any} panel @param {Field} field @param {string} [refId]
 * @returns {Config}
 */
export function configOf(panel, field, refId = "A") {
  const config = { ...(panel.fieldConfig?.defaults ?? {}) };
  for (const override of panel.fieldConfig?.overrides ?? []) {
    if (!matches(override.matcher, field, refId)) continue;
    for (const { id, value } of override.properties) assign(config, id, value);
  }
  return config;
}

/**
 * A value as it is shown.
 * @param {any} value @param {Config} config @param {Reader} reader @param {Field["type"]} [type]
 * @returns {Shown}
 */
export function shown(value, config, reader, type = "number") {
  const map = mapped(value, config.mappings);
  const nothing = value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
  const colour = map?.color ?? colourOf(value, config);
  if (map?.text !== undefined && map.text !== "") return textual(reader.translate(map.text), colour, nothing, true);
  if (nothing) return textual(reader.translate(config.noValue ?? "–"), map?.color ?? null, true, false);
  if (type === "time" || isTimeUnit(config.unit)) return textual(formatTime(value, /^time:[^Hh]*$/.test(config.unit ?? "") ? "date" : "short", reader), colour, false, false);
  if (typeof value === "boolean") return textual(reader.translate(value ? "yes" : "no"), colour, false, false);
  if (typeof value === "number") {
    const quantity = formatQuantity(value, config.unit, { language: reader.language, decimals: config.decimals ?? null });
    return { ...quantity, full: joined(quantity), colour, nothing: false, mapped: false };
  }
  const text = typeof value === "object" ? JSON.stringify(value) : reader.translate(String(value));
  return textual(text, colour, false, false);
}

/** @param {string} text @param {string | null} colour @param {boolean} nothing @param {boolean} wasMapped @returns {Shown} */
function textual(text, colour, nothing, wasMapped) {
  return { text, unit: "", full: text, colour, nothing, mapped: wasMapped };
}

/**
 * The colour a value has by its thresholds; null where the colour says nothing about the value.
 * @param {any} value @param {Config} config @returns {string | null}
 */
export function colourOf(value, config) {
  const mode = config.color?.mode ?? "thresholds";
  if (mode === "fixed") return config.color.fixedColor ?? null;
  if (mode !== "thresholds" || typeof value !== "number") return null;
  return stepOf(value, config.thresholds, config)?.color ?? null;
}

/** What a field is called in this panel. @param {Config} config @param {string} name @param {Reader} reader */
export function labelOf(config, name, reader) {
  const wanted = config.displayName;
  return reader.translate(wanted && !wanted.includes("${") ? wanted : name);
}

/**
 * A data link with its variables filled in.
 * @param {string} url
 * @param {{value?: any, text?: string, name?: string, row?: Record<string, any>, range?: {from: string, to: string}, variables?: Record<string, string[]>}} data
 */
export function filledLink(url, data) {
  const encode = (value) => encodeURIComponent(value === null || value === undefined ? "" : String(value));
  const range = data.range ? `from=${encode(data.range.from)}&to=${encode(data.range.to)}` : "";
  const variables = Object.entries(data.variables ?? {}).flatMap(([name, values]) => values.map((one) => `var-${name}=${encode(one)}`)).join("&");
  const filled = url.replace(/\$\{([^}]+)\}|\$(__\w+)/g, (whole, braced, plain, at) => {
    const before = url.slice(0, at);
    const [name] = (braced ?? plain).split(":");
    if (braced?.startsWith("__url_time_range") || name === "__url_time_range") return range;
    if (name === "__all_variables") return variables;
    if (name === "__value.raw" || name === "__value.numeric" || name === "__value") return asPath(before, data.value, encode);
    if (name === "__value.text") return encode(data.text);
    if (name === "__field.name") return encode(data.name);
    if (name === "__from" || name === "__value.time") return encode(data.range?.from);
    if (name === "__to") return encode(data.range?.to);
    const field = /^__data\.fields(?:\.([\w ]+)|\[["']?([^"'\]]+)["']?\])$/.exec(name);
    if (field) return asPath(before, data.row?.[field[1] ?? field[2]], encode);
    const values = data.variables?.[name];
    return values ? values.map(encode).join(",") : "";
  });
  return filled.replace(/\?&+/, "?").replace(/&&+/g, "&").replace(/[?&]$/, "");
}

/** A path that stands where a path begins ("${__data.fields.link}") is not a part of one: its slashes stay. */
function asPath(before, value, encode) {
  const begins = before === "" || /^https?:\/\/[^/]+$/.test(before);
  return begins && typeof value === "string" && value.startsWith("/") ? value : encode(value);
}
