// A small line without axes, for a tile: gaps kept, a target as a dashed mark. SVG, so that many cost little.

import { html } from "../html.js";

/**
 * The path of a series in a box, broken where values are missing.
 * @param {number[]} times @param {(number | null | undefined)[]} values
 * @param {{from: number, to: number, low: number, high: number, width: number, height: number}} box
 */
export function pathOf(times, values, { from, to, low, high, width, height }) {
  let path = "";
  let drawing = false;
  times.forEach((time, at) => {
    const value = values[at];
    if (value === undefined) return;
    if (typeof value !== "number") {
      drawing = false;
      return;
    }
    const x = ((time - from) / (to - from || 1)) * width;
    const y = height - ((value - low) / (high - low || 1)) * height;
    path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  });
  return path;
}

/** @param {{times: number[], values: (number | null | undefined)[], from?: number, to?: number, target?: number | null, colour?: string}} props */
export function Sparkline({ times, values, from, to, target = null, colour }) {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < 2) return null;
  const all = typeof target === "number" ? [...numbers, target] : numbers;
  const low = Math.min(...all);
  const high = Math.max(...all);
  const [width, height, pad] = [200, 40, 3];
  const box = { from: from ?? times[0], to: to ?? times.at(-1), low, high, width, height };
  const y = typeof target === "number" ? height - ((target - low) / (high - low || 1)) * height : null;
  const end = values.findLastIndex((value) => typeof value === "number");
  const point = { x: ((times[end] - box.from) / (box.to - box.from || 1)) * width, y: height - ((values[end] - low) / (high - low || 1)) * height };
  return html`<svg class="sparkline" viewBox=${`-2 ${-pad} ${width + 6} ${height + 2 * pad}`} preserveAspectRatio="none" aria-hidden="true">
    ${y !== null && html`<line class="spark-target" x1="0" x2=${width} y1=${y} y2=${y} vector-effect="non-scaling-stroke" />`}
    <path d=${pathOf(times, values, box)} class="spark-line" style=${colour ? { stroke: colour } : {}} vector-effect="non-scaling-stroke" />
    <line class="spark-end" x1=${point.x} x2=${point.x} y1=${point.y} y2=${point.y} vector-effect="non-scaling-stroke" />
  </svg>`;
}
