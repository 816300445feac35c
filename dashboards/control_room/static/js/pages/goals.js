// Where the city stands by its goals: U4SSC's indicators of a year, each with its state; and the plan's targets.

import { html, useState } from "../html.js";
import { getJson, getList } from "../api.js";
import { now } from "../clock.js";
import { adjust } from "../navigation.js";
import { useCity, useReader } from "../session.js";
import { formatNumber } from "../format/numbers.js";
import { formatQuantity, joined } from "../format/units.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { useSiteNames } from "../areas.js";
import { DataTable } from "../panels/table.js";
import { valueText } from "../reporting/values.js";
import { Measure } from "./effects.js";

const STATES = ["measured", "register", "reported", "missing"];
const YEARS = 6;

/** @param {{route: import("../router.js").Route}} props */
export function GoalsPage({ route }) {
  const { words } = useReader();
  const city = useCity();
  const latest = new Date(now()).getUTCFullYear();
  const asked = Number(route.query.get("year"));
  const year = asked >= 2000 && asked <= latest ? asked : latest;
  return html`<div class="page">
    <div class="page-head"><h1>${words.t("goals")} ${year}</h1><p>${words.t("goalsIntro")}</p></div>
    <div class="card-head"><label class="muted" for="goals-year">${words.t("yearWord")}</label>
      <select id="goals-year" value=${year} onChange=${(event) => adjust({ year: event.currentTarget.value })}>
        ${Array.from({ length: YEARS }, (_, at) => latest - at).map((one) => html`<option key=${one} value=${one} selected=${one === year}>${one}</option>`)}</select></div>
    ${city && html`<${Assessed} city=${city} year=${year} /><${Plan} city=${city} />`}
  </div>`;
}

function Assessed({ city, year }) {
  const reader = useReader();
  const { words } = reader;
  const [shown, setShown] = useState("");
  const { value, failure, retry } = useAsked((signal) => getJson("/v1/u4ssc/assessment", { city: city.slug, year }, { signal }), `${city.slug} ${year}`);
  if (failure && !value) return html`<${Failed} failure=${failure} retry=${retry} />`;
  if (!value) return html`<${Skeleton} rows=${8} />`;
  const counts = value.kpi_counts;
  const rows = value.kpis.flatMap((kpi) => kpi.data_points.map((point) => ({ kpi, point }))).filter(({ point }) => !shown || (shown === "unverified" ? point.unverified : point.state === shown));
  return html`<section class="card">
    <header class="card-head"><h2>${words.t("u4sscOf", { count: counts.total })}</h2><span class="tag">${words.named(value.label)}</span></header>
    <div class="tally" role="group" aria-label=${words.t("byState")}>${[...STATES, "unverified"].map((state) => html`<button type="button" key=${state} class=${state} aria-pressed=${shown === state} onClick=${() => setShown(shown === state ? "" : state)}>
      <b>${counts[state]}</b> <span>${words.t(`u4ssc_${state}`)}</span></button>`)}</div>
    <ul class="plain-list">${value.groups.filter((group) => group.level === "dimension").map((group) => html`<li key=${group.dimension.en}><b>${words.named(group.dimension)}</b> ${words.t("withValue", { count: group.with_value, total: group.total })}${group.score?.percent === null || group.score?.percent === undefined ? "" : ` · ${formatNumber(group.score.percent, { language: words.language, decimals: 0 })} % ${words.t("ofPoints")}`}</li>`)}</ul>
    <${DataTable} columns=${columnsOf(reader)} rows=${rows} words=${words} label=${words.t("goals")} stacked=${true} />
  </section>`;
}

function columnsOf(reader) {
  const { words } = reader;
  return [
    { key: "code", label: words.t("code"), sort: ({ kpi }) => kpi.code, cell: ({ kpi }) => html`<code class="nowrap">${kpi.code}</code>` },
    { key: "name", label: words.t("indicator"), sort: ({ kpi }) => words.named(kpi.name), cell: ({ kpi, point }) => html`<span class="wordy">${words.named(kpi.name)}${point.data_point ? `: ${words.named(point.name)}` : ""}</span>` },
    { key: "category", label: words.t("category"), sort: ({ kpi }) => words.named(kpi.category), cell: ({ kpi }) => words.named(kpi.category) },
    { key: "state", label: words.t("state"), sort: ({ point }) => STATES.indexOf(point.state), cell: ({ point }) => stateOf(point, words) },
    { key: "value", label: words.t("value"), align: "right", sort: ({ point }) => point.value, cell: ({ point }) => valueText(point.value, point.unit, reader) },
    { key: "band", label: words.t("ofTarget"), align: "right", sort: ({ point }) => point.percent, cell: ({ point }) => (point.band ? words.t(`band_${point.band}`) : "–") },
    { key: "why", label: words.t("evidence"), cell: ({ point }) => whyOf(point, words) },
  ];
}

