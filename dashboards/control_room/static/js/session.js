// What the whole page shares: cities, city, language, theme, texts of the boards, kiosk. One store, read everywhere.

import { createStore, useStore } from "./store.js";
import { getJson } from "./api.js";
import { learnNow } from "./clock.js";
import { adjust, place } from "./navigation.js";
import { asInstant } from "./format/times.js";
import { wordsOf } from "./text/words.js";

/** @typedef {{slug: string, name: Record<string, string>, languages: string[], time_zone: string, simulated: boolean, newest: any, default?: boolean}} City */

const remembered = (name) => {
  try {
    return localStorage.getItem(`bypuls.${name}`);
  } catch {
    return null; // storage may be forbidden: then nothing is remembered
  }
};
const remember = (name, value) => {
  try {
    localStorage.setItem(`bypuls.${name}`, value);
  } catch {
    // as above
  }
};

const asked = () => place.get().route.query;
const preferred = () => (/^(nb|nn|no|da|sv)/.test(navigator.language) ? "nb" : "en");
const language = asked().get("lang") ?? remembered("language") ?? preferred();

export const session = createStore({
  cities: /** @type {City[] | null} */ (null),
  citiesFailure: /** @type {any} */ (null),
  boards: /** @type {{uid: string, title: string, description: string}[]} */ ([]),
  settings: /** @type {{tiles: null | {url: string, attribution: string}, default_city?: string | null}} */ ({ tiles: null }),
  words: wordsOf(language === "nb" ? "nb" : "en"),
  theme: /** @type {"auto" | "dark" | "light"} */ (asked().get("theme") ?? remembered("theme") ?? "auto"),
  systemDark: matchMedia("(prefers-color-scheme: dark)").matches,
  kiosk: asked().has("kiosk"),
  newest: /** @type {number | null} */ (null), // the city's newest observation, when it was last asked for
  boardRange: /** @type {{from: string, to: string} | null} */ (null), // what the shown board begins with
  citySlug: asked().get("city") ?? remembered("city"),
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => session.set({ systemDark: event.matches }));
place.subscribe(({ route }) => {
  session.set({ kiosk: route.query.has("kiosk") });
  const wanted = route.query.get("city");
  if (wanted && wanted !== session.get().citySlug) session.set({ citySlug: wanted });
});

/** @param {ReturnType<typeof session.get>} state @returns {City | null} */
export function cityIn({ cities, citySlug, settings }) {
  if (!cities || cities.length === 0) return null;
  const by = (slug) => cities.find((city) => city.slug === slug);
  return by(citySlug) ?? by(settings.default_city) ?? cities.find((city) => city.default) ?? cities[0];
}

/** @param {ReturnType<typeof session.get>} state @returns {"dark" | "light"} */
export function themeIn({ theme, systemDark }) {
  return theme === "auto" ? (systemDark ? "dark" : "light") : theme;
}

/** @param {string} slug */
export function chooseCity(slug) {
  remember("city", slug);
  session.set({ citySlug: slug });
  // Areas and sites are the old city's.
  const variables = [...asked().keys()].filter((name) => name.startsWith("var-"));
  adjust({ city: slug, ...Object.fromEntries(variables.map((name) => [name, null])) }, { replace: false });
}

/** @param {"nb" | "en"} wanted */
export async function chooseLanguage(wanted) {
  remember("language", wanted);
  if (asked().has("lang")) adjust({ lang: wanted });
  await loadWords(wanted);
}

export function nextTheme() {
  const order = /** @type {const} */ (["auto", "dark", "light"]);
  const theme = order[(order.indexOf(session.get().theme) + 1) % order.length];
  remember("theme", theme);
  if (asked().has("theme")) adjust({ theme });
  session.set({ theme });
}

/** @param {"nb" | "en"} wanted */
async function loadWords(wanted) {
  // English needs no table: boards are written in it.
  const boards = wanted === "en" ? {} : await getJson(`/control-room/translations/${wanted}`).catch(() => ({}));
  session.set({ words: wordsOf(wanted, boards) });
}

/** From now to why: the order in which one asks. Boards of one's own come behind. */
const ORDER = ["city-now", "air", "traffic", "energy-noise", "fleet", "platform"];

/** @param {{uid: string}[]} boards */
function inOrder(boards) {
  const rank = ({ uid }) => (ORDER.includes(uid) ? ORDER.indexOf(uid) : ORDER.length);
  return [...boards].sort((one, other) => rank(one) - rank(other));
}

/** What every page needs, asked for at once. */
export async function begin() {
  const quietly = (promise, otherwise) => promise.catch(() => otherwise);
  loadWords(session.get().words.language);
  const boards = quietly(getJson("/control-room/boards"), []).then((found) => session.set({ boards: inOrder(found) }));
  const settings = quietly(getJson("/control-room/settings"), { tiles: null }).then((found) => {
    learnNow(found.now);
    session.set({ settings: found });
  });
  await Promise.all([settings, loadCities()]);
  await boards;
}

/** @param {any} newest an answer's newest observation of the city */
export function sawNewest(newest) {
  const at = asInstant(newest);
  if (at !== null) session.set({ newest: at });
}

export async function loadCities() {
  try {
    const cities = await getJson("/control-room/cities");
    session.set({ cities, citiesFailure: null });
    sawNewest(cityIn(session.get())?.newest);
  } catch (failure) {
    session.set({ citiesFailure: failure });
  }
}

export const useWords = () => useStore(session, (state) => state.words);
export const useCity = () => useStore(session, cityIn);
export const useTheme = () => useStore(session, themeIn);

/** Everything a formatter needs to know of the reader. */
export function useReader() {
  const words = useWords();
  const city = useCity();
  return { language: words.language, zone: city?.time_zone ?? "UTC", translate: words.translate, words };
}
