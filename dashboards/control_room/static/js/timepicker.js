// Chooses the time range of a board or a site: presets, or from and to on the city's clock.

import { html, useRef, useState } from "./html.js";
import { now } from "./clock.js";
import { adjust, place } from "./navigation.js";
import { useStore } from "./store.js";
import { rangeOf } from "./router.js";
import { session, useReader } from "./session.js";
import { approximateInstant, formatSince, fromLocalInput, localInput, spanOf } from "./format/times.js";

const PRESETS = ["now-1h", "now-6h", "now-24h", "now-48h", "now-7d", "now-30d", "now-90d", "now-1y"];
const CALENDAR = [["today", "now/d", "now"], ["thisMonth", "now/M", "now"], ["thisYear", "now/y", "now"]];
export const DEFAULT_RANGE = { from: "now-24h", to: "now" };

/** What a range is called. @param {{from: string, to: string}} range @param {any} reader */
export function rangeName(range, reader) {
  const { words } = reader;
  const span = range.to === "now" ? /^now-(\d+)([hdy])$/.exec(range.from) : null;
  if (span) {
    const count = Number(span[1]);
    const unit = span[2] === "h" ? (count === 1 ? words.t("hour") : words.t("hours", { count })) : span[2] === "d" ? words.t("days", { count }) : words.t("year");
    return words.t("lastRange", { span: unit });
  }
  const calendar = CALENDAR.find(([, from, to]) => from === range.from && to === range.to);
  if (calendar) return words.t(calendar[0]);
  const at = (bound) => formatSince(approximateInstant(bound, now()), now(), reader);
  return words.t("custom", { from: at(range.from), to: at(range.to) });
}

export function TimePicker() {
  const reader = useReader();
  const { words, zone } = reader;
  const query = useStore(place, (state) => state.route.query);
  const page = useStore(place, (state) => state.route.page);
  const boardRange = useStore(session, (state) => state.boardRange);
  const range = rangeOf(query, (page === "board" && boardRange) || DEFAULT_RANGE);
  const box = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const [wrong, setWrong] = useState(false);
  const close = () => {
    if (box.current) box.current.open = false;
    box.current?.querySelector("summary")?.focus();
  };
  const choose = (from, to) => {
    adjust({ from, to }, { replace: false });
    close();
  };
  const apply = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const from = fromLocalInput(String(form.get("from")), zone);
    const to = fromLocalInput(String(form.get("to")), zone);
    const valid = from !== null && to !== null && from < to;
    setWrong(!valid);
    if (valid) choose(String(from), String(to));
  };
  const span = approximateInstant(range.to, now()) - approximateInstant(range.from, now());
  const wider = () => {
    const relative = range.to === "now" ? spanOf(range.from.replace("now-", "")) : null;
    if (relative) choose(`now-${Math.round((relative * 2) / 3600000)}h`, "now");
    else choose(String(approximateInstant(range.from, now()) - span / 2), String(Math.min(now(), approximateInstant(range.to, now()) + span / 2)));
  };
  return html`<details class="timepicker" ref=${box} onKeyDown=${(event) => event.key === "Escape" && close()}
      onFocusOut=${(event) => event.relatedTarget && !event.currentTarget.contains(event.relatedTarget) && (event.currentTarget.open = false)}>
    <summary aria-label=${`${words.t("timeRange")}: ${rangeName(range, reader)}`}>${rangeName(range, reader)} <span aria-hidden="true">▾</span></summary>
    <div class="popover">
      <div class="presets">
        ${PRESETS.map((from) => html`<button type="button" key=${from} aria-pressed=${range.from === from && range.to === "now"} onClick=${() => choose(from, "now")}>${rangeName({ from, to: "now" }, reader)}</button>`)}
        ${CALENDAR.map(([key, from, to]) => html`<button type="button" key=${key} aria-pressed=${range.from === from && range.to === to} onClick=${() => choose(from, to)}>${words.t(key)}</button>`)}
        <button type="button" onClick=${wider}>${words.t("zoomOut")}</button>
      </div>
      <form onSubmit=${apply}>
        <label>${words.t("from")}<input type="datetime-local" name="from" required value=${localInput(approximateInstant(range.from, now()), zone)} /></label>
        <label>${words.t("to")}<input type="datetime-local" name="to" required value=${localInput(approximateInstant(range.to, now()), zone)} /></label>
        ${wrong && html`<p class="wrong" role="alert">${words.t("wrongRange")}</p>`}
        <p class="muted">${words.t("zoneNote", { zone })}</p>
        <button type="submit" class="plain">${words.t("apply")}</button>
      </form>
    </div>
  </details>`;
}
