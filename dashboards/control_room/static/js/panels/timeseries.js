// Time series panel: frames and a field's look -> lines of a chart, or the table behind it.

import { html, useMemo } from "../html.js";
import { alignedSeries, keepGaps, seriesName } from "../frames.js";
import { configOf, labelOf } from "../fieldconfig.js";
import { DASHES, cssColour, seriesColour } from "../format/colours.js";
import { bandsOf, mapped, wordKeyOf } from "../format/thresholds.js";
import { Chart } from "./chart.js";

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light", zoom?: (from: number, to: number) => void}} props */
export function TimeSeries({ panel, data, reader, theme, zoom }) {
  const drawn = useMemo(() => linesOf(panel, data.frames, reader, theme), [panel, data, reader.words, theme]);
  const { bands, limits } = useMemo(() => thresholdsOf(panel, reader, theme), [panel, reader.words, theme]);
  const defaults = panel.fieldConfig?.defaults ?? {};
  return html`<${Chart} ...${drawn} from=${data.from} to=${data.to} unit=${defaults.unit} min=${defaults.min} max=${defaults.max}
    bands=${bands} limits=${limits} reader=${reader} theme=${theme} zoom=${zoom}
    label=${`${reader.translate(panel.title)}: ${drawn.lines.map((line) => line.label).join(", ")}`}
    legend=${panel.options?.legend?.showLegend !== false} />`;
}

/**
 * @param {any} panel @param {any[]} frames @param {any} reader @param {"dark" | "light"} theme
 * @returns {{times: number[], lines: import("./chart.js").Line[]}}
 */
export function linesOf(panel, frames, reader, theme) {
  const { times, series } = alignedSeries(frames);
  let free = 0;
  const lines = series.map(({ field, frame, values }) => {
    const config = configOf(panel, field, frame.refId);
    const custom = config.custom ?? {};
    if (custom.hideFrom?.viz) return null;
    const fixed = config.color?.mode === "fixed" ? cssColour(config.color.fixedColor, theme) : null;
    const place = fixed ? -1 : free++;
    return {
      label: labelOf(config, seriesName(field), reader),
      values: custom.spanNulls === true ? values : keepGaps(times, values),
      colour: fixed ?? seriesColour(place, theme),
      dash: custom.lineStyle?.fill === "dash" || custom.lineStyle?.fill === "dot" ? (custom.lineStyle.dash ?? [8, 4]) : place >= 0 ? DASHES[place % DASHES.length] : [],
      width: custom.lineWidth,
      fill: custom.fillOpacity,
      style: custom.drawStyle,
      step: /^step/.test(custom.lineInterpolation ?? ""),
      unit: config.unit,
      decimals: config.decimals,
      isLimit: custom.lineStyle?.fill === "dash",
      map: (value) => {
        const text = mapped(value, config.mappings)?.text;
        return text ? reader.translate(text) : null;
      },
    };
  }).filter((line) => line !== null);
  return { times, lines: distinct(lines) };
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
