// Asked, entered, checked, signed by a second person: where a KPI stands, who took it there, and the next step.

import { html, useState } from "../html.js";
import { now } from "../clock.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { formatSince } from "../format/times.js";
import { said } from "../states.js";
import { kpiPath, STEPS } from "./data.js";

const MARKS = { asked: "○", entered: "◐", checked: "◕", signed: "●" };

/** @param {{kpi: any, words: any}} props */
export function Step({ kpi, words }) {
  const state = kpi.step?.state;
  return state ? html`<span class=${`step ${state}`}><span aria-hidden="true">${MARKS[state]}</span> ${words.t(`step_${state}`)}</span>` : "–";
}

/** @param {{city: any, kpi: any, found: any, asked: any}} props */
export function Steps({ city, kpi, found, asked }) {
  const reader = useReader();
  const { words } = reader;
  const { step, people } = kpi;
  if (!step) return null;
  const at = STEPS.indexOf(step.state);
  return html`<section class="card" aria-label=${words.t("howFar")}><header class="card-head"><h2>${words.t("howFar")}</h2><span class="spacer" /><span>${words.t("whoAsked")}: <b>${step.unit ?? words.t("nobodyAsked")}</b>${people?.contact && html` · ${people.contact}`}</span></header>
    <ol class="steps">${STEPS.map((name, index) => html`<li key=${name} class=${index < at ? "past" : index === at ? "here" : ""} aria-current=${index === at ? "step" : undefined}>
      <b><span aria-hidden="true">${index <= at ? MARKS[name] : "·"}</span> ${words.t(`step_${name}`)}</b>
      ${index <= at && step[`${name}_at`] && html`<span class="muted">${[people?.[`${name}_by`], formatSince(Date.parse(step[`${name}_at`]), now(), reader)].filter(Boolean).join(" · ")}</span>`}</li>`)}</ol>
    ${people?.reopened_why && step.state !== "signed" && html`<p class="note">${words.t("reopenedBecause", { name: people.reopened_by ?? "" })} ${people.reopened_why}</p>`}
    ${found.round?.closed && html`<p class="note">${words.t("roundIsClosed")}</p>`}
    ${asked.writes && !found.round?.closed && html`<${Next} city=${city} kpi=${kpi} year=${found.year} asked=${asked} />`}
    ${asked.admin && html`<${AskOther} city=${city} kpi=${kpi} year=${found.year} again=${asked.retry} words=${words} />`}
  </section>`;
}

/** Why a step was not taken, in a sentence; what the API says stands beside it. */
function whyNot({ deed, failure }, kpi, words) {
  const { status } = failure?.problem ?? {};
  if (deed === "sign" && status === 403) return words.t("signSecond");
  if (deed === "check" && status === 409) return words.t("cannotCheck");
  return words.t("notDone");
}

function Next({ city, kpi, year, asked }) {
  const { words } = useReader();
  const [refusal, setRefusal] = useState(/** @type {{deed: string, failure: any} | null} */ (null));
  const [busy, setBusy] = useState(false);
  const { state } = kpi.step;
  const take = async (deed, body) => {
    setBusy(true);
    try {
      await write("POST", `${kpiPath(city.slug, year, kpi.code)}/${deed}`, body);
      setRefusal(null);
    } catch (failure) {
      setRefusal({ deed, failure });
    }
    setBusy(false);
    asked.retry();
  };
  const reopen = (event) => {
    event.preventDefault();
    take("reopen", { why: String(new FormData(event.currentTarget).get("why")) });
  };
  // Sensors give the whole of it: there is nothing to enter.
  const measured = state === "asked" && kpi.complete && !kpi.data_points.some((point) => point.provisional);
  const own = kpi.people?.entered_by === asked.who.name;
  return html`<div class="next">
    ${state === "asked" && !measured && html`<p class="muted">${words.t("nextEnter")}</p>`}
    ${(state === "entered" || measured) && html`<p class="muted">${words.t(measured ? "nextCheckMeasured" : "nextCheck")}</p><button type="button" class="plain primary" disabled=${busy} onClick=${() => take("check")}>${words.t("doCheck")}</button>`}
    ${state === "checked" && html`<p class="muted">${words.t(own ? "nextSignOther" : "nextSign")}</p><button type="button" class=${own ? "plain" : "plain primary"} disabled=${busy} onClick=${() => take("sign")}>${words.t("doSign")}</button>`}
    ${state === "signed" && html`<p class="muted">${words.t("isSigned")}</p>`}
    ${refusal && html`<p class="refusal" role="alert"><b class="bad">▲ ${whyNot(refusal, kpi, words)}</b> <span class="muted" lang="en">${said(refusal.failure, words).detail}</span></p>`}
    ${(state === "checked" || state === "signed") && html`<form class="row-form" onSubmit=${reopen}><label><span>${words.t("reopenWhy")}</span><input name="why" required maxlength="4000" autocomplete="off" /></label><button type="submit" class="plain" disabled=${busy}>${words.t("doReopen")}</button></form>`}
  </div>`;
}

function AskOther({ city, kpi, year, again, words }) {
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const submit = (event) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const contact = String(typed.get("contact")).trim();
    write("PATCH", kpiPath(city.slug, year, kpi.code), { unit: String(typed.get("unit")).trim(), contact: contact || null }).then(() => {
      setFailure(null);
      again();
    }, setFailure);
  };
  return html`<details class="ask-other"><summary>${words.t("askOther")}</summary><form class="row-form" onSubmit=${submit}>
    <label><span>${words.t("unitOfCity")}</span><input name="unit" maxlength="200" autocomplete="off" defaultValue=${kpi.step.unit ?? ""} /></label>
    <label><span>${words.t("contact")}</span><input name="contact" maxlength="200" autocomplete="off" defaultValue=${kpi.people?.contact ?? ""} /></label>
    <button type="submit" class="plain">${words.t("doAsk")}</button>
    ${failure && html`<p class="bad" role="alert">▲ <span lang="en">${said(failure, words).detail}</span></p>`}</form></details>`;
}
