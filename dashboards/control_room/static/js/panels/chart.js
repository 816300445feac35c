// A line chart over time: bands behind, limits named, gaps kept, readable with the keyboard. Draws what it is given.

import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { loadUPlot } from "../scripts.js";
import { formatQuantity, joined } from "../format/units.js";
import { formatTime } from "../format/times.js";
import { axisTimes, axisValues, drawBands, drawLimits, pathsOf, styleOf } from "./drawing.js";

/**
 * @typedef {{label: string, values: (number | null | undefined)[], colour: string, dash?: number[], width?: number, fill?: number,
 *   style?: "line" | "bars" | "points", step?: boolean, unit?: string, decimals?: number | null, isLimit?: boolean, map?: (value: number) => string | null}} Line
 * @typedef {{times: number[], lines: Line[], from: number, to: number, unit?: string, min?: number | null, max?: number | null,
 *   bands?: {from: number, to: number, color: string, label?: string}[], limits?: {value: number, label: string, color: string}[],
 *   reader: any, theme: string, label: string, zoom?: (from: number, to: number) => void, legend?: boolean, compactLegend?: boolean}} ChartProps
 */

/** @param {ChartProps} props */
export function Chart(props) {
  const { lines, times, reader, legend = true } = props;
  const holder = useRef(null);
  const plot = useRef(null);
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const [hidden, setHidden] = useState(/** @type {Set<string>} */ (new Set()));
  const latest = useRef(props);
  latest.current = { ...props, hidden, setAt };
  const units = [...new Set(lines.map((line) => line.unit ?? props.unit))];
  latest.current.units = units;
  // What needs a new plot; new numbers alone do not.
  const shape = useMemo(
    () => JSON.stringify([lines.map((line) => [line.label, line.colour, line.dash, line.style, line.step, line.width, line.fill, line.unit]), props.theme, reader.language, reader.zone, props.unit]),
    [lines, props.theme, reader.language, reader.zone, props.unit],
  );

  useEffect(() => {
    let gone = false;
    let observer = null;
    loadUPlot().then((uPlot) => {
      if (gone || !holder.current) return;
      plot.current = new uPlot(optionsOf(uPlot, holder.current, latest), dataOf(latest.current), holder.current);
      observer = new ResizeObserver(() => {
        const { clientWidth: width, clientHeight: height } = holder.current ?? {};
        if (width && height) plot.current?.setSize({ width, height });
      });
      observer.observe(holder.current);
    }, () => {});
    return () => {
      gone = true;
      observer?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    lines.forEach((line, index) => {
      if (chart.series[index + 1].show === hidden.has(line.label)) chart.setSeries(index + 1, { show: !hidden.has(line.label) });
    });
    chart.setData(dataOf(props), true);
  }, [times, lines, props.from, props.to, hidden]);

  const move = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || times.length === 0 || !plot.current) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(times.length - 1, (at ?? times.length - 1) + step));
    setAt(next);
    plot.current.setCursor({ left: plot.current.valToPos(times[next], "x"), top: 0 });
  };
  const toggle = (label) => setHidden((before) => {
    const after = new Set(before);
    if (!after.delete(label)) after.add(label);
    return after;
  });

  return html`<div class="chart">
    <div class="chart-canvas" ref=${holder} role="img" tabindex="0" aria-label=${props.label} onKeyDown=${move}
      onBlur=${() => setAt(null)}></div>
    ${legend && html`<${Legend} lines=${lines.filter((line) => !line.isLimit)} at=${at} times=${times} hidden=${hidden} toggle=${toggle} reader=${reader} compact=${props.compactLegend} />`}
  </div>`;
}

/** Names, marks and the value under the cursor, or the last one. */
function Legend({ lines, at, times, hidden, toggle, reader, compact }) {
  const { words } = reader;
  const shownAt = at === null ? "" : formatTime(times[at], "short", reader);
  return html`<div class="legend" aria-live=${at === null ? "off" : "polite"}>
    ${shownAt && html`<span class="legend-time">${shownAt}</span>`}
    ${lines.map((line) => {
      const off = hidden.has(line.label);
      return html`<button type="button" class=${`legend-item${off ? " off" : ""}`} aria-pressed=${!off} key=${line.label}
        title=${words.t("showSeries", { series: line.label })} onClick=${() => toggle(line.label)}>
        <${Sample} colour=${line.colour} dash=${line.dash ?? []} />
        <span>${line.label}</span>${!(compact && at === null) && html` <b>${valueText(line, at, reader)}</b>`}
      </button>`;
    })}
  </div>`;
}

/** @param {Line} line @param {number | null} at @param {any} reader */
function valueText(line, at, reader) {
  const value = at === null ? line.values.findLast((one) => typeof one === "number") : line.values[at];
  if (typeof value !== "number") return "–";
  const said = line.map?.(value);
  if (said) return said;
  return joined(formatQuantity(value, line.unit, { language: reader.language, decimals: line.decimals ?? null }));
}

