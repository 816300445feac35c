// What a chart draws beside its lines: axes' texts, bands with their class in words, limits with their name.

import { formatQuantity } from "../format/units.js";
import { formatTime } from "../format/times.js";

/** Colours and font of the page as a canvas needs them. @param {HTMLElement} element */
export function styleOf(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return { muted: of("--muted"), text: of("--text"), grid: of("--grid"), panel: of("--panel"), outline: of("--outline"), font: `12px ${style.fontFamily}`, family: style.fontFamily };
}

/** @param {number[]} splits @param {number} step ms @param {any} reader */
export function axisTimes(splits, step, reader) {
  const day = 86400000;
  return splits.map((at) => {
    if (at === null) return "";
    if (step >= 28 * day) return formatTime(at, step >= 360 * day ? "year" : "month", reader);
    const clock = formatTime(at, "clock", reader);
    return step >= day || clock === "00:00" ? formatTime(at, step > day ? "day" : "weekday", reader) : clock;
  });
}

/** @param {number[]} splits @param {string | undefined} unit @param {any} reader */
export function axisValues(splits, unit, reader) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const decimals = step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(step) - 1e-9));
  return splits.map((value) => {
    const quantity = formatQuantity(value, unit, { language: reader.language, decimals });
    return ["%", "°", "MiB", "GiB", "KiB", "B"].includes(quantity.unit) ? `${quantity.text} ${quantity.unit}` : quantity.text;
  });
}

/** @param {any} uPlot @param {any} line */
export function pathsOf(uPlot, line) {
  if (line.style === "bars") return uPlot.paths.bars({ size: [0.7, 40], align: 1 });
  if (line.style === "points") return () => null;
  if (line.step) return uPlot.paths.stepped({ align: 1 });
  return undefined;
}

/** @param {any} chart @param {any} props @param {any} style */
export function drawBands(chart, { bands = [] }, style) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const band of bands) {
    const top = band.to === Infinity ? bbox.top : Math.max(bbox.top, chart.valToPos(band.to, "y", true));
    const bottom = band.from === -Infinity ? bbox.top + bbox.height : Math.min(bbox.top + bbox.height, chart.valToPos(band.from, "y", true));
    if (bottom <= top) continue;
    ctx.globalAlpha = 0.2;
    ctx.fillStyle = band.color;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.globalAlpha = 0.9;
    ctx.fillRect(bbox.left, top, 4 * ratio, bottom - top);
    ctx.globalAlpha = 1;
    if (band.label && bottom - top > 13 * ratio) {
      ctx.fillStyle = style.muted;
      ctx.font = `${11 * ratio}px ${style.family}`;
      ctx.textAlign = "left";
      ctx.textBaseline = "top";
      ctx.fillText(band.label, bbox.left + 9 * ratio, top + 2 * ratio);
    }
  }
  ctx.restore();
}

/** @param {any} chart @param {any} props @param {any} style */
export function drawLimits(chart, { limits = [] }, style) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.save();
  for (const limit of limits) {
    const y = Math.round(chart.valToPos(limit.value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = limit.color;
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    if (!limit.label) continue;
    ctx.font = `600 ${11 * ratio}px ${style.family}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    const right = bbox.left + bbox.width - 4 * ratio;
    const above = y - 3 * ratio > bbox.top + 12 * ratio;
    ctx.lineWidth = 3 * ratio;
    ctx.setLineDash([]);
    ctx.strokeStyle = style.panel;
    if (!above) ctx.textBaseline = "top";
    ctx.strokeText(limit.label, right, above ? y - 2 * ratio : y + 3 * ratio);
    ctx.fillStyle = style.text;
    ctx.fillText(limit.label, right, above ? y - 2 * ratio : y + 3 * ratio);
  }
  ctx.restore();
}
