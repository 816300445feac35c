// Why what is shown is not refreshed, when the server or its database is away: said once, not by every panel.

import { html } from "./html.js";
import { createStore, useStore } from "./store.js";
import { now } from "./clock.js";
import { useReader } from "./session.js";
import { formatSince } from "./format/times.js";
import { said } from "./states.js";

const trouble = createStore({ failure: /** @type {any} */ (null), since: /** @type {number | null} */ (null) });

/** @param {any} failure of a refresh @param {number | null} since when the last answer came */
export function failed(failure, since) {
  const away = [0, 502, 503, 504].includes(failure?.problem?.status);
  if (away && since !== null && trouble.get().failure === null) trouble.set({ failure, since });
}

export function answered() {
  trouble.set({ failure: null, since: null });
}

/** What is the matter, and what to do. */
export function TroubleBanner() {
  const reader = useReader();
  const { failure, since } = useStore(trouble, (state) => state);
  if (!failure) return null;
  const { words } = reader;
  const { title, detail, hint } = said(failure, words);
  return html`<aside class="banner trouble" role="status"><strong>⚠ ${words.t("serverAway", { time: formatSince(since, now(), reader) })}</strong> ${detail || title} ${hint || words.t("askedAgain")}</aside>`;
}
