// Panels of single values: stat, gauge and bar gauge.

import { html } from "../html.js";
import { alignedSeries, rowsOf, singleValues } from "../frames.js";
import { configOf, filledLink, labelOf, shown } from "../fieldconfig.js";
import { cssColour, textOn } from "../format/colours.js";
import { wordKeyOf } from "../format/thresholds.js";
import { followable } from "../router.js";
import { Sparkline } from "./sparkline.js";

/**
 * What a panel shows, ready to draw.
 * @param {any} panel @param {any} data @param {any} reader @param {"dark" | "light"} theme @param {any} [context]
 */
export function itemsOf(panel, data, reader, theme, context = {}) {
  return singleValues(data.frames, panel.options?.reduceOptions).map(({ field, value, name, row, frame }) => {
    const config = configOf(panel, field, frame.refId);
    const said = shown(value, config, reader, field.type);
    const colour = cssColour(said.colour ?? undefined, theme);
    const link = linkOf(config, { value, text: said.text, name: field.name, row: rowsOf(frame)[row ?? 0], ...context });
    return { ...said, label: row === null ? labelOf(config, name, reader) : reader.translate(name), colour, value, config, link, word: colourWord(said.colour, config, reader) };
  });
}

/** @param {any} config @param {any} data @returns {string | null} */
export function linkOf(config, data) {
  const link = config.links?.[0];
  if (!link?.url) return null;
  return followable(filledLink(link.url, data));
}

/** A colour always comes with its word. */
function colourWord(colour, config, reader) {
  const key = wordKeyOf(colour, config);
  return key ? reader.words.t(key) : "";
}

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", context: any}} props */
export function Stat({ panel, data, reader, theme, context }) {
  const items = itemsOf(panel, data, reader, theme, context);
  const options = panel.options ?? {};
  const series = options.graphMode === "area" && !options.reduceOptions?.values ? alignedSeries(data.frames) : null;
  const named = items.length > 1 || options.textMode === "value_and_name" || options.textMode === "name";
  return html`<div class=${`stats ${items.length > 6 ? "many" : ""}`}>
    ${items.map((item, index) => {
      const filled = options.colorMode === "background" || options.colorMode === "background_solid";
      const mark = !filled && item.colour && !item.nothing && options.colorMode !== "none";
      const body = html`
        ${named && html`<span class="stat-name">${item.label}</span>`}
        <span class="stat-value">${mark && html`<i class="dot" style=${{ background: item.colour }} />`}${item.text}${item.unit && html`<small> ${item.unit}</small>`}</span>
        ${(mark || filled) && item.word && !item.mapped && html`<span class=${filled ? "chip" : "stat-word"} style=${filled ? { background: item.colour, color: textOn(item.colour) } : {}}>${item.word}</span>`}
        ${series?.series[index] && html`<${Sparkline} times=${series.times} values=${series.series[index].values} from=${data.from} to=${data.to} />`}`;
      // A whole field of colour shouts: its edge, a tint and the word say the same.
      const tinted = filled && item.colour && !item.nothing;
      const style = tinted ? { "--mark": item.colour } : {};
      const look = `stat${tinted ? " tinted" : ""}${item.nothing ? " nothing" : ""}`;
      return item.link && !item.nothing
        ? html`<a class=${look} key=${item.label} style=${style} href=${item.link}>${body}</a>`
        : html`<div class=${look} key=${item.label} style=${style}>${body}</div>`;
    })}
  </div>`;
}

/** Part of a range that a value takes, 0 … 1. @param {any} item @param {any[]} items */
function share(item, items) {
  if (item.nothing || typeof item.value !== "number") return 0;
  const values = items.map((one) => one.value).filter((value) => typeof value === "number");
  const low = item.config.min ?? Math.min(0, ...values);
  const high = item.config.max ?? Math.max(...values, low + 1e-9);
  return Math.max(0, Math.min(1, (item.value - low) / (high - low || 1)));
}

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", context: any}} props */
export function BarGauge({ panel, data, reader, theme, context }) {
  const items = itemsOf(panel, data, reader, theme, context);
  if (panel.options?.orientation === "vertical") {
    return html`<ul class="columns">${items.map((item) => html`<li key=${item.label} title=${`${item.label}: ${item.full}`}>
      <span class="column-track" aria-hidden="true"><span class="column-fill" style=${{ height: item.nothing ? 0 : `${Math.max(0.01, share(item, items)) * 100}%`, background: item.colour ?? "var(--accent)" }} /></span>
      <span class="column-name">${item.label}</span><span class="hidden">: ${item.full}</span>
    </li>`)}</ul>`;
  }
  return html`<ul class="bars">
    ${items.map((item) => html`<li key=${item.label}>
      ${item.link ? html`<a class="bar-name" href=${item.link}>${item.label}</a>` : html`<span class="bar-name">${item.label}</span>`}
      <span class="bar-track" aria-hidden="true"><span class="bar-fill" style=${{ width: item.nothing ? 0 : `${Math.max(0.04, share(item, items)) * 100}%`, background: item.colour ?? "var(--accent)" }} /></span>
      <span class=${`bar-value${item.nothing ? " nothing" : ""}`}>${item.full}${item.word && !item.mapped && html` <small>${item.word}</small>`}</span>
    </li>`)}
  </ul>`;
}

/** @param {number} part 0 … 1 @param {number} radius */
function arc(part, radius) {
  const angle = Math.PI * (1 - part);
  return `M ${60 - radius} 60 A ${radius} ${radius} 0 0 1 ${60 + radius * Math.cos(angle)} ${60 - radius * Math.sin(angle)}`;
}

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", context: any}} props */
export function Gauge({ panel, data, reader, theme, context }) {
  const items = itemsOf(panel, data, reader, theme, context);
  return html`<div class="gauges">
    ${items.map((item) => html`<div class="gauge" key=${item.label}>
      <svg viewBox="0 0 120 66" aria-hidden="true">
        <path d=${arc(1, 50)} class="gauge-track" />
        ${!item.nothing && html`<path d=${arc(share(item, items), 50)} class="gauge-fill" stroke=${item.colour ?? "var(--accent)"} />`}
        <text x="60" y="56" text-anchor="middle" class="gauge-text">${item.full}</text>
      </svg>
      <span class="stat-name">${item.label}${item.word && ` · ${item.word}`}</span>
      <span class="hidden">${item.full}</span>
    </div>`)}
  </div>`;
}
