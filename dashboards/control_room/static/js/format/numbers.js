// Numbers in the reader's language. Pure; units are the business of units.js.

/** @typedef {"en" | "nb"} Language */

const LOCALES = { en: "en-GB", nb: "nb-NO" };
const MOST_DECIMALS = 20;
/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {Language} language */
export function localeOf(language) {
  return LOCALES[language] ?? LOCALES.en;
}

/**
 * Decimals that leave about three digits to read: 34 -> 0 … 3.42 -> 2; trailing zeros are dropped by the caller.
 * @param {number} value
 */
export function readableDecimals(value) {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return Math.min(MOST_DECIMALS, 2 - Math.floor(Math.log10(size)));
}

/**
 * A number as text: grouped, with the language's decimal mark and a real minus sign. Without `decimals` as many as
 * help reading, none for their own sake.
 * @param {number} value
 * @param {{language?: Language, decimals?: number | null, sign?: boolean}} [how]
 */
export function formatNumber(value, { language = "en", decimals = null, sign = false } = {}) {
  if (value === Infinity || value === -Infinity) return value > 0 ? "∞" : "−∞";
  const given = Number.isInteger(decimals);
  const most = given ? Math.min(decimals, MOST_DECIMALS) : readableDecimals(value);
  const key = `${language} ${given} ${most} ${sign}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(localeOf(language), {
      minimumFractionDigits: given ? most : 0,
      maximumFractionDigits: most,
      signDisplay: sign ? "exceptZero" : "negative",
    });
    formats.set(key, format);
  }
  return format.format(value).replace("-", "−");
}
