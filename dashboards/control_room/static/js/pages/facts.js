// The facts of an evidence, in the order a reader asks: formula, coverage, sensors, left out, standard, version.

import { html } from "../html.js";
import { now } from "../clock.js";
import { formatSince } from "../format/times.js";
import { formatNumber } from "../format/numbers.js";
import { formatQuantity, joined } from "../format/units.js";

/** @typedef {{name: string, value: any}[]} FactList */

/**
 * @param {any} found a KPI value of the API @param {any} kpi its definition @param {any} reader
 * @returns {FactList}
 */
export function factsOf(found, kpi, reader) {
  const { words, language } = reader;
  const evidence = found.evidence ?? {};
  const definition = kpi.definition ?? {};
  const count = (value) => formatNumber(value, { language, decimals: 0 });
  const facts = [
    { name: "formula", value: formulaOf(definition, words) },
    { name: "coverage", value: coverageOf(found, evidence, words, language) },
    { name: "sensors", value: sensorsOf(evidence, words, count) },
    { name: "leftOut", value: leftOutOf(evidence, words, count) },
    { name: "standard", value: evidence.standard ?? definition.parameters?.standard ?? null },
    { name: "edition", value: evidence.edition ?? null },
    { name: "verification", value: unverifiedOf(evidence, words) },
    { name: "calibration", value: evidence.calibrations?.length ? evidence.calibrations.map((one) => `${formatNumber(one.slope, { language })} · x + ${formatNumber(one.intercept, { language })} (${words.t("sinceDay", { day: one.from.slice(0, 10) })})`).join("; ") : null },
    { name: "source", value: definition.source ?? null },
    { name: "judged", value: definition.judges_law === true ? words.t("yes") : null },
    { name: "detail", value: detailOf(found.detail, language, words) },
    { name: "status", value: `${words.code(found.status)} · ${words.t("quality").toLowerCase()}: ${words.code(found.quality)}` },
    { name: "computedAt", value: formatSince(Date.parse(found.computed_at), now(), reader) },
    { name: "version", value: html`<code>${short(found.version)}</code>` },
    { name: "fingerprint", value: evidence.inputs_hash ? html`<code>${short(evidence.inputs_hash)}</code>` : null },
  ];
  return facts.filter((fact) => fact.value !== null && fact.value !== "");
}

/** @param {{facts: FactList, words: any}} props */
export function Facts({ facts, words }) {
  return html`<section class="card"><dl class="facts wide">${facts.map(({ name, value }) => html`<div key=${name}><dt>${words.t(name)}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

/** What of the standard nobody has checked. */
function unverifiedOf(evidence, words) {
  if (evidence.standard_status && evidence.standard_status !== "verified") return words.t("standardStatus", { status: words.code(evidence.standard_status) });
  return evidence.unverified?.length ? words.t("standardStatus", { status: `${words.code("unverified")}: ${evidence.unverified.join(", ")}` }) : null;
}

/** @param {string} hash */
const short = (hash) => hash.replace(/^(sha256:.{12}).*/, "$1…");

function formulaOf(definition, words) {
  if (!definition.calculator) return null;
  const inputs = Object.keys(definition.inputs ?? {}).join(", ");
  const parameters = Object.entries(definition.parameters ?? {}).filter(([, value]) => typeof value !== "object").map(([name, value]) => `${words.code(name)} ${value}`);
  const combined = definition.scope ? Object.entries(definition.scope).map(([kind, how]) => `${words.t(`scope_${kind}`)}: ${words.code(String(how))}`).join("; ") : "";
  return html`<code>${definition.calculator}(${inputs})</code>${parameters.length > 0 && ` · ${parameters.join(", ")}`}${combined && html`<br /><span class="muted">${combined}</span>`}`;
}

function coverageOf(found, evidence, words, language) {
  const parts = [];
  if (typeof found.coverage === "number") parts.push(joined(formatQuantity(found.coverage, "percentunit", { language, decimals: 0 })));
  if (evidence.hours) parts.push(words.t("ofHours", { valid: evidence.hours.valid, expected: evidence.hours.expected }));
  if (evidence.days) parts.push(words.t("ofDays", { valid: evidence.days.valid, expected: evidence.days.expected }));
  if (typeof evidence.hours?.elapsed === "number") parts.push(words.t("elapsed", { elapsed: evidence.hours.elapsed, expected: evidence.hours.expected }));
  return parts.join(" · ");
}

function sensorsOf(evidence, words, count) {
  const parts = [];
  if (typeof evidence.sites === "number") parts.push(evidence.expected_sites ? words.t("sitesUsed", { used: evidence.sites, expected: evidence.expected_sites }) : `${words.t("sitesCount")}: ${count(evidence.sites)}`);
  if (typeof evidence.datastreams === "number") parts.push(`${words.t("datastreams").toLowerCase()}: ${count(evidence.datastreams)}`);
  parts.push([...(evidence.class ?? []), ...(evidence.origin ?? [])].map((one) => words.code(one)).join(", "));
  return parts.filter(Boolean).join(" · ");
}

function leftOutOf(evidence, words, count) {
  const { suspect = 0, fail = 0, invalidated = 0 } = evidence.left_out ?? {};
  const missing = evidence.missing?.length ? `${words.t("missing")}: ${evidence.missing.join(", ")}` : "";
  const parts = [suspect && words.t("suspectValues", { count: count(suspect) }), fail && words.t("failValues", { count: count(fail) }), invalidated && words.t("invalidValues", { count: count(invalidated) }), missing].filter(Boolean);
  return parts.length ? parts.join(" · ") : words.t("nothingLeftOut");
}

function detailOf(detail, language, words) {
  if (!detail || typeof detail !== "object" || Array.isArray(detail)) return null;
  const said = (value) => (typeof value === "number" ? formatNumber(value, { language }) : Array.isArray(value) ? value.map(said).join(", ") : value && typeof value === "object" ? Object.entries(value).map(([name, one]) => `${name} ${said(one)}`).join(", ") : String(value));
  return Object.entries(detail).slice(0, 12).map(([name, value]) => `${words.code(name)}: ${said(value)}`).join(" · ");
}
