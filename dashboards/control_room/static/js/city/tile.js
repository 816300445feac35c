// A tile of "City now": one domain's answer to "is it fine now", and what it is heading for.

import { html, useMemo, useRef } from "../html.js";
import { stateOf, usePanelData } from "../paneldata.js";
import { filledLink } from "../fieldconfig.js";
import { now } from "../clock.js";
import { useReader, useTheme } from "../session.js";
import { textOn } from "../format/colours.js";
import { compactAge, formatSince, spokenAge } from "../format/times.js";
import { followable } from "../router.js";
import { Empty, Failed, OldChip, Skeleton, useTick } from "../states.js";
import { tileOf } from "./answer.js";
import { Sparkline } from "../panels/sparkline.js";

/** Older than this is said to be old: hourly values come an hour late, and twice that is a value missed. */
const OLD_MS = 2.5 * 3600000;

/** @param {{panel: any, context: any}} props */
export function Tile({ panel, context }) {
  const element = useRef(null);
  const reader = useReader();
  const theme = useTheme();
  useTick(10000);
  const state = usePanelData(context, panel.id, element);
  const { data, failure, loadedAt, retry } = state;
  const tile = useMemo(() => (data ? tileOf(panel, data, reader, theme) : null), [panel, data, reader.words, theme]);
  const title = reader.translate(panel.title);
  const old = !tile || tile.nothing ? null : failure ? loadedAt : tile.newest !== null && now() - tile.newest > OLD_MS ? tile.newest : null;
  return html`<section class="tile" ref=${element} aria-label=${title} data-panel=${panel.id} data-state=${stateOf(state, { empty: tile?.nothing, old: old !== null })}>
    ${!tile && html`<h2>${title}</h2>${failure ? html`<${Failed} failure=${failure} retry=${retry} small=${true} />` : html`<${Skeleton} rows=${3} />`}`}
    ${tile && html`<${Said} tile=${tile} title=${title} old=${old} failure=${failure} board=${boardLink(panel, tile.row, context)} data=${data} reader=${reader} />`}
  </section>`;
}

function Said({ tile, title, old, failure, board, data, reader }) {
  const { words } = reader;
  const heading = html`<h2>${board ? html`<a href=${board} title=${words.t("openBoard")}>${title}</a>` : title}</h2>`;
  if (tile.nothing) {
    const since = tile.newest !== null ? formatSince(tile.newest, now(), reader) : null;
    return html`<div class="tile-head">${heading}</div>
      <${Empty} text=${tile.measuring ? words.t("tooLittle") : since ? words.t("noDataSince", { time: since }) : words.t("noData")} />
      <${Coverage} tile=${tile} reader=${reader} />`;
  }
  return html`<div class=${`tile-in${old !== null ? " old" : ""}`}>
    <div class="tile-head">${heading}
      ${tile.word && html`<span class="chip" style=${{ background: tile.colour, color: textOn(tile.colour) }}>${tile.word}</span>`}
      ${tile.partial && html`<span class="tag" title=${words.t("partialHint")}>${words.t("partial")}</span>`}
      ${old !== null && html`<${OldChip} since=${old} failure=${failure} />`}</div>
    <div class="tile-main">
      <a class="tile-value" href=${tile.evidence ?? board} title=${words.t("whyThis")}>${tile.big.text}${tile.big.unit && html`<small> ${tile.big.unit}</small>`}</a>
      <${Sparkline} times=${tile.trend.times} values=${tile.trend.values} from=${data.to - 86400000} to=${data.to} target=${tile.trendTarget} />
    </div>
    <p class="tile-what" title=${tile.what}>${tile.what}</p>
    ${tile.notes.length > 0 && html`<dl class="tile-notes">${tile.notes.map((note) => html`<div key=${note.name}><dt>${note.name}</dt><dd class=${note.level || undefined}>${note.level && html`<span aria-hidden="true">▲ </span>`}${note.value}${note.word && ` · ${note.word}`}${note.share !== undefined && html`<${Used} share=${note.share} level=${note.level} />`}</dd></div>`)}</dl>`}
    <${Coverage} tile=${tile} reader=${reader} />
  </div>`;
}

/** How much of what the law allows is used: a bar beside the words. */
function Used({ share, level }) {
  return html`<span class=${`used ${level}`} aria-hidden="true"><i style=${{ width: `${Math.min(share, 1) * 100}%` }} /></span>`;
}

function Coverage({ tile, reader }) {
  const { words } = reader;
  const { row } = tile;
  const age = tile.newest === null ? null : now() - tile.newest;
  const counted = typeof row.sites_all === "number";
  const label = counted ? words.t("sitesLabel", { ok: row.sites_ok, all: row.sites_all, age: age === null ? "–" : spokenAge(age, reader.language) }) : "";
  const short = counted && row.sites_ok < row.sites_all;
  return html`<p class="tile-foot" title=${label}>
    ${counted && row.sites_all === 0 && html`<span>${words.t("noSites")}</span>`}
    ${counted && row.sites_all > 0 && html`<span class=${short ? "short" : ""}>${short ? "▲ " : ""}${words.t("sites", { ok: row.sites_ok, all: row.sites_all })}</span>`}
    ${age !== null && html`<span aria-label=${label}>${compactAge(age, reader.language)}</span>`}
    ${tile.since && html`<span>${tile.since}</span>`}
  </p>`;
}

function boardLink(panel, row, context) {
  const url = panel.fieldConfig?.defaults?.links?.[0]?.url ?? panel.links?.[0]?.url;
  return url ? followable(filledLink(url.split("?")[0], { row, range: context.range })) : null;
}
