// One data point: what stands, and for whoever may write a form with what to look at beside each field.

import { html, useEffect, useRef, useState } from "../html.js";
import { address } from "../api.js";
import { now } from "../clock.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { formatSince } from "../format/times.js";
import { joined, writtenUnit, formatQuantity } from "../format/units.js";
import { said } from "../states.js";
import { messageOf } from "./files.js";
import { bodyOf, hasParts, isYesNo, quotient, readNumber, typedNumber, valueText } from "./values.js";

const QUALITIES = ["accurate_measurement", "survey_extrapolation", "higher_level_extrapolation", "assumption_estimate", "personal_estimate", "unknown_method"];
/** The API's names of what a form calls otherwise. */
const FIELDS = { result: "value", not_reported: "value" };

/** @param {{city: any, year: number, kpi: any, point: any, writes: boolean, again: () => void}} props */
export function DataPoint({ city, year, kpi, point, writes, again }) {
  const reader = useReader();
  const { words } = reader;
  const title = point.data_point ? words.named(point.name) : words.t("value");
  return html`<section class="card entry" aria-label=${title}>
    <header class="card-head"><h2>${title}</h2><span class="muted">${words.t("inUnit", { unit: unitText(point, words) })}</span><span class="spacer" /><span>${words.t(`u4ssc_${point.state}`)}</span></header>
    <${Standing} point=${point} reader=${reader} />
    ${writes ? html`<${Form} city=${city} year=${year} kpi=${kpi} point=${point} again=${again} />` : html`<${Findings} kpi=${kpi} point=${point} words=${words} />`}
  </section>`;
}

const unitText = (point, words) => (isYesNo(point) ? words.t("yesOrNo") : writtenUnit(point.unit, words.language) || words.t("number"));

/** The value that counts, and every other there is. */
function Standing({ point, reader }) {
  const { words } = reader;
  if (point.value === null && point.candidates.length === 0) return html`<p class="muted">${point.stated?.not_reported ? words.t("answeredNr") : words.named(point.reason_text) || words.t("noValueYet")}</p>`;
  return html`<dl class="facts">${point.candidates.map((one, at) => html`<div key=${at}><dt>${words.t(`u4ssc_${one.origin}`)}${one.used && html` <span class="tag">${words.t("counts")}</span>`}</dt>
    <dd><b>${valueText(one.value, one.unit, reader)}</b>${one.numerator !== null && ` (${typedNumber(one.numerator, reader.language)}${one.denominator === null ? "" : ` / ${typedNumber(one.denominator, reader.language)}`})`}
      <span class="muted"> ${[one.data_quality && words.t(`quality_${one.data_quality}`), one.data_origin, one.source, one.comment, one.simulated && words.t("simulated"), one.provisional && words.code("provisional"), words.named(one.reason_text)].filter(Boolean).join(" · ")}</span></dd></div>`)}</dl>`;
}

/** What a verifier would ask of this data point, a line each. */
function Findings({ kpi, point, words }) {
  const found = kpi.findings.filter((one) => one.data_point === point.data_point);
  return found.length > 0 && html`<ul class="findings">${found.map((one) => html`<li key=${one.rule} class=${one.severity}><span aria-hidden="true">${one.severity === "wrong" ? "▲" : "?"}</span> <span>${words.named(one.text)} <small class="muted" lang="en">(${one.source})</small></span></li>`)}</ul>`;
}

function typedOf(stated, point, language) {
  return {
    value: isYesNo(point) ? (stated?.value === 1 ? "yes" : stated?.value === 0 ? "no" : "") : stated?.numerator === null || stated?.numerator === undefined ? typedNumber(stated?.value, language) : "",
    numerator: typedNumber(stated?.numerator, language), denominator: typedNumber(stated?.denominator, language), unit: "",
    quality: stated?.data_quality === "unknown_method" ? "" : (stated?.data_quality ?? ""), source: stated?.source ?? "", origin: stated?.data_origin ?? "", comment: stated?.comment ?? "", none: stated?.not_reported ?? false,
  };
}

/** Which version of a value somebody saw. @param {any} stated */
const versionOf = (stated) => stated?.changed_at ?? "none";

