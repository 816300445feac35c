// State timeline: a row per series, runs of the same state as bars with their word. HTML, so that every run has a name.

import { html, useMemo } from "../html.js";
import { alignedSeries, runsOf, seriesName } from "../frames.js";
import { configOf, labelOf, shown } from "../fieldconfig.js";
import { cssColour, textOn } from "../format/colours.js";
import { classOfColour, wordKeyOf } from "../format/thresholds.js";
import { dayKey, formatTime, fromLocalInput, localInput } from "../format/times.js";

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light"}} props */
export function StateTimeline({ panel, data, reader, theme }) {
  const rows = useMemo(() => rowsFrom(panel, data, reader, theme), [panel, data, reader.words, theme]);
  const span = data.to - data.from || 1;
  const states = new Map(rows.flatMap((row) => row.runs.map((run) => [run.text, run.colour])));
  const ticks = ticksOf(data.from, data.to, reader.zone);
  return html`<div class="timeline">
    <div class="timeline-rows" tabindex="0" role="group" aria-label=${reader.translate(panel.title)}>${rows.map((row) => html`<div class="timeline-row" key=${row.label}>
      <span class="timeline-name" title=${row.label}>${row.label}</span>
      <div class="timeline-track" role="img" aria-label=${`${row.label}: ${row.runs.map((run) => `${run.text} ${formatTime(run.from, "short", reader)}`).slice(-12).join(", ")}`}>
        ${row.runs.map((run) => {
          const share = ((run.to - run.from) / span) * 100;
          return html`<span class="timeline-run" key=${run.from} title=${`${run.text} · ${formatTime(run.from, "short", reader)} – ${formatTime(run.to, "short", reader)}`}
            style=${{ left: `${((run.from - data.from) / span) * 100}%`, width: `${share}%`, background: run.colour ?? "var(--raised)", color: run.colour ? textOn(run.colour) : "inherit", top: `${run.top}%` }}>${share > 6 && run.top === 0 ? run.text : ""}</span>`;
        })}
      </div>
    </div>`)}</div>
    <div class="timeline-axis" aria-hidden="true">${ticks.map((at) => html`<span key=${at} style=${{ left: `${((at - data.from) / span) * 100}%` }}>${formatTime(at, isMidnight(at, reader.zone) ? "weekday" : "clock", reader)}</span>`)}</div>
    <div class="legend" aria-label=${reader.words.t("legend")} role="group">${[...states].map(([text, colour]) => html`<span class="legend-item" key=${text}><i class="dot" style=${{ background: colour ?? "var(--raised)" }} />${text}</span>`)}</div>
  </div>`;
}

const HOUR = 3600000;
const STEPS = [1, 3, 6, 12, 24, 48, 96, 168, 336, 720].map((hours) => hours * HOUR);
const MOST_TICKS = 6;

/** @param {number} at @param {string} zone */
function isMidnight(at, zone) {
  return localInput(at, zone).endsWith("T00:00");
}

/** Whole hours of the zone's wall clock, midnights among them. @param {number} from @param {number} to @param {string} zone */
function ticksOf(from, to, zone) {
  const step = STEPS.find((one) => (to - from) / one <= MOST_TICKS) ?? STEPS.at(-1);
  const begin = fromLocalInput(`${dayKey(from, zone)}T00:00`, zone) ?? from;
  const ticks = [];
  for (let at = begin; at <= to; at += step) {
    // Days of 23 and 25 hours: a day's tick stays at midnight.
    const tick = step >= 24 * HOUR ? (fromLocalInput(`${dayKey(at + 2 * HOUR, zone)}T00:00`, zone) ?? at) : at;
    if (tick >= from + (to - from) * 0.03 && tick <= to - (to - from) * 0.03) ticks.push(tick);
  }
  return ticks;
}

function rowsFrom(panel, data, reader, theme) {
  const { times, series } = alignedSeries(data.frames);
  return series.map(({ field, frame, values }) => {
    const config = configOf(panel, field, frame.refId);
    const runs = runsOf(times, values, data.to).map((run) => {
      const said = shown(run.value, config, reader);
      return { from: Math.max(run.from, data.from), to: run.to, text: said.full, own: said.colour, colour: cssColour(said.colour ?? undefined, theme), top: topOf(said.colour, config) };
    });
    return { label: labelOf(config, seriesName(field), reader), runs, badness: badnessOf(runs) };
  }).sort((one, other) => other.badness - one.badness || one.label.localeCompare(other.label, reader.language, { numeric: true }));
}

/** How bad a row is on the whole, for the worst to stand first. */
function badnessOf(runs) {
  const weight = (run) => (run.to - run.from) * (classOfColour(run.own ?? undefined) ?? 0);
  const known = runs.filter((run) => classOfColour(run.own ?? undefined) !== null);
  return known.length ? known.reduce((sum, run) => sum + weight(run), 0) / known.reduce((sum, run) => sum + run.to - run.from, 1) : 0;
}

/** Classes differ in height as well as in colour: worse is taller. @param {string | null} colour @param {any} config @returns {number} % left free above */
function topOf(colour, config) {
  const number = wordKeyOf(colour, config)?.startsWith("class") ? classOfColour(colour ?? undefined) : null;
  return number ? 60 - number * 10 : 0;
}
