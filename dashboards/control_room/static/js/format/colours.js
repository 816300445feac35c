// Colours: names that boards use -> what is drawn, per theme, and which text stands on them. Pure.

import { CLASS_COLOURS } from "./thresholds.js";

/** @typedef {"dark" | "light"} Theme */

const NAMED = {
  green: ["#5fb7a8", "#1f7a6c"], red: ["#f0647c", "#c22f4b"], yellow: ["#f4d94e", "#8a7000"], orange: ["#ee8434", "#b4560f"],
  blue: ["#58a6ff", "#0b62c4"], purple: ["#b48be0", "#5b2470"], gray: ["#9fb0bf", "#55636f"], grey: ["#9fb0bf", "#55636f"],
  white: ["#e6edf3", "#1b2733"], black: ["#0f1418", "#1b2733"],
};

/** Series in order; dashes tell them apart where colours do not. Each at least 3:1 on its panel. */
export const SERIES = {
  dark: ["#58a6ff", "#f0a35e", "#6cc9b8", "#ec8ac0", "#d9cf6a", "#b39bff", "#9fd6ee", "#c9d4de"],
  light: ["#0b62c4", "#b4560f", "#14756a", "#a8327a", "#756400", "#6b3fd1", "#2b6f93", "#4b5966"],
};
export const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [2, 6], [8, 2, 2, 2, 2, 2]];

/** @param {number} index @param {Theme} theme */
export function seriesColour(index, theme) {
  return SERIES[theme][index % SERIES[theme].length];
}

/**
 * A board's colour as CSS; null for "text" and "transparent", which are the page's own.
 * @param {string | undefined} name @param {Theme} theme
 */
export function cssColour(name, theme) {
  if (!name || name === "text" || name === "transparent") return null;
  if (name.startsWith("#") || name.startsWith("rgb")) return name;
  const plain = name.replace(/^(super-light|light|semi-dark|dark)-/, "");
  const pair = NAMED[plain];
  return pair ? pair[theme === "dark" ? 0 : 1] : null;
}

/** @param {string} colour #rrggbb */
function luminance(colour) {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast of two colours, 1 … 21 (WCAG 2.1). @param {string} one @param {string} other */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Text that can be read on a colour. @param {string | null} colour */
export function textOn(colour) {
  if (!colour || !/^#[0-9a-f]{6}$/i.test(colour)) return null;
  return contrast(colour, "#111a21") >= contrast(colour, "#ffffff") ? "#111a21" : "#ffffff";
}

/** @param {number | null} number 1 … 6 */
export function classColour(number) {
  return number ? CLASS_COLOURS[number - 1] : null;
}
