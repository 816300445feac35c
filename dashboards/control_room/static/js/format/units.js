// Units: the ids boards use and the UCUM codes the API uses, as a reader expects them. Pure.

import { formatNumber } from "./numbers.js";

/** @typedef {import("./numbers.js").Language} Language */
/** @typedef {{text: string, unit: string}} Quantity value and unit apart, so that a tile can set them apart */

/** Board unit id -> what is written behind the number. */
const BOARD_UNITS = {
  none: "", short: "", string: "", locale: "", sci: "", bool: "",
  percent: "%", percentunit: "%", humidity: "%",
  conμgm3: "µg/m³", conmgm3: "mg/m³", conngm3: "ng/m³", ppm: "ppm",
  celsius: "°C", fahrenheit: "°F", kelvin: "K", degree: "°",
  velocityms: "m/s", velocitykmh: "km/h", velocitymph: "mph",
  lengthm: "m", lengthkm: "km", lengthmm: "mm", areaM2: "m²",
  pressurehpa: "hPa", pressurembar: "mbar", pressurepa: "Pa",
  dB: "dB", dBm: "dBm", watt: "W", kwatt: "kW", megwatt: "MW", watth: "Wh", kwatth: "kWh", kwattm: "kW·min",
  volt: "V", amp: "A", hertz: "Hz", lux: "lx", Wm2: "W/m²",
  cps: "/s", cpm: "/min", ops: "/s", opm: "/min", reqps: "/s", reqpm: "/min", rps: "/s", wps: "/s", mps: "/s",
  rowsps: "/s", msgps: "/s",
};

/** UCUM code -> what is written. */
const UCUM = {
  "1": "", "ug/m3": "µg/m³", "mg/m3": "mg/m³", Cel: "°C", "kW.h": "kWh", "W.h": "Wh", "kW.h/m2": "kWh/m²", "W/m2": "W/m²",
  "dB[A]": "dB(A)", "dB[A-weighted]": "dB(A)", deg: "°", "K.d": "K·d", "Cel.d": "°C·d", m2: "m²", hPa: "hPa", "[ppb]": "ppb", "[ppm]": "ppm",
};

const DURATIONS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, dtdurationms: 0.001, dtdurations: 1, clockms: 0.001, clocks: 1 };
const BYTES = { bytes: 1, decbytes: 1, kbytes: 1024, deckbytes: 1000, mbytes: 1048576, decmbytes: 1e6, gbytes: 1073741824 };
const WORDS = {
  en: { "{vehicle}": "vehicles", "{vehicle}/h": "vehicles/h", "{vehicle}/d": "vehicles/day", "{bicycle}": "bicycles", "{person}": "people", h: "h", d: "days", a: "years" },
  nb: { "{vehicle}": "kjøretøy", "{vehicle}/h": "kjøretøy/t", "{vehicle}/d": "kjøretøy/døgn", "{bicycle}": "sykler", "{person}": "personer", class: "klasse", h: "t", d: "dager", a: "år" },
};

/** U4SSC's units, as its template has them in Norwegian. */
const NORWEGIAN = {
  days: "døgn", years: "år", minutes: "minutter", number: "antall", ratio: "forholdstall", "yes/no": "ja/nei", "ratio female:male": "forholdet kvinner:menn", "% of city GDP": "% av byens BNP",
  "number of services": "tjenester", "number / 100 000 inhabitants": "antall / 100 000 innbyggere", "km / 100 000 inhabitants": "km / 100 000 innbyggere", "FTE / 100 000 inhabitants": "årsverk / 100 000 innbyggere",
  "deaths / 100 000 live births": "dødsfall / 100 000 levendefødte", "interruptions / customer / year": "avbrudd / kunde / år", "tonnes CO2e / capita": "tonn CO2e / innbygger",
  "kWh / capita / year": "kWh / innbygger / år", "GJ / capita / year": "GJ / innbygger / år", "ekWh / m2 / year": "ekWh / m² / år", "litres / capita / day (unit not confirmed)": "liter / innbygger / døgn (enheten ikke bekreftet)",
  "ha / 100 000 inhabitants (unit not confirmed)": "ha / 100 000 innbyggere (enheten ikke bekreftet)", "m2 / 100 000 inhabitants (unit not confirmed)": "m² / 100 000 innbyggere (enheten ikke bekreftet)",
};

