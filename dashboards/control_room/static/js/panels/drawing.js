// What a chart draws beside its lines: axes' texts, bands with their class in words, limits with their name.

import { formatQuantity } from "../format/units.js";
import { formatTime } from "../format/times.js";

/** Colours and font of the page as a canvas needs them. @param {HTMLElement} element */
export function styleOf(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75; // grows with the reader's type
  return { size, muted: of("--muted"), text: of("--text"), grid: of("--grid"), panel: of("--panel"), outline: of("--outline"), font: `${size}px ${style.fontFamily}`, family: style.fontFamily };
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

/** @param {number[]} splits @param {string | undefined} unit @param {any} reader @param {boolean} [named] with the unit */
export function axisValues(splits, unit, reader, named = false) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  let decimals = 0;
  while (decimals < 6 && Math.abs(Math.round(step * 10 ** decimals) - step * 10 ** decimals) > 1e-6) decimals += 1;
  return splits.map((value) => {
    const quantity = formatQuantity(value, unit, { language: reader.language, decimals });
    return named || ["%", "°", "°C", "MiB", "GiB", "KiB", "B"].includes(quantity.unit) ? `${quantity.text} ${quantity.unit}` : quantity.text;
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
  }
  ctx.restore();
}

/**
 * Limits as dashed lines with their names; names that would cover each other stand side by side.
 * @param {any} chart @param {any} props @param {any} style
 */
export function drawLimits(chart, { limits = [], bands = [] }, style) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const size = style.size * 0.92 * ratio;
  ctx.save();
  ctx.textBaseline = "top";
  drawBandNames(chart, bands, style, size);
  ctx.font = `600 ${size}px ${style.family}`;
  ctx.textAlign = "right";
  const written = [];
  for (const limit of [...limits].sort((a, b) => b.value - a.value)) {
    const y = Math.round(chart.valToPos(limit.value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    if (!limit.drawn) dashed(ctx, limit.color, bbox, y, ratio);
    if (!limit.label) continue;
    const top = y - bbox.top > size + 4 * ratio ? y - size - 4 * ratio : y + 3 * ratio;
    const beside = written.filter((one) => Math.abs(one.top - top) < size + 3 * ratio).reduce((sum, one) => sum + one.width, 0);
    written.push({ top, width: ctx.measureText(limit.label).width + 12 * ratio });
    haloed(ctx, limit.label, bbox.left + bbox.width - 4 * ratio - beside, top, style.text, style.panel, ratio);
  }
  ctx.restore();
}

/** Bands' names at the left, where there is room for them. */
function drawBandNames(chart, bands, style, size) {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  ctx.font = `${size}px ${style.family}`;
  ctx.textAlign = "left";
  const low = bbox.top + bbox.height;
  const yOf = (value, otherwise) => (Number.isFinite(value) ? Math.min(low, Math.max(bbox.top, chart.valToPos(value, "y", true))) : otherwise);
  for (const band of bands) {
    const [top, bottom] = [yOf(band.to, bbox.top), yOf(band.from, low)];
    if (band.label && bottom - top >= size) haloed(ctx, band.label, bbox.left + 9 * ratio, (top + bottom - size) / 2, style.muted, style.panel, ratio);
  }
}

/** Text that stays readable on lines. */
function haloed(ctx, text, x, y, colour, halo, ratio) {
  ctx.setLineDash([]);
  ctx.lineJoin = "round";
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} ctx @param {string} colour @param {any} bbox @param {number} y @param {number} ratio */
function dashed(ctx, colour, bbox, y, ratio) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
}