function Form({ city, year, kpi, point, again }) {
  const reader = useReader();
  const { words, language } = reader;
  const { stated } = point;
  // What the form began with. Another's number that comes meanwhile stands beside it, and is replaced on purpose alone.
  const [base, setBase] = useState(stated);
  const known = useRef([versionOf(stated)]);
  const before = typedOf(base, point, language);
  const [typed, setTyped] = useState(before);
  const begin = (from) => {
    known.current.push(versionOf(from));
    setBase(from);
    setTyped(typedOf(from, point, language));
  };
  const other = !known.current.includes(versionOf(stated));
  const touched = Object.keys(before).some((name) => typed[name] !== before[name]);
  useEffect(() => other && !touched && begin(stated), [versionOf(stated)]);
  const [told, setTold] = useState(/** @type {{at: Record<string, any[]>, failure?: any, done?: string, warnings?: any[]}} */ ({ at: {} }));
  const [busy, setBusy] = useState(false);
  const change = (name) => (event) => {
    const { value, checked, type } = event.currentTarget;
    setTyped((before) => ({ ...before, [name]: type === "checkbox" ? checked : value }));
  };
  const attempt = async (method, seen, body) => {
    setBusy(true);
    try {
      const answer = await write(method, address("/v1/reported-values", { city: city.slug, year, code: kpi.code, data_point: point.data_point, seen: versionOf(seen) }), body);
      setTold({ at: {}, done: method === "DELETE" ? "takenBack" : "stored", warnings: answer?.warnings ?? [] });
      begin(answer?.value ?? null);
      again();
    } catch (failure) {
      setTold(toldBy(failure));
      if (failure?.problem?.status === 409) again();
    }
    setBusy(false);
  };
  /** @param {any} seen what stands and is replaced @param {any} untouched what the form began with of it */
  const save = (seen, untouched) => {
    const { body, wrong } = bodyOf(typed, point, language, untouched);
    if (Object.keys(wrong).length > 0) setTold({ at: Object.fromEntries(Object.entries(wrong).map(([name, text]) => [name, [{ text: words.t(text) }]])) });
    else attempt("PUT", seen, body);
  };
  const submit = (event) => {
    event.preventDefault();
    save(base, base && before);
  };
  const field = { typed, change, told, words, id: `point-${point.data_point || "value"}` };
  // The plausibility rules' stand among the findings already.
  const noted = (told.warnings ?? []).filter((one) => !kpi.findings.some((finding) => one.message.startsWith(finding.text.en)));
  const computed = hasParts(point) ? quotient(readNumber(typed.numerator, language).number, readNumber(typed.denominator, language).number, point.defined.multiplier) : null;
  return html`<form class="entry-form" onSubmit=${submit} noValidate>
    <label class="tick"><input type="checkbox" name="none" checked=${typed.none} onChange=${change("none")} /> <span>${words.t("noValueNr")}</span></label>
    ${!typed.none && html`<div class="fields numbers">
      ${hasParts(point) && html`<${Field} ...${field} name="numerator" label=${words.t("numerator")} hint=${point.defined.numerator} number=${true} /><${Field} ...${field} name="denominator" label=${words.t("denominator")} hint=${point.defined.denominator} number=${true} />`}
      ${isYesNo(point) ? html`<${Field} ...${field} name="value" label=${words.t("value")} options=${[["", "–"], ["yes", words.t("yes")], ["no", words.t("no")]]} />` : html`<${Field} ...${field} name="value" label=${words.t(hasParts(point) ? "orResult" : "value")} number=${true} computed=${computed === null ? "" : `= ${joined(formatQuantity(computed, point.unit, { language }))}`} /><${Field} ...${field} name="unit" label=${words.t("otherUnit")} placeholder=${unitText(point, words)} />`}
    </div>`}
    <${Findings} kpi=${kpi} point=${point} words=${words} />
    <div class="fields">
      <${Field} ...${field} name="quality" label=${words.t("dataQuality")} options=${[["", words.t("quality_unknown_method")], ...QUALITIES.slice(0, -1).map((one) => [one, words.t(`quality_${one}`)])]} />
      <${Field} ...${field} name="source" label=${words.t("dataSource")} />
      <${Field} ...${field} name="origin" label=${words.t("dataOrigin")} />
      <${Field} ...${field} name="comment" label=${words.t("noteWord")} wide=${true} />
    </div>
    <p class="muted">${words.t("isPublished")}</p>
    ${other && touched && html`<${Overtaken} stated=${stated} typed=${typed} who=${kpi.people?.entered_by} busy=${busy} replace=${() => save(stated, null)} take=${() => begin(stated)} reader=${reader} />`}
    ${told.failure && !(other && touched) && html`<p class="refusal" role="alert"><b class="bad">▲ ${words.t("notStored")}</b> <span lang="en">${said(told.failure, words).detail}</span></p>`}
    <p class="buttons"><button type="submit" class="plain primary" disabled=${busy || (other && touched)}>${words.t("store")}</button>
      ${stated && html`<button type="button" class="plain" disabled=${busy} onClick=${() => confirm(words.t("takeBackSure")) && attempt("DELETE", base)}>${words.t("takeBack")}</button>`}
      <span role="status">${told.done && html`<span class="done">✓ ${words.t(told.done)}</span>`}</span></p>
    ${noted.map((one) => html`<p key=${one.message} class="note">${messageOf(one, words)}</p>`)}
  </form>`;
}