/** A piece of the line as it is drawn. */
export function Sample({ colour, dash }) {
  return html`<svg class="sample" width="22" height="8" aria-hidden="true"><line x1="1" x2="21" y1="4" y2="4" stroke=${colour} stroke-width="2.5" stroke-dasharray=${dash.join(" ")} /></svg>`;
}

/** @param {ChartProps} props */
function dataOf({ times, lines }) {
  return [times, ...lines.map((line) => line.values)];
}

/** @param {any} uPlot @param {HTMLElement} element @param {{current: any}} latest */
function optionsOf(uPlot, element, latest) {
  const { lines, reader } = latest.current;
  const style = styleOf(element);
  const widthOf = (_, values) => 14 + style.size * 0.6 * Math.max(3, ...(values ?? []).map((text) => text.length));
  const axis = { stroke: style.muted, font: style.font, grid: { stroke: style.grid, width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth || 300,
    height: element.clientHeight || 150,
    ms: 1,
    padding: [10, latest.current.units.length > 1 ? 0 : 24, 0, 0],
    tzDate: (time) => uPlot.tzDate(new Date(time), reader.zone),
    legend: { show: false },
    cursor: { y: false, drag: { x: Boolean(latest.current.zoom), y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => [latest.current.from, latest.current.to] },
      y: { range: (_, low, high) => rangeOf({ ...latest.current, lines: linesOn(latest.current, 0) }, low, high) },
      // A second unit has an axis of its own, at the right.
      y2: { range: (_, low, high) => rangeOf({ lines: linesOn(latest.current, 1) }, low, high) },
    },
    axes: [
      { ...axis, size: style.size * 2.3, space: style.size * 6, values: (_, splits, __, ___, step) => axisTimes(splits, step, reader) },
      { ...axis, size: widthOf, space: style.size * 2.2, values: (_, splits) => axisValues(splits, latest.current.units[0], reader) },
      ...(latest.current.units.length > 1 ? [{ ...axis, scale: "y2", side: 1, grid: { show: false }, size: widthOf, values: (_, splits) => axisValues(splits, latest.current.units[1], reader, true) }] : []),
    ],
    series: [{}, ...lines.map((line) => ({
      scale: linesOn(latest.current, 1).includes(line) ? "y2" : "y",
      label: line.label, stroke: line.colour, width: line.width ?? 1.75, dash: line.dash?.length ? line.dash : undefined, spanGaps: false,
      fill: line.fill ? line.colour + Math.round(line.fill * 2.55).toString(16).padStart(2, "0") : undefined,
      paths: pathsOf(uPlot, line), points: line.style === "points" ? { show: true, size: 5 } : line.style === "bars" ? { show: false } : { show: lonely(line), size: 4 },
    }))],
    hooks: {
      drawClear: [(chart) => drawBands(chart, latest.current, style)],
      draw: [(chart) => drawLimits(chart, latest.current, style)],
      setCursor: [(chart) => latest.current.setAt(chart.cursor.idx ?? null)],
      setSelect: [(chart) => zoomed(chart, latest.current)],
    },
  };
}

/** Lines of one axis: the second unit's are on the second, all others on the first. @param {any} props @param {0 | 1} axis @returns {Line[]} */
function linesOn({ lines, units, unit }, axis) {
  return lines.filter((line) => (units.indexOf(line.unit ?? unit) === 1 ? 1 : 0) === axis);
}

/** Points are drawn where a value stands between two gaps: a line alone would not show it. @param {Line} line */
function lonely(line) {
  return line.isLimit ? false : (_, __, first, last) => {
    const found = [];
    const is = (index) => typeof line.values[index] === "number";
    for (let index = first; index <= last; index += 1) if (is(index) && !is(index - 1) && !is(index + 1)) found.push(index);
    return found.length > 0 && found.length < 200;
  };
}

function zoomed(chart, props) {
  if (!props.zoom || chart.select.width < 8) return;
  props.zoom(Math.round(chart.posToVal(chart.select.left, "x")), Math.round(chart.posToVal(chart.select.left + chart.select.width, "x")));
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/**
 * Values and limits are in view with some room; zero too, unless that would flatten the lines. A board's min and max hold.
 * @param {{min?: number | null, max?: number | null, limits?: {value: number}[], lines?: {style?: string}[]}} props
 */
export function rangeOf({ min, max, limits = [], lines = [] }, low, high) {
  const bars = lines.some((line) => line.style === "bars") ? [0] : []; // a bar's length is its value
  const values = [low, high, ...bars, ...limits.map((limit) => limit.value)].filter((value) => typeof value === "number" && Number.isFinite(value));
  if (values.length === 0) return [min ?? 0, max ?? 1];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.1;
  const bottom = least >= 0 && least < most * 0.6 ? 0 : least < 0 || least - room > 0 ? least - room : 0;
  const top = most <= 0 && most > least * 0.6 ? 0 : most + room;
  return [min ?? bottom, max ?? top];
}