function stateOf(point, words) {
  const marks = [point.provisional && words.code("provisional"), point.simulated && words.t("simulated"), point.unverified && words.t("u4ssc_unverified")].filter(Boolean);
  return html`${words.t(`u4ssc_${point.state}`)}${marks.map((mark) => html` <span class="tag" key=${mark}>${mark}</span>`)}`;
}

function whyOf(point, words) {
  const evidence = point.evidence;
  if (evidence?.kpi) {
    const query = new URLSearchParams({ scope_kind: "city", period: evidence.period ?? "P1Y", ...(evidence.start ? { start: evidence.start } : {}) });
    return html`<a href=${`/evidence/${encodeURIComponent(evidence.kpi)}?${query}`}>${evidence.kpi}</a>`;
  }
  return html`<span class="wordy">${point.source ?? words.named(point.reason_text) ?? ""}</span>`;
}

function Plan({ city }) {
  const reader = useReader();
  const { words } = reader;
  const { value, failure, retry } = useAsked((signal) => getJson("/v1/plans", { city: city.slug }, { signal }), city.slug);
  // What changed after measures takes longer to work out than how they stand, and may fail by itself.
  const effects = useAsked((signal) => getList("/v1/measures/effects", { city: city.slug }, { signal }), value?.goals.some((goal) => goal.measures.length > 0) ? city.slug : null);
  const sites = useSiteNames();
  if (failure && !value) return html`<${Failed} failure=${failure} retry=${retry} />`;
  if (!value) return html`<${Skeleton} rows=${4} />`;
  const { goals } = value; // a withdrawn one is among them where a measure of it was locked
  const names = new Map([...sites, ...goals.flatMap((goal) => goal.measures.map((one) => [one.measure, words.named(one.title)]))]);
  if (goals.length === 0) return html`<section class="card"><h2>${words.t("plan")}</h2><p class="muted">${words.t("noPlan")}</p></section>`;
  return html`<section class="card"><h2>${words.t("plan")}</h2>${goals.map((goal) => html`<${Goal} key=${goal.goal} goal=${goal} effects=${effects} names=${names} reader=${reader} />`)}</section>`;
}

function Goal({ goal, effects, names, reader }) {
  const { words } = reader;
  return html`<section><h3>${words.named(goal.title)} <span class="tag">${goal.withdrawn_at ? words.t("withdrawn") : words.code(goal.status)}</span></h3>
    <p class="muted">${goal.owner} · ${goal.source}</p>
    ${goal.targets.length > 0 && html`<${DataTable} columns=${targetColumns(reader)} rows=${goal.targets} words=${words} label=${words.named(goal.title)} stacked=${true} />`}
    ${goal.measures.length > 0 && html`<h4>${words.t("measuresAndEffects")}</h4>
      ${effects.failure && !effects.value && html`<${Failed} failure=${effects.failure} retry=${effects.retry} small=${true} />`}
      <ul class="measures">${goal.measures.map((measure) => html`<${Measure} key=${measure.measure} measure=${measure} effects=${effects.value?.filter((one) => one.measure === measure.measure) ?? null} names=${names} reader=${reader} />`)}</ul>`}
  </section>`;
}

function targetColumns(reader) {
  const { words, language } = reader;
  const quantity = (value, unit) => (typeof value === "number" ? joined(formatQuantity(value, unit, { language })) : "–");
  return [
    { key: "title", label: words.t("target"), sort: (one) => words.named(one.title), cell: (one) => html`<span class="wordy">${words.named(one.title)}<br /><small class="muted">${[one.kpi ?? one.u4ssc, one.data_point].filter(Boolean).join(": ")}</small></span>` },
    { key: "scope", label: words.t("scope"), sort: (one) => one.scope, cell: (one) => one.scope },
    { key: "value", label: words.t("value"), align: "right", sort: (one) => one.latest?.value, cell: (one) => (one.latest ? `${quantity(one.latest.value, one.latest.unit)} · ${one.latest.period}` : "–") },
    { key: "required", label: words.t("required"), align: "right", sort: (one) => one.required_this_year, cell: (one) => quantity(one.required_this_year, one.unit) },
    { key: "target", label: words.t("toReach"), align: "right", sort: (one) => one.due, cell: (one) => `${quantity(one.value, one.unit)} · ${one.due.slice(0, 4)}` },
    { key: "status", label: words.t("status"), sort: (one) => one.status, cell: (one) => html`<span class="wordy"><b>${words.code(one.status)}</b>${one.sentence ? html`<br /><small class="muted">${words.named(one.sentence)}</small>` : ""}</span>` },
  ];
}
