// A measure and what changed after it: before and after with the interval, beside places where nothing was done, and what
// else could explain it; or why nothing is said.

import { html } from "../html.js";
import { formatNumber } from "../format/numbers.js";
import { formatTime } from "../format/times.js";
import { formatQuantity, joined } from "../format/units.js";

const FINDINGS = { as_expected: "✓", opposite: "▲", not_shown: "≈", refused: "∅" };
const WIDTH = 240;
const HEIGHT = 18;

const dayOf = (text, reader) => formatTime(Date.parse(`${text}T12:00:00Z`), "date", { language: reader.language, zone: "UTC" });

/** @param {{measure: any, effects: any[] | null, names: Map<string, string>, reader: any}} props `effects` null: not known yet; `names` of sites and measures */
export function Measure({ measure, effects, names, reader }) {
  const { words } = reader;
  const day = (text) => dayOf(text, reader);
  return html`<li class="measure"><p><span class="tag">${measure.withdrawn_at ? words.t("withdrawn") : words.code(measure.status)}</span> <b>${words.named(measure.title)}</b> <span class="muted">${[measure.to ? `${day(measure.from)} – ${day(measure.to)}` : words.t("sinceDay", { day: day(measure.from) }), measure.owner, ...measure.sites.map((site) => names.get(site) ?? site)].join(" · ")}</span></p>
    ${(effects ?? []).map((effect) => html`<${Effect} key=${effect.kpi} effect=${effect} names=${names} reader=${reader} />`)}</li>`;
}

function Effect({ effect, names, reader }) {
  const { words } = reader;
  const title = words.named(effect.kpi_title);
  if (effect.finding === "refused") return html`<div class="effect"><p><b>${title}</b> <span class="finding none"><span aria-hidden="true">∅</span> ${words.t("effect_refused")}:</span> ${words.named(effect.sentence)}.</p></div>`;
  const { change, control, beside_control: beside } = effect;
  const { expected } = effect;
  const lines = [["effectChange", change], ["effectControl", control], ["effectBeside", beside]].filter(([, one]) => one);
  const goal = expected?.percent ?? expected?.difference ?? null;
  // One axis has one unit: that of what the finding rests on; what is in another has its numbers alone.
  const inPercent = (beside ?? change).percent !== null;
  const drawn = ([, one]) => (one.percent !== null) === inPercent;
  const goalDrawn = goal !== null && (expected.percent !== null) === inPercent;
  const scale = scaleOf([0, goalDrawn ? goal : null, ...lines.filter(drawn).flatMap(([, one]) => Object.values(shiftOf(one)))]);
  return html`<div class="effect">
    <p><b>${title}</b> <span class=${`finding ${effect.finding}`}><span aria-hidden="true">${FINDINGS[effect.finding]}</span> ${words.t(`effect_${effect.finding}`)}</span>${effect.simulated && html` <span class="tag">${words.t("simulated")}</span>`}</p>
    <p>${words.t("effectBefore")} <b>${quantity(change.before, effect.unit, reader)}</b> → ${words.t("effectAfter")} <b>${quantity(change.after, effect.unit, reader)}</b> <span class="muted">(${words.t(effect.years_apart === 1 ? "effectMonthsYear" : "effectMonths", { count: change.n, years: effect.years_apart })})</span></p>
    <dl class="shifts">${lines.map(([name, one]) => html`<div key=${name}><dt>${words.t(name)}${name === "effectControl" && html` <small>(${effect.control_sites.map((site) => names.get(site) ?? site).join(", ")})</small>`}</dt><dd>${shiftText(one, effect.unit, reader)}${one.n < change.n && html` <small>(${words.t("effectOver", { count: one.n })})</small>`}</dd><dd>${drawn([name, one]) && html`<${Interval} shift=${shiftOf(one)} scale=${scale} />`}</dd></div>`)}
      ${expected && html`<div><dt>${words.t("effectExpected")}</dt><dd>${expectedText(expected, effect.unit, reader)}</dd><dd>${goalDrawn && html`<${Interval} shift=${{ value: goal, low: null, high: null }} scale=${scale} expected=${true} />`}</dd></div>`}</dl>
    ${effect.finding === "not_shown" && (beside ?? change).verdict !== "not_shown" && html`<p class="muted">${words.t("effectMovedToo")}</p>`}
    ${effect.no_control && html`<p class="muted">${words.t("effectNoControl")}: ${words.named(effect.no_control)}.</p>`}
    ${(effect.cautions.length > 0 || effect.changed_too.length > 0) && html`<details><summary>${words.t("effectElse")} (${effect.cautions.length + effect.changed_too.length})</summary><ul class="cautions">
      ${effect.changed_too.map((one, at) => html`<li key=${`too ${at}`}><b>${words.t(`too_${one.kind}`)}</b>: ${names.get(one.what) ?? one.what}${one.from ? ` (${[one.from, one.to].filter(Boolean).map((day) => dayOf(day, reader)).join(" – ")})` : ""}</li>`)}
      ${effect.cautions.map((one) => html`<li key=${one.code}>${words.named(one.text)}</li>`)}
      <li class="muted">${words.named(effect.method)}</li></ul></details>`}
  </div>`;
}

const quantity = (value, unit, reader) => (value === null ? "–" : joined(formatQuantity(value, unit, { language: reader.language })));

/** What the verdict rests on: percent where there is any, else the unit. */
export function shiftOf(change) {
  if (change.percent !== null) return { value: change.percent, low: change.percent_low, high: change.percent_high };
  return { value: change.difference, low: change.difference_low, high: change.difference_high };
}

/** "−20 % (95 %: −22 to −18 %)". @param {any} change @param {string} unit @param {any} reader */
export function shiftText(change, unit, reader) {
  const { words, language } = reader;
  const { value, low, high } = shiftOf(change);
  const of = (number) => (change.percent === null ? joined(formatQuantity(number, unit, { language, sign: true })) : `${formatNumber(number, { language, decimals: 1, sign: true })}\u00a0%`);
  return `${of(value)} (${low === null || high === null ? words.t("noInterval") : words.t("interval95", { low: of(low), high: of(high) })})`;
}

function expectedText(expected, unit, reader) {
  const { words, language } = reader;
  const text = expected.percent === null ? joined(formatQuantity(expected.difference, unit, { language, sign: true })) : `${formatNumber(expected.percent, { language, sign: true })}\u00a0%`;
  return expected.within === null ? text : `${text}: ${words.t(expected.within ? "withinInterval" : "outsideInterval")}`;
}

/** Where a number lies in a picture that holds all of `ends`. @param {(number | null)[]} ends */
function scaleOf(ends) {
  const known = ends.filter((one) => one !== null);
  const least = Math.min(...known);
  const width = Math.max(...known) - least || 1;
  return (value) => 8 + ((value - least) / width) * (WIDTH - 16);
}

/** An interval as a line around its estimate, the thin line where nothing has changed; the numbers stand beside it. */
function Interval({ shift: { value, low, high }, scale, expected = false }) {
  const middle = HEIGHT / 2;
  return html`<svg class="interval" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true"><line class="zero" x1=${scale(0)} x2=${scale(0)} y1="0" y2=${HEIGHT} />
    ${low !== null && high !== null && html`<line class="span" x1=${scale(low)} x2=${scale(high)} y1=${middle} y2=${middle} />`}
    ${expected ? html`<path class="expected" d=${`M${scale(value)} 2V${HEIGHT - 2}`} />` : html`<circle cx=${scale(value)} cy=${middle} r="4.5" />`}</svg>`;
}