/**
 * A unit of the API as written: "ug/m3" -> "µg/m³".
 * @param {string | null | undefined} code
 * @param {Language} [language]
 */
export function writtenUnit(code, language = "en") {
  if (!code) return "";
  const word = WORDS[language]?.[code];
  if (word !== undefined) return word;
  if (language === "nb" && Object.hasOwn(NORWEGIAN, code)) return NORWEGIAN[code];
  if (code in UCUM) return UCUM[code];
  return code.replace(/\{([^}]*)\}/g, "$1").replace(/\bug\b/g, "µg").replace(/m3\b/g, "m³").replace(/m2\b/g, "m²").replace(/\./g, "·");
}

/**
 * A duration in at most two parts: "43 min", "3 h 5 min", "2 d 4 h"; below ten seconds with one decimal.
 * @param {number} seconds
 * @param {Language} [language]
 */
export function formatDuration(seconds, language = "en") {
  const hour = language === "nb" ? "t" : "h";
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  const say = (value, decimals = 0) => formatNumber(value, { language, decimals });
  if (size === 0) return "0 s";
  if (size < 0.9995) return `${sign}${say(size * 1000)} ms`;
  if (size < 9.95) return `${sign}${say(size, size % 1 < 0.05 ? 0 : 1)} s`;
  if (size < 59.5) return `${sign}${say(size)} s`;
  const minutes = Math.round(size / 60);
  if (minutes < 60) return `${sign}${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${sign}${hours} ${hour}${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  const days = Math.floor(hours / 24);
  const rest = hours % 24 && days < 10 ? ` ${hours % 24} ${hour}` : "";
  return `${sign}${say(days)} d${rest}`;
}

/** @param {number} bytes @param {Language} language @param {number | null} decimals @returns {Quantity} */
function formatBytes(bytes, language, decimals) {
  let value = bytes;
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (Math.abs(value) >= 1024 && at < names.length - 1) {
    value /= 1024;
    at += 1;
  }
  return { text: formatNumber(value, { language, decimals: at === 0 ? 0 : decimals }), unit: names[at] };
}

/**
 * A number in a board's unit.
 * @param {number} value
 * @param {string | null | undefined} unit board unit id, "suffix:…", "prefix:…", or a UCUM code
 * @param {{language?: Language, decimals?: number | null, sign?: boolean}} [how]
 * @returns {Quantity}
 */
export function formatQuantity(value, unit, { language = "en", decimals = null, sign = false } = {}) {
  const id = (unit ?? "").replace("µ", "μ"); // the id is spelt with the Greek letter, people type the micro sign
  if (id in DURATIONS) return { text: formatDuration(value * DURATIONS[id], language), unit: "" };
  if (id in BYTES) return formatBytes(value * BYTES[id], language, decimals);
  if (id === "percentunit") return { text: formatNumber(value * 100, { language, decimals, sign }), unit: "%" };
  const text = formatNumber(value, { language, decimals, sign });
  if (id.startsWith("suffix:")) return { text, unit: writtenUnit(unit?.slice(7).trim(), language) };
  if (id.startsWith("prefix:")) return { text: id.slice(7) + text, unit: "" };
  if (id in BOARD_UNITS) return { text, unit: BOARD_UNITS[id] };
  return { text, unit: writtenUnit(unit, language) };
}

/**
 * Value and unit as one text: a no-break space between them (SI), none before the degree of an angle.
 * @param {Quantity} quantity
 */
export function joined({ text, unit }) {
  if (!unit) return text;
  return `${text}${unit === "°" || unit.startsWith("/") ? "" : "\u00a0"}${unit}`;
}

/** Whether a board's unit says that numbers are instants (milliseconds since 1970). @param {string | undefined} unit */
export function isTimeUnit(unit) {
  return unit !== undefined && /^(dateTime|time:)/.test(unit);
}
