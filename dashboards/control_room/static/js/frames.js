// Frames as the server answers them (one list of fields per query), and what panels read from them. Pure.

/** @typedef {{name: string, type: "time" | "number" | "string" | "boolean" | "json", labels?: Record<string, string>, values: any[]}} Field */
/** @typedef {{refId: string, fields: Field[], rows: number, truncated?: boolean}} Frame */

/** @param {Frame | undefined} frame @param {string} name */
export function fieldOf(frame, name) {
  return frame?.fields.find((field) => field.name === name);
}

/** Rows as objects by field name. @param {Frame | undefined} frame @returns {Record<string, any>[]} */
export function rowsOf(frame) {
  if (!frame || frame.fields.length === 0) return [];
  const count = frame.fields[0].values.length;
  return Array.from({ length: count }, (_, at) => Object.fromEntries(frame.fields.map((field) => [field.name, field.values[at]])));
}

/** Whether anything in the frames is a value. @param {Frame[]} frames */
export function hasValues(frames) {
  return frames.some((frame) => frame.fields.some((field) => field.type !== "time" && field.values.some((value) => value !== null && value !== "")));
}

/** What a series is called: its display name, its labels, or its name. @param {Field} field */
export function seriesName(field) {
  const labels = Object.values(field.labels ?? {});
  if (labels.length === 0) return field.name;
  const text = labels.join(" · ");
  return ["value", "Value", ""].includes(field.name) || Object.values(field.labels).includes(field.name) ? text : `${field.name} ${text}`;
}

const numbers = (values) => values.filter((value) => typeof value === "number" && !Number.isNaN(value));

/** @type {Record<string, (values: any[]) => any>} */
const CALCULATIONS = {
  last: (values) => values.at(-1) ?? null,
  lastNotNull: (values) => values.findLast?.((value) => value !== null) ?? null,
  first: (values) => values[0] ?? null,
  firstNotNull: (values) => values.find((value) => value !== null) ?? null,
  min: (values) => (numbers(values).length ? Math.min(...numbers(values)) : null),
  max: (values) => (numbers(values).length ? Math.max(...numbers(values)) : null),
  mean: (values) => (numbers(values).length ? numbers(values).reduce((sum, one) => sum + one, 0) / numbers(values).length : null),
  sum: (values) => (numbers(values).length ? numbers(values).reduce((sum, one) => sum + one, 0) : null),
  count: (values) => values.length,
  range: (values) => (numbers(values).length ? Math.max(...numbers(values)) - Math.min(...numbers(values)) : null),
  diff: (values) => (numbers(values).length > 1 ? numbers(values).at(-1) - numbers(values)[0] : null),
};

/** @param {any[]} values @param {string} [calculation] */
export function reduce(values, calculation = "lastNotNull") {
  return (CALCULATIONS[calculation] ?? CALCULATIONS.lastNotNull)(values);
}

/** A matcher of field names: "" all numbers, "/regex/", or a name. @param {string | undefined} wanted @returns {(field: Field) => boolean} */
export function fieldMatcher(wanted) {
  if (!wanted) return (field) => field.type === "number";
  const regex = /^\/(.*)\/([a-z]*)$/.exec(wanted);
  if (!regex) return (field) => field.name === wanted;
  const compiled = new RegExp(regex[1], regex[2]);
  return (field) => field.type !== "time" && compiled.test(field.name);
}

/**
 * The single values of a stat, gauge or bar gauge: reduced fields, or one per row.
 * @param {Frame[]} frames
 * @param {{calcs?: string[], fields?: string, values?: boolean, limit?: number}} [options]
 * @returns {{field: Field, value: any, name: string, row: number | null, frame: Frame}[]}
 */
export function singleValues(frames, options = {}) {
  const matches = fieldMatcher(options.fields);
  const found = [];
  for (const frame of frames) {
    const naming = frame.fields.find((field) => field.type === "string");
    for (const field of frame.fields.filter(matches)) {
      if (options.values) {
        field.values.slice(0, options.limit ?? 25).forEach((value, row) => {
          found.push({ field, value, name: naming ? String(naming.values[row]) : seriesName(field), row, frame });
        });
      } else {
        found.push({ field, value: reduce(field.values, options.calcs?.[0]), name: seriesName(field), row: null, frame });
      }
    }
  }
  return found;
}

/**
 * Series of all frames on one time axis, as uPlot takes them: gaps are null, a time only one series has is undefined in
 * the others, which draws no gap.
 * @param {Frame[]} frames
 * @returns {{times: number[], series: {field: Field, frame: Frame, values: (number | null | undefined)[]}[]}}
 */
export function alignedSeries(frames) {
  const parts = frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    if (!time) return [];
    return frame.fields.filter((field) => field.type === "number" || field.type === "boolean").map((field) => ({ field, frame, time: time.values }));
  });
  const times = [...new Set(parts.flatMap((part) => part.time))].filter((time) => time !== null).sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  return {
    times,
    series: parts.map(({ field, frame, time }) => {
      const values = new Array(times.length).fill(undefined);
      time.forEach((at, index) => {
        const value = field.values[index];
        if (place.has(at)) values[place.get(at)] = typeof value === "boolean" ? Number(value) : value;
      });
      return { field, frame, values };
    }),
  };
}

/**
 * Gaps kept: where a series' own spacing says that something is missing, a null is put, at a time of its own where no
 * other series has one, so that no line is drawn across.
 * @param {number[]} times ms, ascending @param {(number | null | undefined)[][]} columns
 * @returns {{times: number[], columns: (number | null | undefined)[][]}}
 */
export function withGaps(times, columns) {
  const gaps = columns.map((values) => gapsOf(times, values));
  const added = new Set(gaps.flat().filter((gap) => gap.between === 0).map((gap) => gap.at));
  const all = [...times, ...added].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  return {
    times: all,
    columns: columns.map((values, column) => all.map((time) => {
      const at = place.get(time);
      const value = at === undefined ? undefined : values[at];
      if (typeof value === "number") return value;
      return gaps[column].some((gap) => time > gap.from && time < gap.to) ? null : value;
    })),
  };
}

/** @param {number[]} times @param {(number | null | undefined)[]} values */
function gapsOf(times, values) {
  const own = times.flatMap((time, at) => (typeof values[at] === "number" ? [{ time, at }] : []));
  if (own.length < 3) return [];
  const steps = own.slice(1).map((one, index) => one.time - own[index].time).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)];
  return own.slice(1).flatMap((one, index) => {
    const before = own[index];
    return one.time - before.time > usual * 1.75 ? [{ from: before.time, to: one.time, at: before.time + usual, between: one.at - before.at - 1 }] : [];
  });
}

/**
 * Runs of one state: for a state timeline.
 * @param {number[]} times ms, ascending @param {any[]} values @param {number} end ms, of the last run
 * @returns {{from: number, to: number, value: any}[]} without the runs of null
 */
export function runsOf(times, values, end) {
  const runs = [];
  for (let at = 0; at < times.length; at += 1) {
    const value = values[at];
    if (value === undefined) continue;
    const open = runs.at(-1);
    if (open && open.value === value) continue;
    if (open) open.to = times[at];
    runs.push({ from: times[at], to: end, value });
  }
  return runs.filter((run) => run.value !== null && run.to > run.from);
}
