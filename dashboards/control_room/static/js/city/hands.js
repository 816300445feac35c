// "Needs a hand": what somebody should look at, in sentences, each leading to where it is mended.

import { html, useRef } from "../html.js";
import { stateOf, usePanelData } from "../paneldata.js";
import { useSiteNames } from "../areas.js";
import { rowsOf } from "../frames.js";
import { useReader } from "../session.js";
import { asInstant, formatSince } from "../format/times.js";
import { now } from "../clock.js";
import { isSafe } from "../router.js";
import { sentenceOf } from "./sentences.js";
import { Failed, OldChip, Skeleton } from "../states.js";

/** Shape and colour say how urgent it is; so does the word for those who do not see them. */
const SEVERITIES = { 3: ["●", "severityAlarm"], 2: ["▲", "severityWarning"], 1: ["■", "severityInfo"] };

/** @param {{panel: any, context: any}} props */
export function Hands({ panel, context }) {
  const element = useRef(null);
  const reader = useReader();
  const { words } = reader;
  const state = usePanelData(context, panel.id, element);
  const { data, failure, loadedAt, retry } = state;
  const names = useSiteNames();
  const rows = data ? rowsOf(data.frames[0]) : [];
  return html`<section class="panel hands" ref=${element} aria-label=${words.t("needsHand")} data-panel=${panel.id} data-state=${stateOf(state, { empty: rows.length === 0 })}>
    <header><h2>${words.t("needsHand")}</h2>${data && html`<span class="count">${rows.length}</span>`}${data && failure && html`<${OldChip} since=${loadedAt} failure=${failure} />`}</header>
    <div class=${`panel-body${data && failure ? " old" : ""}`} tabindex="0" role="group" aria-label=${words.t("needsHand")}>
      ${!data && (failure ? html`<${Failed} failure=${failure} retry=${retry} />` : html`<${Skeleton} rows=${4} />`)}
      ${data && rows.length === 0 && html`<p class="all-well">${failure ? words.t("nothingNeeded", { time: formatSince(loadedAt, now(), reader) }) : html`<span aria-hidden="true">✓</span> ${words.t("nothingNeeds")}`}</p>`}
      ${rows.length > 0 && html`<ul>${rows.map((row, at) => html`<${Line} key=${`${row.link} ${row.device} ${row.what} ${at}`} row=${row} names=${names} reader=${reader} />`)}</ul>`}
    </div>
  </section>`;
}

function Line({ row, names, reader }) {
  const { words } = reader;
  const [mark, word] = SEVERITIES[row.severity] ?? SEVERITIES[1];
  const since = asInstant(row.since);
  const inside = html`<span class=${`severity s${row.severity}`} aria-hidden="true">${mark}</span><span class="hidden">${words.t(word)}: </span>
    <span class="hand-text">${sentenceOf(row, reader, names)}</span>${since !== null && html`<time>${formatSince(since, now(), reader)}</time>`}`;
  return html`<li>${row.link && isSafe(row.link) ? html`<a href=${row.link}>${inside}</a>` : html`<span class="unlinked">${inside}</span>`}</li>`;
}
