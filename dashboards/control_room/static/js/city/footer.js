// The last line of "City now": does the data flow. The age ticks between answers.

import { html, useEffect, useRef } from "../html.js";
import { stateOf, usePanelData } from "../paneldata.js";
import { rowsOf } from "../frames.js";
import { sawNewest, useReader } from "../session.js";
import { configOf } from "../fieldconfig.js";
import { stepOf, classOfColour } from "../format/thresholds.js";
import { formatNumber } from "../format/numbers.js";
import { formatDuration } from "../format/units.js";
import { asInstant } from "../format/times.js";
import { now } from "../clock.js";
import { useTick } from "../states.js";

/** @param {{panels: any[], context: any}} props */
export function Flow({ panels, context }) {
  const { words } = useReader();
  return html`<footer class="flow" aria-label=${words.t("pipeline")}>
    <${Part} panel=${panels[0]} context=${context} say=${newestText} ticking=${true} />
    <${Part} panel=${panels[1]} context=${context} say=${(value, reader) => reader.words.t("perMinute", { count: formatNumber(value, { language: reader.language, decimals: 0 }) })} />
    <${Part} panel=${panels[2]} context=${context} href="/quarantine" say=${(value, reader) => reader.words.t("refused", { count: formatNumber(value, { language: reader.language, decimals: 0 }) })} />
    <${Part} panel=${panels[3]} context=${context} href="/board/platform" say=${(value, reader) => reader.words.t("behind", { age: waitOf(value, reader) })} />
  </footer>`;
}

function Part({ panel, context, say, href, ticking = false }) {
  const element = useRef(null);
  const reader = useReader();
  useTick(ticking ? 1000 : 3600000);
  const state = usePanelData(context, panel.id, element);
  const { data, failure } = state;
  const row = data ? rowsOf(data.frames[0])[0] : null;
  const value = valueOf(row, ticking);
  useEffect(() => {
    if (ticking) sawNewest(row?.newest);
  }, [ticking, row?.newest]);
  const config = configOf(panel, { name: "value", type: "number", values: [] });
  const level = classOfColour(stepOf(value, config.thresholds)?.color) ?? 0;
  const text = data ? (value === null ? (ticking ? reader.words.t("noObservation") : html`<span title=${reader.words.t("noData")}>–</span>`) : say(value, reader)) : html`<${Waiting} mark=${failure ? "⚠" : "…"} text=${`${reader.translate(panel.title)}: ${reader.words.t(failure ? "failed" : "loading").toLowerCase()}`} />`;
  const worrying = value !== null && level >= 3;
  const inside = html`${worrying && html`<span aria-hidden="true">▲ </span>`}${text}`;
  const look = `${worrying ? "worry" : ""}${failure ? " old" : ""}`;
  return html`<span ref=${element} class="flow-part" data-panel=${panel.id} data-state=${stateOf(state, { empty: value === null })} title=${reader.translate(panel.title)}>${href ? html`<a class=${look} href=${href}>${inside}</a>` : html`<span class=${look}>${inside}</span>`}</span>`;
}

function Waiting({ mark, text }) {
  return html`<span aria-hidden="true">${mark}</span><span class="hidden">${text}</span>`;
}

function valueOf(row, ticking) {
  if (!row) return null;
  const newest = ticking ? asInstant(row.newest) : null;
  if (newest !== null) return Math.max(0, Math.floor((now() - newest) / 1000));
  return typeof row.value === "number" ? row.value : null;
}

/** Seconds with one decimal while they are few: this one is watched for small changes. */
function waitOf(seconds, { language }) {
  return seconds < 10 ? `${formatNumber(seconds, { language, decimals: 1 })} s` : formatDuration(seconds, language);
}

function newestText(seconds, reader) {
  return reader.words.t("newestObservation", { age: formatDuration(seconds, reader.language) });
}