/** What somebody else entered while this was typed, and what was typed: one of them is chosen. */
function Overtaken({ stated, typed, who, busy, replace, take, reader }) {
  const { words, language } = reader;
  const parts = (numerator, denominator) => (numerator ? ` (${numerator}${denominator ? ` / ${denominator}` : ""})` : "");
  const theirs = !stated ? words.t("takenBack") : stated.not_reported ? "NR" : `${valueText(stated.value, stated.unit, reader)}${parts(typedNumber(stated.numerator, language), typedNumber(stated.denominator, language))}`;
  const yours = typed.none ? "NR" : `${["yes", "no"].includes(typed.value) ? words.t(typed.value) : typed.value} ${typed.unit}${parts(typed.numerator, typed.denominator)}`.trim();
  const told = [stated && who, stated && formatSince(Date.parse(stated.changed_at), now(), reader)].filter(Boolean).join(" · ");
  return html`<div class="refusal" role="alert"><p><b class="bad">▲ ${words.t("overtaken")}</b></p>
    <dl class="facts"><div><dt>${words.t("standsNow")}</dt><dd><b>${theirs}</b> <span class="muted">${told}</span></dd></div><div><dt>${words.t("youTyped")}</dt><dd><b>${yours || "–"}</b></dd></div></dl>
    <p class="buttons"><button type="button" class="plain" disabled=${busy} onClick=${take}>${words.t("takeTheirs")}</button><button type="button" class="plain" disabled=${busy} onClick=${replace}>${words.t("replaceTheirs")}</button></p></div>`;
}

/** A refusal beside the fields it is about; what names none of them stands below. */
function toldBy(failure) {
  const at = {};
  const known = ["value", "numerator", "denominator", "unit"];
  for (const one of failure?.problem?.errors ?? []) {
    const name = FIELDS[one.where] ?? one.where;
    if (known.includes(name)) at[name] = [...(at[name] ?? []), one];
  }
  return Object.keys(at).length > 0 ? { at } : { at, failure };
}

/** A labelled field with what is wrong with it right below. */
function Field({ typed, change, told, words, id, name, label, hint = "", number = false, options = null, placeholder = "", computed = "", wide = false }) {
  const wrong = told.at[name] ?? [];
  const own = `${id}-${name}`;
  const shared = { id: own, name, "aria-invalid": wrong.length > 0 ? "true" : undefined, "aria-describedby": wrong.length > 0 ? `${own}-wrong` : undefined };
  return html`<div class=${wide ? "field wide" : "field"}><label for=${own}>${label}${hint && html` <small lang="en">${hint}</small>`}</label>
    ${options ? html`<select ...${shared} value=${typed[name]} onChange=${change(name)}>${options.map(([value, text]) => html`<option key=${value} value=${value} selected=${typed[name] === value}>${text}</option>`)}</select>` : html`<input ...${shared} value=${typed[name]} onInput=${change(name)} placeholder=${placeholder} autocomplete="off" maxlength=${number ? 40 : 4000} inputmode=${number ? "decimal" : undefined} />`}
    ${computed && html`<output class="muted">${computed}</output>`}
    ${wrong.length > 0 && html`<div class="wrong" id=${`${own}-wrong`} role="alert">${wrong.map((one, at) => html`<p key=${at}>▲ ${typeof one.text === "string" ? one.text : messageOf(one, words)}</p>`)}</div>`}</div>`;
}
