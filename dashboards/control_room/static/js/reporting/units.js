// Who is asked for what, how far each unit is, and what it still lacks.

import { html } from "../html.js";
import { address } from "../api.js";
import { useReader } from "../session.js";
import { writtenUnit } from "../format/units.js";
import { AskUnit } from "./asking.js";
import { kpiPage, roundPath, STEPS, stepCounts, unitsOf } from "./data.js";

/** @param {{city: any, found: any, asked: any}} props */
export function Units({ city, found, asked }) {
  const { words } = useReader();
  const { writes } = asked;
  const late = found.missing.late;
  return html`<section class="card" aria-label=${words.t("whatIsMissing")}>
    <header class="card-head"><h2>${words.t("whatIsMissing")}</h2><span class="muted">${words.t("missingPoints", { count: found.missing.missing })}${late > 0 && html` · <b class="bad">${words.t("latePoints", { count: late })}</b>`}</span><span class="spacer" />
      <a class="panel-link" href=${address(`${roundPath(city.slug, found.year)}/missing`, { format: "csv" })} download=${`missing-${city.slug}-${found.year}.csv`}>${words.t("csv")}</a></header>
    ${found.round && !writes && html`<p class="muted">${words.t("contactsHidden")}</p>`}
    ${found.round && !found.round.closed && asked.admin && html`<${AskUnit} city=${city} found=${found} again=${asked.retry} />`}
    <ul class="units">${unitsOf(found).map((unit) => html`<li key=${unit.key}><${Unit} unit=${unit} found=${found} writes=${writes} words=${words} /></li>`)}</ul>
  </section>`;
}

function Unit({ unit, found, writes, words }) {
  const counts = stepCounts(unit.kpis);
  const late = unit.lacks.filter((one) => one.late).length;
  return html`<details><summary><span class="unit-name"><b>${unit.unit || words.t(found.round ? "nobodyAsked" : "noRoundYet")}</b>${unit.unit && writes && html` <span class="muted">${unit.contact || words.t("noContact")}</span>`}</span>
      <span class="unit-counts">${words.t(unit.kpis.length === 1 ? "oneIndicator" : "indicatorCount", { count: unit.kpis.length })}${found.round ? STEPS.slice(1).filter((step) => counts[step]).map((step) => html`<span key=${step}> · ${words.t(`step_${step}`)} ${counts[step]}</span>`) : ""} · <b>${words.t("lacksCount", { count: unit.lacks.length })}</b>${late > 0 && html` · <b class="bad">${words.t("latePoints", { count: late })}</b>`}</span></summary>
    ${unit.lacks.length === 0 ? html`<p class="all-well"><span aria-hidden="true">✓</span> ${words.t("nothingLacks")}</p>` : html`<ul class="lacks">${unit.lacks.map((one) => html`<li key=${`${one.code} ${one.data_point}`}><a href=${kpiPage(one.code, found.year)}><code>${one.code}</code></a> <span>${words.named(one.name)}</span> <span class="muted">${writtenUnit(one.measure_unit, words.language)}${one.answer ? ` · ${words.t("answeredNr")}` : ""}${one.unverified ? ` · ${words.t("u4ssc_unverified")}` : ""}${one.late ? html` · <b class="bad">${words.t("late")}</b>` : ""}</span></li>`)}</ul>`}
  </details>`;
}
