// The frame around a panel: its title, its state, the table behind it, full screen. What is inside is by type.

import { html, useCallback, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { stateOf, usePanelData } from "./paneldata.js";
import { useReader, useTheme } from "./session.js";
import { hasValues } from "./frames.js";
import { spanOf } from "./format/times.js";
import { adjust } from "./navigation.js";
import { configOf, filledLink } from "./fieldconfig.js";
import { followable } from "./router.js";
import { Empty, Failed, OldChip, Skeleton } from "./states.js";
import { BarGauge, Gauge, Stat } from "./panels/single.js";
import { FramesTable, TablePanel } from "./panels/table.js";
import { GeomapPanel } from "./panels/geomap.js";
import { StateTimeline } from "./panels/statetimeline.js";
import { TextPanel } from "./panels/text.js";
import { TimeSeries } from "./panels/timeseries.js";
import { SiteList } from "./map/map.js";
import { colouredSites } from "./map/sites.js";

const TYPES = { stat: Stat, gauge: Gauge, bargauge: BarGauge, table: TablePanel, timeseries: TimeSeries, "state-timeline": StateTimeline, geomap: GeomapPanel };
/** Bodies that may scroll, and so must be reached by keyboard; tables and timelines scroll inside. */
const SCROLLS = new Set(["bargauge"]);
/** Panels that have another form of themselves as a table. */
const DRAWN = new Set(["timeseries", "state-timeline", "geomap", "bargauge", "gauge"]);

/** @param {{panel: any, context: import("./paneldata.js").Context, style?: any, heading?: string}} props */
export function Panel(props) {
  return props.panel.type === "text" ? html`<${Note} ...${props} />` : html`<${DataPanel} ...${props} />`;
}

function Note({ panel, style, heading = "h3" }) {
  const reader = useReader();
  const title = reader.translate(panel.title);
  return html`<section class="panel text-panel" style=${style} aria-label=${title || undefined}>
    ${title && html`<header><${heading}>${title}<//></header>`}<div class="panel-body"><${TextPanel} panel=${panel} reader=${reader} /></div></section>`;
}

function DataPanel({ panel, context, style, heading = "h3" }) {
  const element = useRef(null);
  const reader = useReader();
  const theme = useTheme();
  const [asTable, setAsTable] = useState(false);
  const state = usePanelData(context, panel.id, element, { least: spanOf(panel.interval) ?? undefined });
  const { data, failure, loadedAt } = state;
  const title = reader.translate(panel.title);
  const notes = data ? [...(data.truncated ? [reader.words.t("truncated", { rows: Math.max(...data.frames.map((frame) => frame.rows)) })] : []), ...data.notices] : [];
  return html`<section class=${`panel type-${panel.type}`} ref=${element} style=${style} aria-label=${title} data-panel=${panel.id} data-state=${stateOf(state, { empty: isEmpty(panel, data) })}>
    <header>
      <${heading}>${title}<//>
      ${panel.description && html`<${About} text=${reader.translate(panel.description)} words=${reader.words} />`}
      ${data && failure && html`<${OldChip} since=${loadedAt} failure=${failure} />`}
      ${notes.length > 0 && html`<span class="old-chip" title=${notes.join("\n")}>▲ ${notes[0]}</span>`}
      <span class="spacer" />
      <${PanelLinks} panel=${panel} context=${context} reader=${reader} />
      ${DRAWN.has(panel.type) && html`<button type="button" class="icon" data-action="table" aria-pressed=${asTable} title=${reader.words.t(asTable ? "asChart" : "asTable")}
        aria-label=${`${title}: ${reader.words.t(asTable ? "asChart" : "asTable")}`} onClick=${() => setAsTable(!asTable)}><${Icon} name=${asTable ? "chart" : "table"} /></button>`}
      <button type="button" class="icon" data-action="full" title=${reader.words.t("fullScreen")} aria-label=${`${title}: ${reader.words.t("fullScreen")}`} onClick=${() => fullScreen(element.current)}><${Icon} name="full" /></button>
    </header>
    <div class=${`panel-body${data && failure ? " old" : ""}`} ...${SCROLLS.has(panel.type) ? { tabIndex: 0, role: "group", "aria-label": title } : {}}>
      <${Body} panel=${panel} context=${context} state=${state} asTable=${asTable} reader=${reader} theme=${theme} />
    </div>
  </section>`;
}

/** Whether there is nothing to draw: stats say so themselves when they have fields. @param {any} panel @param {any} data */
function isEmpty(panel, data) {
  if (!data || panel.type === "geomap") return false;
  if (panel.type === "timeseries") return data.frames.every((frame) => frame.fields.every((field) => field.type !== "number" || isLimit(panel, field, frame.refId) || field.values.every((value) => value === null)));
  return panel.type === "stat" ? data.frames.every((frame) => frame.fields.length === 0) : !hasValues(data.frames);
}

/** A dashed line that never changes is a limit, and no data. */
function isLimit(panel, field, refId) {
  return configOf(panel, field, refId).custom?.lineStyle?.fill === "dash" && new Set(field.values).size === 1;
}

function Body({ panel, context, state, asTable, reader, theme }) {
  const { data, failure, retry } = state;
  const zoom = useCallback((from, to) => adjust({ from: String(from), to: String(to) }, { replace: false }), []);
  if (!data && failure) return html`<${Failed} failure=${failure} retry=${retry} />`;
  if (!data) return html`<${Skeleton} />`;
  const Type = TYPES[panel.type];
  if (!Type) return html`<${Empty} text=${reader.words.t("notKnown", { type: panel.type })} />`;
  if (isEmpty(panel, data) && !hasValues(data.frames)) {
    const noValue = panel.fieldConfig?.defaults?.noValue;
    return html`<${Empty} text=${noValue ? reader.translate(noValue) : reader.words.t("noDataRange")} />`;
  }
  const linking = { range: context.range, variables: context.variables };
  if (asTable && panel.type === "geomap") return html`<${SiteList} sites=${colouredSites(panel, data.frames[0], reader, theme)} reader=${reader} label=${reader.translate(panel.title)} />`;
  if (asTable) return html`<${FramesTable} panel=${panel} data=${data} reader=${reader} />`;
  return html`<${Type} panel=${panel} data=${data} reader=${reader} theme=${theme} context=${linking} zoom=${zoom} />`;
}

function PanelLinks({ panel, context, reader }) {
  return (panel.links ?? []).map((link) => {
    const target = followable(filledLink(link.url ?? "", { range: context.range, variables: context.variables }));
    return target && html`<a class="panel-link" href=${target} key=${link.title}>${reader.translate(link.title)}</a>`;
  });
}

/** @param {{text: string, words: any}} props */
export function About({ text, words }) {
  return html`<details class="about" onKeyDown=${(event) => event.key === "Escape" && (event.currentTarget.open = false)} onFocusOut=${(event) => event.currentTarget.contains(event.relatedTarget) || (event.currentTarget.open = false)}>
    <summary aria-label=${words.t("about")} title=${words.t("about")}>i</summary><p>${text}</p>
  </details>`;
}

/** @param {HTMLElement | null} element */
export function fullScreen(element) {
  if (document.fullscreenElement) document.exitFullscreen();
  else element?.requestFullscreen?.().catch(() => {});
}
