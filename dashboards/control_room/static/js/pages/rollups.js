// Rollups of the API as lines of a chart. Pure.

import { withGaps } from "../frames.js";

/** What of a rollup is drawn: the increase of a register, the sum of counts, the mean of what else. @param {any} row */
export function valueOf(row) {
  return row.increase ?? row.mean ?? row.sum ?? null;
}

/**
 * One line per device and channel.
 * @param {any[]} rows
 * @returns {{times: number[], lines: {label: string, values: (number | null | undefined)[]}[]}}
 */
export function seriesOf(rows) {
  const times = [...new Set(rows.map((row) => Date.parse(row.bucket)))].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  const lines = new Map();
  for (const row of rows) {
    const label = row.channel ? `${row.device} · ${row.channel}` : row.device;
    if (!lines.has(label)) lines.set(label, new Array(times.length).fill(undefined));
    lines.get(label)[place.get(Date.parse(row.bucket))] = valueOf(row);
  }
  const kept = withGaps(times, [...lines.values()]);
  return { times: kept.times, lines: [...lines.keys()].map((label, at) => ({ label, values: kept.columns[at] })) };
}
