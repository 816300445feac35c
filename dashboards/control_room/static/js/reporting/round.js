// A year's round: until when, how far it is, and for whoever may: opened, moved, closed.

import { html, useState } from "../html.js";
import { now } from "../clock.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { formatTime } from "../format/times.js";
import { said } from "../states.js";
import { roundPath, STEPS } from "./data.js";

const DAY_MS = 86400000;

/** @param {{city: any, found: any, asked: any}} props */
export function Round({ city, found, asked }) {
  const reader = useReader();
  const { words } = reader;
  const { round } = found;
  const others = found.rounds.filter((one) => one.year !== found.year);
  return html`<section class="card" aria-label=${words.t("collectionRound")}>
    <header class="card-head"><h2>${words.t("collectionRound")} ${found.year}</h2>${round && html`<span class="tag">${words.t(round.closed ? "roundClosed" : "roundOpen")}</span>`}</header>
    ${round ? html`<p class="deadline"><b>${words.t("deadline")} ${dayText(round.deadline, reader)}</b> ${!round.closed && html`<${Left} deadline=${round.deadline} reader=${reader} />`}</p>
      <${Progress} counts=${round} total=${round.kpis} words=${words} />
      ${round.open_questions > 0 && html`<p class="note">${words.t("openQuestions", { count: round.open_questions })}</p>`}
      ${round.note && html`<p>${round.note}</p>`}`
      : html`<p class="muted">${words.t("noRound", { year: found.year })}</p>${!asked.admin && html`<p class="muted">${words.t("noRoundHint")} <code>bypuls u4ssc round ${city.slug} --year ${found.year} --deadline ${suggested(found.year)}</code></p>`}`}
    ${asked.admin && html`<${Keeping} city=${city} found=${found} again=${asked.retry} words=${words} />`}
    ${others.length > 0 && html`<p class="muted">${words.t("otherRounds")}: ${others.map((one, at) => html`${at > 0 && " · "}<a key=${one.year} href=${`/reporting?year=${one.year}`}>${one.year}</a> (${words.t(one.closed ? "roundClosed" : "roundOpen")}, ${words.t("signedOf", { signed: one.signed, all: one.kpis })})`)}</p>`}
  </section>`;
}

/** A civil day of the API. @param {string} day */
export const dayText = (day, reader) => formatTime(Date.parse(`${day}T12:00:00Z`), "date", { language: reader.language, zone: "UTC" });

function Left({ deadline, reader }) {
  const { words, zone } = reader;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(now());
  const days = Math.round((Date.parse(deadline) - Date.parse(today)) / DAY_MS);
  if (days < 0) return html`<span class="bad">▲ ${words.t(days === -1 ? "dayOver" : "daysOver", { count: -days })}</span>`;
  return html`<span class="muted">${days === 0 ? words.t("isToday") : words.t(days === 1 ? "dayLeft" : "daysLeft", { count: days })}</span>`;
}

/** @param {{counts: Record<string, number>, total: number, words: any}} props */
export function Progress({ counts, total, words }) {
  const told = STEPS.map((step) => `${words.t(`step_${step}`)}: ${counts[step]}`).join(", ");
  return html`<div class="progress" role="img" aria-label=${told}>${[...STEPS].reverse().map((step) => counts[step] > 0 && html`<i key=${step} class=${step} style=${{ flexGrow: counts[step] / total }} />`)}</div>
    <ul class="progress-key">${STEPS.map((step) => html`<li key=${step}><i class=${`swatch ${step}`} /> ${words.t(`step_${step}`)} <b>${counts[step]}</b></li>`)}</ul>`;
}

/** The first of March after the year, or four weeks from now: never a day that is over. @param {number} year */
function suggested(year) {
  const [march, soon] = [`${year + 1}-03-01`, new Date(now() + 28 * DAY_MS).toISOString().slice(0, 10)];
  return march > soon ? march : soon;
}

/** What needs an admin token. */
function Keeping({ city, found, again, words }) {
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  const { round } = found;
  const put = (body) => write("PUT", roundPath(city.slug, found.year), body).then(() => {
    setFailure(null);
    again();
  }, setFailure);
  const submit = (event) => {
    event.preventDefault();
    put({ deadline: String(new FormData(event.currentTarget).get("deadline")) });
  };
  return html`<form class="row-form" onSubmit=${submit}><label><span>${words.t("deadline")}</span><input type="date" name="deadline" required defaultValue=${round?.deadline ?? suggested(found.year)} /></label>
    <button type="submit" class="plain">${words.t(round ? "moveDeadline" : "openRound")}</button>
    ${round && html`<button type="button" class="plain" onClick=${() => put({ closed: !round.closed })}>${words.t(round.closed ? "reopenRound" : "closeRound")}</button>`}
    ${failure && html`<p class="bad" role="alert">▲ <span lang="en">${said(failure, words).detail}</span></p>`}</form>`;
}
