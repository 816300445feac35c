// Thresholds, value mappings and the class scale: what a value is called and which colour it has. Pure.

/** @typedef {{value: number | null, color: string}} Step */
/** @typedef {{text?: string, color?: string, index?: number}} Mapped */

/** The six classes of the air, good to extremely poor, as everywhere in the project. */
export const CLASS_COLOURS = ["#a6dcef", "#5fb7a8", "#f4d94e", "#ee8434", "#c22f4b", "#5b2470"];
export const CLASS_CODES = ["good", "fair", "moderate", "poor", "very_poor", "extremely_poor"];

const CLASS_WORDS = new Map([
  ["good", 1], ["fair", 2], ["moderate", 3], ["poor", 4], ["very_poor", 5], ["extremely_poor", 6],
  ["lite", 1], ["moderat", 3], ["hoyt", 4], ["svaert_hoyt", 5],
]);

/**
 * 1 … 6 for a class code or name, null for what is none: no data is no class.
 * @param {unknown} band "moderate", "Very poor", 3, "lite"
 */
export function classNumber(band) {
  if (typeof band === "number") return band >= 1 && band <= 6 ? Math.round(band) : null;
  if (typeof band !== "string" || band === "") return null;
  if (/^[1-6]$/.test(band)) return Number(band);
  return CLASS_WORDS.get(band.trim().toLowerCase().replace(/[\s-]+/g, "_")) ?? null;
}

/** The class whose colour this is, 1 … 6 or null. @param {string | undefined} colour */
export function classOfColour(colour) {
  const at = CLASS_COLOURS.indexOf((colour ?? "").toLowerCase());
  return at < 0 ? null : at + 1;
}

/**
 * The key of the word that goes with a colour, so that colour is never alone: a class where the thresholds are the whole
 * scale; otherwise how far it is from fine.
 * @param {string | null | undefined} colour @param {any} config a field's look
 * @returns {string | null} a key of the page's words
 */
export function wordKeyOf(colour, config) {
  const number = classOfColour(colour ?? undefined);
  if (!number) return null;
  const scale = (config?.thresholds?.steps ?? []).map((step) => classOfColour(step.color)).filter((one) => one !== null);
  if (new Set(scale).size > 4) return `class${number}`;
  const level = number <= 2 ? "Fine" : number <= 4 ? "Raised" : "High";
  if (typeof config?.min === "number" && config.min < 0) return `deviation${level}`;
  return scale[0] > scale.at(-1) ? `share${level}` : `level${level}`; // more is better, or worse
}

/**
 * The step a value falls into.
 * @param {number | null} value
 * @param {{mode?: string, steps?: Step[]} | undefined} thresholds
 * @param {{min?: number | null, max?: number | null}} [range] for percentage thresholds
 * @returns {Step | null} null for no value: no data has no colour
 */
export function stepOf(value, thresholds, range = {}) {
  const steps = thresholds?.steps ?? [];
  if (value === null || value === undefined || Number.isNaN(value) || steps.length === 0) return null;
  let compared = value;
  if (thresholds.mode === "percentage") {
    const low = range.min ?? 0;
    const high = range.max ?? 100;
    compared = high === low ? 0 : ((value - low) / (high - low)) * 100;
  }
  let found = steps[0];
  for (const step of steps) if (step.value === null || compared >= step.value) found = step;
  return found;
}

/**
 * What a board's mappings make of a value.
 * @param {unknown} value
 * @param {any[]} [mappings]
 * @returns {Mapped | null}
 */
export function mapped(value, mappings = []) {
  for (const mapping of mappings) {
    const found = mappedBy(value, mapping);
    if (found) return found;
  }
  return null;
}

/** @param {unknown} value @param {any} mapping @returns {Mapped | null} */
function mappedBy(value, { type, options }) {
  if (type === "value") return options[String(value)] ?? null;
  if (type === "range") {
    if (typeof value !== "number") return null;
    return value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity) ? options.result : null;
  }
  if (type === "regex") {
    if (typeof value !== "string") return null;
    const match = new RegExp(options.pattern.replace(/^\/(.*)\/[a-z]*$/, "$1")).exec(value);
    return match ? { ...options.result, text: options.result.text?.replace(/\$(\d)/g, (_, at) => match[at] ?? "") } : null;
  }
  if (type === "special") return isSpecial(value, options.match) ? options.result : null;
  return null;
}

/** @param {unknown} value @param {string} match */
function isSpecial(value, match) {
  const nothing = value === null || value === undefined;
  const nan = typeof value === "number" && Number.isNaN(value);
  return (
    (match === "null" && nothing) || (match === "nan" && nan) || (match === "null+nan" && (nothing || nan)) ||
    (match === "empty" && value === "") || (match === "true" && value === true) || (match === "false" && value === false)
  );
}

/**
 * Areas between steps, lowest first, for bands behind a chart.
 * @param {Step[]} steps
 * @returns {{from: number, to: number, color: string}[]}
 */
export function bandsOf(steps) {
  return steps.map((step, at) => ({
    from: step.value ?? -Infinity,
    to: steps[at + 1]?.value ?? Infinity,
    color: step.color,
  }));
}
