// Time series panel: frames and a field's look -> lines of a chart, or the table behind it.

import { html, useMemo } from "../html.js";
import { alignedSeries, seriesName, withGaps } from "../frames.js";
import { configOf, labelOf } from "../fieldconfig.js";
import { DASHES, cssColour, seriesColour } from "../format/colours.js";
import { bandsOf, mapped, wordKeyOf } from "../format/thresholds.js";
import { Empty } from "../states.js";
import { Chart } from "./chart.js";

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", zoom?: (from: number, to: number) => void}} props */
export function TimeSeries({ panel, data, reader, theme, zoom }) {
  const drawn = useMemo(() => linesOf(panel, data.frames, reader, theme), [panel, data, reader.words, theme]);
  const { bands, limits } = useMemo(() => thresholdsOf(panel, reader, theme), [panel, reader.words, theme]);
  const defaults = panel.fieldConfig?.defaults ?? {};
  const named = useMemo(() => [...limits, ...drawn.lines.flatMap((line) => constantOf(line))], [limits, drawn]);
  const empty = drawn.lines.every((line) => line.isLimit || line.values.every((value) => typeof value !== "number"));
  return html`${empty && html`<div class="over"><${Empty} text=${reader.words.t("noDataRange")} /></div>`}<${Chart} ...${drawn} from=${data.from} to=${data.to} unit=${defaults.unit} min=${defaults.min} max=${defaults.max}
    bands=${bands} limits=${named} reader=${reader} theme=${theme} zoom=${zoom}
    label=${`${reader.translate(panel.title)}: ${drawn.lines.map((line) => line.label).join(", ")}`}
    legend=${panel.options?.legend?.showLegend !== false} />`;
}

/**
 * @param {any} panel @param {any[]} frames @param {any} reader @param {"dark" | "light"} theme
 * @returns {{times: number[], lines: import("./chart.js").Line[]}}
 */
export function linesOf(panel, frames, reader, theme) {
  const { times, series } = alignedSeries(frames);
  const kept = withGaps(times, series.map((one) => one.values));
  let free = 0;
  const lines = series.map(({ field, frame, values }, at) => {
    const config = configOf(panel, field, frame.refId);
    const custom = config.custom ?? {};
    if (custom.hideFrom?.viz) return null;
    const fixed = config.color?.mode === "fixed" ? cssColour(config.color.fixedColor, theme) : null;
    const place = fixed ? -1 : free++;
    return {
      label: labelOf(config, seriesName(field), reader),
      values: custom.spanNulls === true || isConstant(values) ? bridged(kept.columns[at]) : kept.columns[at],
      colour: fixed ?? seriesColour(place, theme),
      dash: custom.lineStyle?.fill === "dash" || custom.lineStyle?.fill === "dot" ? (custom.lineStyle.dash ?? [8, 4]) : place >= 0 ? DASHES[place % DASHES.length] : [],
      width: custom.lineWidth,
      fill: custom.fillOpacity,
      style: custom.drawStyle,
      step: /^step/.test(custom.lineInterpolation ?? ""),
      unit: config.unit,
      decimals: config.decimals,
      isLimit: custom.lineStyle?.fill === "dash" && isConstant(values),
      map: (value) => {
        const text = mapped(value, config.mappings)?.text;
        return text ? reader.translate(text) : null;
      },
    };
  }).filter((line) => line !== null);
  return { times: kept.times, lines: distinct(lines) };
}

/** A series that never changes is a limit: its line bears its name. @param {import("./chart.js").Line} line */
function constantOf(line) {
  if (!line.isLimit) return [];
  return [{ value: line.values.find((value) => typeof value === "number"), label: line.label, color: line.colour, drawn: true }];
}

/** Lines that a board wants drawn across what is missing. @param {(number | null | undefined)[]} values */
function bridged(values) {
  return values.map((value) => value ?? undefined);
}

/** @param {(number | null | undefined)[]} values */
function isConstant(values) {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length > 0 && numbers.every((value) => value === numbers[0]);
}

/** The same name twice would be one button. @param {import("./chart.js").Line[]} lines */
function distinct(lines) {
  const seen = new Map();
  return lines.map((line) => {
    const count = (seen.get(line.label) ?? 0) + 1;
    seen.set(line.label, count);
    return count === 1 ? line : { ...line, label: `${line.label} (${count})` };
  });
}

/** Bands and limit lines that a panel's thresholds draw. @param {any} panel @param {any} reader @param {"dark" | "light"} theme */
export function thresholdsOf(panel, reader, theme) {
  const defaults = panel.fieldConfig?.defaults ?? {};
  const mode = defaults.custom?.thresholdsStyle?.mode ?? "off";
  const steps = (defaults.thresholds?.steps ?? []).map((step) => ({ ...step, color: cssColour(step.color, theme) }));
  const name = (colour) => {
    const key = wordKeyOf(colour, defaults);
    return key ? reader.words.t(key) : "";
  };
  const bands = /area/.test(mode) ? bandsOf(steps).filter((band) => band.color).map((band) => ({ ...band, label: name(band.color) })) : [];
  const limits = /line|dashed/.test(mode)
    ? steps.filter((step) => step.value !== null && step.color).map((step) => ({ value: step.value, color: step.color, label: name(step.color) || `${reader.words.t("limit")} ${step.value}` }))
    : [];
  return { bands, limits };
}
