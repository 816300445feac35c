// Reporting: the city's year by U4SSC as people collect it. One indicator has a page of its own.

import { html, useState } from "../html.js";
import { getList } from "../api.js";
import { now } from "../clock.js";
import { adjust } from "../navigation.js";
import { useCity, useReader } from "../session.js";
import { SignedIn } from "../signin.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { DataTable } from "../panels/table.js";
import { kpiPage, SCOPE, STEPS, useYear } from "./data.js";
import { Files } from "./files.js";
import { IndicatorPage } from "./indicator.js";
import { Round } from "./round.js";
import { Step } from "./steps.js";
import { Units } from "./units.js";
import { valueText } from "./values.js";

const STATES = ["measured", "register", "reported", "missing", "unverified"];
const YEARS = 6;

/** @param {{route: import("../router.js").Route}} props */
export function ReportingPage({ route }) {
  const city = useCity();
  const { value: rounds, failure, retry } = useAsked((signal) => getList("/v1/collection-rounds", { city: city.slug }, { signal }), city ? city.slug : null);
  if (failure && !rounds) return html`<div class="page"><${Failed} failure=${failure} retry=${retry} /></div>`;
  if (!city || !rounds) return html`<div class="page"><${Skeleton} rows=${8} /></div>`;
  // What is collected is the year that has gone, unless a round says otherwise.
  const latest = new Date(now()).getUTCFullYear();
  const asked = Number(route.query.get("year"));
  const year = asked >= 1900 && asked <= 2200 ? asked : (rounds[0]?.year ?? latest - 1);
  const years = [...new Set([year, ...rounds.map((one) => one.year), ...Array.from({ length: YEARS }, (_, at) => latest - at)])].sort((one, other) => other - one);
  if (route.id) return html`<${IndicatorPage} city=${city} year=${year} code=${route.id} key=${`${year} ${route.id}`} />`;
  return html`<${YearPage} city=${city} year=${year} years=${years} key=${`${city.slug} ${year}`} />`;
}

function YearPage({ city, year, years }) {
  const { words } = useReader();
  const asked = useYear(city, year);
  const { value: found, failure, retry } = asked;
  return html`<div class="page">
    <div class="page-head"><h1>${words.t("reporting")} ${year}</h1><p>${words.t("reportingIntro")}</p></div>
    <div class="card-head page-tools"><label class="muted" for="reporting-year">${words.t("yearWord")}</label>
      <select id="reporting-year" value=${year} onChange=${(event) => adjust({ year: event.currentTarget.value })}>${years.map((one) => html`<option key=${one} value=${one} selected=${one === year}>${one}</option>`)}</select>
      <span class="spacer" /><${SignedIn} city=${city} scope=${SCOPE} /></div>
    ${failure && html`<${Failed} failure=${failure} retry=${retry} />`}
    ${!failure && !found && html`<${Skeleton} rows=${8} />`}
    ${found && html`<${Counts} found=${found} words=${words} />
      <${Round} city=${city} found=${found} asked=${asked} />
      <${Units} city=${city} found=${found} asked=${asked} />
      <${Indicators} found=${found} />
      <${Files} city=${city} year=${year} writes=${asked.writes} closed=${found.round?.closed === true} again=${retry} />`}
  </div>`;
}

/** The year on top: every KPI is in one of four states; an unverified definition comes beside. */
function Counts({ found, words }) {
  return html`<section class="card" aria-label=${words.t("yearInNumbers")}>
    <header class="card-head"><h2>${words.t("u4sscOf", { count: found.counts.total })}</h2><span class="tag">${words.named(found.label)}</span><span class="spacer" /><a class="panel-link" href=${`/goals?year=${found.year}`}>${words.t("allValues")}</a></header>
    <dl class="tally">${STATES.map((state) => html`<div key=${state} class=${state}><dt>${words.t(`u4ssc_${state}`)}</dt><dd>${found.counts[state]}</dd></div>`)}</dl>
    ${found.ofYear.map((one) => html`<p key=${one.rule} class="note">${words.named(one.text)} <small class="muted" lang="en">(${one.source})</small></p>`)}
  </section>`;
}

function Indicators({ found }) {
  const reader = useReader();
  const { words } = reader;
  const [shown, setShown] = useState("");
  const is = {
    "": () => true, incomplete: (kpi) => !kpi.complete,
    toLookAt: (kpi) => kpi.findings.length > 0, ...Object.fromEntries(STEPS.map((step) => [step, (kpi) => kpi.step?.state === step])),
  };
  const choices = ["", "incomplete", ...(found.round ? STEPS : []), "toLookAt"];
  const rows = found.kpis.filter(is[shown]);
  return html`<section class="card" aria-label=${words.t("indicators")}><header class="card-head"><h2>${words.t("indicators")}</h2></header>
    <div class="choices" role="group" aria-label=${words.t("whichShown")}>${choices.map((one) => html`<button type="button" key=${one} aria-pressed=${shown === one} onClick=${() => setShown(one)}>${one === "" ? words.t("all") : STEPS.includes(/** @type {any} */ (one)) ? words.t(`step_${one}`) : words.t(one)} <b>${found.kpis.filter(is[one]).length}</b></button>`)}</div>
    ${rows.length === 0 ? html`<p class="empty">${words.t("noneOfThese")}</p>` : html`<${DataTable} columns=${columnsOf(reader, found)} rows=${rows} words=${words} label=${words.t("indicators")} stacked=${true} />`}
  </section>`;
}

function columnsOf(reader, found) {
  const { words } = reader;
  return [
    { key: "code", label: words.t("code"), sort: (kpi) => kpi.code, cell: (kpi) => html`<a class="nowrap" href=${kpiPage(kpi.code, found.year)}><code>${kpi.code}</code></a>` },
    { key: "name", label: words.t("indicator"), sort: (kpi) => words.named(kpi.name), cell: (kpi) => html`<span class="wordy">${words.named(kpi.name)}${kpi.unverified && html` <span class="tag">${words.t("u4ssc_unverified")}</span>`}</span>` },
    ...(found.round ? [
      { key: "unit", label: words.t("whoAsked"), sort: (kpi) => kpi.step?.unit, cell: (kpi) => kpi.step?.unit ?? "–" },
      { key: "step", label: words.t("stepWord"), sort: (kpi) => STEPS.indexOf(kpi.step?.state), cell: (kpi) => html`<${Step} kpi=${kpi} words=${words} />` },
    ] : []),
    { key: "state", label: words.t("state"), sort: (kpi) => words.t(`u4ssc_${kpi.state}`), cell: (kpi) => html`<span class="nowrap">${words.t(`u4ssc_${kpi.state}`)}${kpi.data_points.length > 1 ? ` (${kpi.data_points.filter((point) => point.state !== "missing").length}/${kpi.data_points.length})` : ""}</span>` },
    { key: "value", label: words.t("value"), align: /** @type {const} */ ("right"), cell: (kpi) => (kpi.data_points.length === 1 ? pointValue(kpi.data_points[0], reader) : "") },
    { key: "ask", label: words.t("toLookAt"), sort: (kpi) => -kpi.findings.length, cell: (kpi) => kpi.findings.map((one) => html`<span class="wordy" key=${one.rule + one.data_point}>${one.severity === "wrong" ? html`<b class="bad">▲ </b>` : ""}${words.named(one.text)}</span>`) },
  ];
}

function pointValue(point, reader) {
  return point.stated?.not_reported && point.value === null ? "NR" : valueText(point.value, point.unit, reader);
}

