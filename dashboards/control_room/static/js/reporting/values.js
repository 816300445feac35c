// Numbers as people type and read them in a form of U4SSC. Pure.

import { formatNumber } from "../format/numbers.js";
import { formatQuantity, joined } from "../format/units.js";

const BLANKS = /[\s\u00a0\u202f\u2009]/g;
const DIGITS = 10;
const NUMBERS = ["none", "value", "numerator", "denominator", "unit"];

/**
 * What somebody typed as a number: "1 234,5", "84,5 %", "−3". Which of 1,234 and 1.234 is a thousand depends on the
 * reader's language; where that is not sure it is asked.
 * @param {string} typed @param {"en" | "nb"} language
 * @returns {{number: number | null, wrong: "" | "notANumber" | "whichNumber"}} null and nothing wrong: left empty
 */
export function readNumber(typed, language) {
  const text = typed.replace(BLANKS, "").replace(/%$/, "").replace("−", "-");
  if (text === "") return { number: null, wrong: "" };
  const own = language === "nb" ? "," : ".";
  const other = own === "," ? "." : ",";
  const marks = text.replace(/[^.,]/g, "");
  if (!/^-?\d*[.,]?\d+$/.test(text)) return { number: null, wrong: "notANumber" };
  // The other language's mark before exactly three digits may as well part thousands.
  if (marks === other && new RegExp(`^-?[1-9]\\d{0,2}\\${other}\\d{3}$`).test(text)) return { number: null, wrong: "whichNumber" };
  return { number: Number(text.replace(",", ".")), wrong: "" };
}

/** A stored number as a form's field shows it: every digit, no grouping. @param {number | null | undefined} value @param {"en" | "nb"} language */
export function typedNumber(value, language) {
  if (value === null || value === undefined) return "";
  const text = String(Number(value.toPrecision(15)));
  return language === "nb" ? text.replace(".", ",") : text;
}

/** @param {any} point a data point */
export const isYesNo = (point) => point.unit === "yes/no";

/** Whether its value may be a quotient. @param {any} point */
export const hasParts = (point) => !isYesNo(point) && Boolean(point.defined?.denominator);

/**
 * A value with its unit; yes and no in words.
 * @param {number | null} value @param {string} unit @param {{words: any, language: "en" | "nb"}} reader
 */
export function valueText(value, unit, { words, language }) {
  if (value === null || value === undefined) return "–";
  if (unit === "yes/no") return words.t(value === 1 ? "yes" : "no");
  return joined(formatQuantity(value, unit, { language }));
}

/** What numerator and denominator give. @param {number | null} numerator @param {number | null} denominator @param {number} multiplier */
export function quotient(numerator, denominator, multiplier) {
  return numerator === null || denominator === null || denominator === 0 ? null : (numerator / denominator) * multiplier;
}

/** A number for a sentence. @param {number} value @param {"en" | "nb"} language */
export const plainNumber = (value, language) => formatNumber(Number(value.toPrecision(DIGITS)), { language });

/**
 * What is typed of a data point as a body for the API, or what is wrong with it, by field.
 * @param {{value: string, numerator: string, denominator: string, unit: string, quality: string, source: string, origin: string, comment: string, none: boolean}} typed
 * @param {any} point @param {"en" | "nb"} language
 * @param {Record<string, unknown> | null} [before] what the form began with, of a stored value: numbers nobody touched are not sent
 * @returns {{body: any, wrong: Record<string, string>}}
 */
export function bodyOf(typed, point, language, before = null) {
  const wrong = {};
  const texts = { data_quality: typed.quality || null, data_origin: typed.origin.trim() || null, source: typed.source.trim() || null, comment: typed.comment.trim() || null };
  if (before && NUMBERS.every((name) => typed[name] === before[name])) return { body: texts, wrong };
  if (typed.none) return { body: { ...texts, not_reported: true }, wrong };
  if (isYesNo(point)) {
    if (!typed.value) wrong.value = "nothingTyped";
    return { body: { ...texts, value: typed.value === "yes" }, wrong };
  }
  const numbers = {};
  for (const name of ["value", "numerator", "denominator"]) {
    const read = readNumber(typed[name], language);
    if (read.wrong) wrong[name] = read.wrong;
    if (read.number !== null) numbers[name] = read.number;
  }
  if (numbers.denominator === 0) wrong.denominator = "zeroDenominator";
  if (Object.keys(wrong).length === 0 && numbers.value === undefined && numbers.numerator === undefined) wrong.value = "nothingTyped";
  return { body: { ...texts, ...numbers, ...(typed.unit.trim() ? { unit: typed.unit.trim() } : {}) }, wrong };
}
