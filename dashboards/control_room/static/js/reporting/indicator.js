// One KPI of a city's year: what it is, how far it is, its data points to enter, and the questions about it.

import { html, useState } from "../html.js";
import { now } from "../clock.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { SignedIn } from "../signin.js";
import { formatSince } from "../format/times.js";
import { Failed, said, Skeleton } from "../states.js";
import { compact, kpiPage, kpiPath, roundPath, SCOPE, useYear } from "./data.js";
import { DataPoint } from "./entry.js";
import { Steps } from "./steps.js";

/** @param {{city: any, year: number, code: string}} props */
export function IndicatorPage({ city, year, code }) {
  const { words } = useReader();
  const asked = useYear(city, year);
  const { value: found, failure, retry } = asked;
  const back = html`<p><a href=${`/reporting?year=${year}`}>← ${words.t("reporting")} ${year}</a></p>`;
  if (!found) return html`<div class="page">${back}${failure ? html`<${Failed} failure=${failure} retry=${retry} />` : html`<${Skeleton} rows=${8} />`}</div>`;
  const at = found.kpis.findIndex((one) => compact(one.code) === compact(code));
  const kpi = found.kpis[at];
  if (!kpi) return html`<div class="page">${back}<h1>${words.t("missingPage")}</h1><p>${words.t("noSuchIndicator", { code })}</p></div>`;
  const beside = (other, text) => other && html`<a href=${kpiPage(other.code, year)} title=${words.named(other.name)}>${text}</a>`;
  const locked = kpi.step?.state === "signed" || found.round?.closed === true;
  return html`<div class="page">
    <div class="card-head"><a href=${`/reporting?year=${year}`}>← ${words.t("reporting")} ${year}</a><span class="spacer" />${beside(found.kpis[at - 1], `‹ ${words.t("before")}`)} ${beside(found.kpis[at + 1], `${words.t("next")} ›`)}</div>
    <div class="page-head"><h1>${words.named(kpi.name)}</h1><p><code>${kpi.code}</code> · ${words.named(kpi.dimension)} · ${words.named(kpi.category)}${kpi.unverified && html` · <span class="tag">${words.t("u4ssc_unverified")}</span>`}</p>
      <p>${words.named(kpi.definition)}</p>${kpi.formula && html`<p class="muted"><span>${words.t("formula")}:</span> <span lang="en">${kpi.formula}</span></p>`}</div>
    <div class="card-head page-tools"><span class="tag">${words.named(found.label)}</span><span class="spacer" /><${SignedIn} city=${city} scope=${SCOPE} /></div>
    ${failure && html`<${Failed} failure=${failure} retry=${retry} />`}
    <${Steps} city=${city} kpi=${kpi} found=${found} asked=${asked} />
    ${kpi.findings.filter((one) => !kpi.data_points.some((point) => point.data_point === one.data_point)).map((one) => html`<p key=${one.rule} class="note">${words.named(one.text)} <small class="muted" lang="en">(${one.source})</small></p>`)}
    ${kpi.data_points.map((point) => html`<${DataPoint} key=${`${point.data_point} ${asked.writes}`} city=${city} year=${year} kpi=${kpi} point=${point} writes=${asked.writes && !locked} again=${retry} />`)}
    ${asked.writes && kpi.step && html`<${Questions} city=${city} year=${year} kpi=${kpi} again=${retry} />`}
  </div>`;
}

function Questions({ city, year, kpi, again }) {
  const reader = useReader();
  const { words } = reader;
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const sent = (method, path, name) => (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    write(method, path, { [name]: String(new FormData(form).get(name)) }).then(() => {
      setFailure(null);
      form.reset();
      again();
    }, setFailure);
  };
  const at = (who, time) => `${who} · ${formatSince(Date.parse(time), now(), reader)}`;
  return html`<section class="card" aria-label=${words.t("questions")}><h2>${words.t("questions")}</h2>
    ${kpi.questions.length > 0 && html`<ul class="questions">${kpi.questions.map((one) => html`<li key=${one.id}><p><b>${one.question}</b> <span class="muted">${at(one.asked_by, one.asked_at)}</span></p>
      ${one.answer ? html`<p>${one.answer} <span class="muted">${at(one.answered_by, one.answered_at)}</span></p>` : html`<form class="row-form" onSubmit=${sent("PUT", `${roundPath(city.slug, year)}/questions/${one.id}`, "answer")}><label><span>${words.t("answer")}</span><input name="answer" required maxlength="4000" autocomplete="off" /></label><button type="submit" class="plain">${words.t("doAnswer")}</button></form>`}</li>`)}</ul>`}
    <form class="row-form" onSubmit=${sent("POST", `${kpiPath(city.slug, year, kpi.code)}/questions`, "question")}><label><span>${words.t("newQuestion")}</span><input name="question" required maxlength="4000" autocomplete="off" /></label><button type="submit" class="plain">${words.t("doAskQuestion")}</button></form>
    ${failure && html`<p class="bad" role="alert">▲ <span lang="en">${said(failure, words).detail}</span></p>`}
  </section>`;
}
