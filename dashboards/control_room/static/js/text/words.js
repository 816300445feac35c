// Texts in the reader's language: the page's own by key, the boards' by their English text.

import { en } from "./en.js";
import { nb } from "./nb.js";

const OWN = { en, nb };
export const LANGUAGES = /** @type {const} */ (["nb", "en"]);
const NAMES = { traffic: "traffic_site", weather: "weather_site", noise: "noise_site", indicative: "indicative_class" };

/**
 * @param {import("../format/numbers.js").Language} language
 * @param {Record<string, string>} [boards] English text of a board -> this language
 */
export function wordsOf(language, boards = {}) {
  const own = OWN[language] ?? en;

  /**
   * One of the page's own texts, with its {places} filled in.
   * @param {keyof typeof en | string} key @param {Record<string, string | number>} [values]
   */
  function t(key, values = {}) {
    return fill(own[key] ?? en[key] ?? key, values);
  }

  return {
    language,
    t,
    /** Whether a code has a word of the page's. @param {string} code */
    has: (code) => /^[a-z_]+$/.test(code) && Object.hasOwn(own, NAMES[code] ?? code),
    /** A code as a word ("not_evaluated", "road"); what is none stays as it is. @param {string | null | undefined} code */
    code(code) {
      if (!code) return "";
      const key = NAMES[code] ?? code;
      return own[key] && Object.hasOwn(own, key) ? own[key] : (boards[code] ?? code.replaceAll("_", " "));
    },
    /** What the API says of a message that it refuses ("invalid_json: …"), as a sentence. @param {string | null | undefined} detail */
    refusal(detail) {
      const [, code, rest] = /^([a-z_]+): (.*)$/s.exec(detail ?? "") ?? [];
      const said = code && Object.hasOwn(own, code) ? `${own[code]}: ${rest}` : (detail ?? "");
      const sentence = said.charAt(0).toLocaleUpperCase(language) + said.slice(1);
      return !sentence || /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
    },
    /** A board's text. @param {string | undefined | null} text */
    translate(text) {
      if (!text) return "";
      if (Object.hasOwn(boards, text)) return boards[text];
      // Codes that the data hold: reasons, flags, yes and no.
      const isCode = text === "yes" || text === "no" || /^[a-z]+(_[a-z0-9]+)+$/.test(text);
      return isCode && Object.hasOwn(own, text) ? own[text] : text;
    },
    /** A name that the catalogue gives in several languages. @param {Record<string, string> | string | null | undefined} name */
    named(name) {
      if (!name || typeof name === "string") return name ?? "";
      return name[language] ?? name.en ?? Object.values(name)[0] ?? "";
    },
  };
}

/** @param {string} text @param {Record<string, string | number>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)).replace(/ {2,}/g, " ").trim();
}
