// Tables: the table panel, and the table that stands behind every chart.

import { html, useMemo, useState } from "../html.js";
import { rowsOf, seriesName, alignedSeries } from "../frames.js";
import { configOf, labelOf, shown } from "../fieldconfig.js";
import { cssColour, textOn } from "../format/colours.js";
import { formatTime } from "../format/times.js";
import { linkOf } from "./single.js";

const AT_ONCE = 100;

/** @typedef {{key: string, label: string, align?: "right" | "left", width?: number, sort?: (row: any) => any, cell: (row: any) => any}} Column */

/**
 * A table that can be sorted and grows when asked to.
 * @param {{columns: Column[], rows: any[], words: any, label: string, sortBy?: string, descending?: boolean, stacked?: boolean}} props
 * `stacked`: on a phone each row is a card with its columns' names, so that nothing is cut off at the side
 */
export function DataTable({ columns, rows, words, label, sortBy, descending = false, stacked = false }) {
  const [order, setOrder] = useState({ by: sortBy ?? "", down: descending });
  const [most, setMost] = useState(AT_ONCE);
  const sorted = useMemo(() => {
    const column = columns.find(({ key }) => key === order.by);
    if (!column?.sort) return rows;
    return [...rows].sort((a, b) => compared(column.sort(a), column.sort(b)) * (order.down ? -1 : 1));
  }, [rows, order, columns]);
  // What is laid out as cards is a table still for those who hear it.
  const role = (name) => (stacked ? name : undefined);
  return html`<div class=${stacked ? "table-scroll stacked" : "table-scroll"} role="group" tabindex="0" aria-label=${label}>
    <table role=${role("table")}>
      <thead role=${role("rowgroup")}><tr role=${role("row")}>${columns.map((column) => html`<th scope="col" role=${role("columnheader")} key=${column.key} class=${column.align ?? "left"} style=${column.width ? { width: `${column.width}px` } : {}}
        aria-sort=${order.by === column.key ? (order.down ? "descending" : "ascending") : undefined}>
        ${column.sort
          ? html`<button type="button" title=${words.t("sortBy", { column: column.label })} onClick=${() => setOrder({ by: column.key, down: order.by === column.key && !order.down })}>
              ${column.label}<span aria-hidden="true">${order.by === column.key ? (order.down ? " ↓" : " ↑") : ""}</span></button>`
          : column.label}
      </th>`)}</tr></thead>
      <tbody role=${role("rowgroup")}>${sorted.slice(0, most).map((row, at) => html`<tr key=${at} role=${role("row")}>${columns.map((column) => html`<td key=${column.key} role=${role("cell")} data-label=${stacked ? column.label : undefined} class=${column.align ?? "left"}>${column.cell(row)}</td>`)}</tr>`)}</tbody>
    </table>
    ${sorted.length > most && html`<button type="button" class="plain more" onClick=${() => setMost(most + 5 * AT_ONCE)}>${words.t("more")} (${sorted.length - most})</button>`}
  </div>`;
}

/** @param {any} a @param {any} b nothing comes last, numbers by size, texts as the language sorts */
function compared(a, b) {
  const nothing = (value) => value === null || value === undefined || value === "";
  if (nothing(a) || nothing(b)) return Number(nothing(a)) - Number(nothing(b));
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", context: any}} props */
export function TablePanel({ panel, data, reader, theme, context }) {
  const frame = data.frames[0];
  const rows = useMemo(() => rowsOf(frame), [frame]);
  const columns = useMemo(() => columnsOf(panel, frame, reader, theme, context), [panel, frame, reader.words, theme, context]);
  const first = panel.options?.sortBy?.[0];
  return html`<${DataTable} columns=${columns} rows=${rows} words=${reader.words} label=${reader.translate(panel.title)} sortBy=${first?.displayName} descending=${first?.desc} />`;
}

/** @returns {Column[]} */
function columnsOf(panel, frame, reader, theme, context) {
  return (frame?.fields ?? []).map((field) => ({ field, config: configOf(panel, field, frame.refId) }))
    .filter(({ config }) => !(config.custom?.hidden || config.custom?.hideFrom?.viz))
    .map(({ field, config }) => ({
      key: config.displayName ?? field.name,
      label: labelOf(config, field.name, reader),
      align: config.custom?.align && config.custom.align !== "auto" ? config.custom.align : field.type === "number" && !config.mappings?.length ? "right" : "left",
      width: config.custom?.width,
      sort: (row) => row[field.name],
      cell: (row) => cellOf(row[field.name], field, config, row, reader, theme, context),
    }));
}

function cellOf(value, field, config, row, reader, theme, context) {
  // A board's own word for nothing is the whole panel's ("nothing was refused"), not a cell's.
  const said = shown(value, { ...config, noValue: "–" }, reader, field.type);
  // Codes that the data hold: kinds, classes of instruments, states.
  if (typeof value === "string" && !said.mapped && reader.words.has(value)) said.full = said.text = reader.words.code(value);
  const type = config.custom?.cellOptions?.type ?? config.custom?.displayMode;
  const colour = said.nothing ? null : cssColour(said.colour ?? undefined, theme);
  const link = said.nothing ? null : linkOf(config, { value, text: said.text, name: field.name, row, ...context });
  const text = link ? html`<a href=${link}>${said.full}</a>` : said.full;
  if (!colour || !type || type === "auto") return said.nothing ? html`<span class="nothing">${said.full}</span>` : text;
  if (type === "color-background") return html`<span class="chip" style=${{ background: colour, color: textOn(colour) }}>${said.full}</span>`;
  return html`<span class="marked"><i class="dot" style=${{ background: colour }} />${text}</span>`;
}

/** The table behind a chart: time and one column per series; behind other panels their frames as they are. */
export function FramesTable({ panel, data, reader }) {
  const { columns, rows } = useMemo(() => behind(panel, data.frames, reader), [panel, data, reader.words]);
  return html`<${DataTable} columns=${columns} rows=${rows} words=${reader.words} label=${reader.translate(panel.title)} />`;
}

/** @returns {{columns: Column[], rows: any[]}} */
function behind(panel, frames, reader) {
  const { times, series } = alignedSeries(frames);
  if (series.length === 0) {
    const frame = frames.find((one) => one.fields.length > 0);
    return { rows: rowsOf(frame), columns: (frame?.fields ?? []).map((field) => plainColumn(panel, field, frame, reader)) };
  }
  const configs = series.map(({ field, frame }) => configOf(panel, field, frame.refId));
  return {
    rows: times.map((_, at) => at).reverse(),
    columns: [
      { key: "time", label: reader.words.t("time"), sort: (at) => times[at], cell: (at) => formatTime(times[at], "short", reader) },
      ...series.map(({ field, values }, index) => ({
        key: String(index), label: labelOf(configs[index], seriesName(field), reader), align: /** @type {const} */ ("right"),
        sort: (at) => values[at], cell: (at) => shown(values[at], configs[index], reader).full,
      })),
    ],
  };
}

function plainColumn(panel, field, frame, reader) {
  const config = configOf(panel, field, frame.refId);
  return {
    key: field.name, label: labelOf(config, field.name, reader), align: field.type === "number" ? /** @type {const} */ ("right") : undefined,
    sort: (row) => row[field.name], cell: (row) => shown(row[field.name], config, reader, field.type).full,
  };
}
