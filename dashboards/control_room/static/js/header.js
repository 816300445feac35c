// The header of every page: city, boards, clock, is it live, language, theme, help; and the banner of simulated data.

import { html, useRef } from "./html.js";
import { Icon } from "./icons.js";
import { clockIsSet, now } from "./clock.js";
import { chooseCity, chooseLanguage, nextTheme, session, useCity, useReader } from "./session.js";
import { useStore } from "./store.js";
import { liveness } from "./live.js";
import { place } from "./navigation.js";
import { carried } from "./router.js";
import { formatSince, formatTime } from "./format/times.js";
import { formatDuration } from "./format/units.js";
import { useTick } from "./states.js";
import { TimePicker } from "./timepicker.js";

/** "live" is what is measured, not the connection alone; hourly values come an hour apart and some minutes late. */
const QUIET_MS = 90 * 60000;

/** @param {{openHelp: () => void}} props */
export function Header({ openHelp }) {
  const reader = useReader();
  const { words } = reader;
  const city = useCity();
  const { cities, kiosk } = useStore(session, (state) => state);
  const route = useStore(place, (state) => state.route);
  return html`<header class="top">
    <a class="brand" href=${carried("/", route.query)} title=${words.t("home")} aria-label=${words.t("home")}><svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true"><path d="M2 18h7l4-11 6 19 4-12 2 4h5" fill="none" stroke="currentColor" stroke-width="3" stroke-linejoin="round" stroke-linecap="round" /></svg></a>
    ${city && html`<span class="chooser"><label class="hidden" for="city">${words.t("city")}</label>
      <select id="city" value=${city.slug} onChange=${(event) => chooseCity(event.currentTarget.value)}>
        ${(cities ?? []).map((one) => html`<option key=${one.slug} value=${one.slug} selected=${one.slug === city.slug}>${words.named(one.name)}${one.simulated ? ` (${words.t("simulated")})` : ""}</option>`)}
      </select></span>`}
    ${!kiosk && html`<${Boards} route=${route} words=${words} translate=${reader.translate} />`}
    <span class="spacer" />
    ${!kiosk && (route.page === "board" || route.page === "site") && html`<${TimePicker} />`}
    <${Clock} reader=${reader} city=${city} seconds=${kiosk} />
    <${Live} reader=${reader} />
    ${!kiosk && html`<span class="languages" role="group" aria-label=${words.t("language")}>${["nb", "en"].map((one) => html`<button type="button" key=${one} lang=${one}
      aria-pressed=${words.language === one} onClick=${() => chooseLanguage(one)}>${one}</button>`)}</span>
    <${ThemeButton} words=${words} />
    <button type="button" class="icon" aria-label=${words.t("help")} title=${`${words.t("help")} (?)`} onClick=${openHelp}>?</button>`}
  </header>`;
}

function Boards({ route, words, translate }) {
  const boards = useStore(session, (state) => state.boards);
  return html`<nav class="boards" aria-label=${words.t("boards")}>${boards.map(({ uid, title }) => {
    const current = uid === "city-now" ? route.page === "city" : route.id === uid;
    return html`<a key=${uid} href=${carried(uid === "city-now" ? "/" : `/board/${uid}`, route.query)} aria-current=${current ? "page" : undefined}>${translate(title)}</a>`;
  })}</nav>${boards.length > 0 && html`<${More} route=${route} words=${words} />`}`;
}

const MORE = [["goals", "goals"], ["reporting", "reporting"], ["register", "sensorRegister"], ["check", "checkShort"]];

/** What is looked at now and then; a list of its own, so that the boards fit. */
function More({ route, words }) {
  const box = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const close = () => {
    if (box.current) box.current.open = false;
  };
  const leave = () => {
    close();
    box.current?.querySelector("summary")?.focus();
  };
  const current = MORE.find(([page]) => page === route.page);
  return html`<details class="more-pages" ref=${box} onKeyDown=${(event) => event.key === "Escape" && leave()}
      onFocusOut=${(event) => event.relatedTarget && !event.currentTarget.contains(event.relatedTarget) && close()}>
    <summary>${current ? words.t(current[1]) : words.t("morePages")} <span aria-hidden="true">▾</span></summary>
    <nav class="popover" aria-label=${words.t("morePages")}>${MORE.map(([page, name]) => html`<a key=${page} href=${carried(`/${page}`, route.query)} aria-current=${route.page === page ? "page" : undefined} onClick=${close}>${words.t(name)}</a>`)}</nav>
  </details>`;
}

function Clock({ reader, city, seconds }) {
  useTick(1000);
  if (!clockIsSet()) return null; // the reader's own clock and zone would be a guess
  const at = now();
  const name = city ? reader.words.named(city.name) : "UTC";
  return html`<time class="clock" dateTime=${new Date(at).toISOString()} title=${`${reader.words.t("clock", { city: name })}, ${formatTime(at, "date", reader)}`}>${formatTime(at, seconds ? "seconds" : "clock", reader)}</time>`;
}

function Live({ reader }) {
  const { state, since } = useStore(liveness, (value) => value);
  const { words } = reader;
  useTick(30000);
  const newest = useStore(session, (value) => value.newest);
  const age = state === "live" && newest !== null ? now() - newest : 0;
  if (age > QUIET_MS) {
    return html`<span class="live quiet" role="status" title=${words.t("quietHint")}><span class="live-mark" aria-hidden="true">●</span> ${words.t("quiet", { age: formatDuration(Math.floor(age / 60000) * 60, reader.language) })}</span>`;
  }
  const text = { live: words.t("live"), connecting: words.t("connecting"), lost: words.t("notLive", { time: formatSince(since, now(), reader) }) }[state];
  return html`<span class=${`live ${state}`} role="status" title=${words.t(state === "lost" ? "notLiveHint" : "liveHint", { seconds: 30 })}>
    <span class="live-mark" aria-hidden="true">${{ live: "●", connecting: "◌", lost: "○" }[state]}</span> ${text}</span>`;
}

function ThemeButton({ words }) {
  const theme = useStore(session, (state) => state.theme);
  const name = words.t({ auto: "themeAuto", dark: "themeDark", light: "themeLight" }[theme]);
  return html`<button type="button" class="icon" aria-label=${`${words.t("theme")}: ${name}`} title=${`${words.t("theme")}: ${name}`} onClick=${nextTheme}><${Icon} name=${theme} /></button>`;
}

/** Said on every page of a city whose data are made up. */
export function SimulatedBanner() {
  const { words } = useReader();
  const city = useCity();
  if (!city?.simulated) return null;
  return html`<aside class="banner" aria-label=${words.t("simulated")}><strong>${words.t("simulated")}</strong> ${words.t("simulatedBanner", { city: words.named(city.name) })}</aside>`;
}
