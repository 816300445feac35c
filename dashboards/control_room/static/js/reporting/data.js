// What the pages of reporting know of a city's year: asked for together, and again after every write.

import { useEffect } from "../html.js";
import { getJson, getList } from "../api.js";
import { expire, may, person, signInAgain } from "../person.js";
import { useStore } from "../store.js";
import { useAsked } from "../states.js";

export const SCOPE = "report";
export const STEPS = /** @type {const} */ (["asked", "entered", "checked", "signed"]);

/** @param {string} city @param {number} year */
export const roundPath = (city, year) => `/v1/collection-rounds/${encodeURIComponent(city)}/${year}`;

/** @param {string} city @param {number} year @param {string} code */
export const kpiPath = (city, year, code) => `${roundPath(city, year)}/assignments/${encodeURIComponent(compact(code))}`;

/** Where a KPI is on the page. @param {string} code @param {number} year */
export const kpiPage = (code, year) => `/reporting/${encodeURIComponent(compact(code))}?year=${year}`;

/** A code without its blanks, as addresses take it: "EN: EN: AQ: 1C" -> "EN:EN:AQ:1C". @param {string} code */
export const compact = (code) => code.replaceAll(" ", "");

/** Of one data point. @param {{code: string, data_point: string}} one */
export const keyOf = ({ code, data_point: point }) => `${code}|${point ?? ""}`;

/**
 * A city's year with everything that is said of it; names of persons only for whoever may see them.
 * @param {{slug: string}} city @param {number} year
 */
export function useYear(city, year) {
  const who = useStore(person, (state) => state);
  useEffect(signInAgain, []);
  const writes = may(who, SCOPE, city.slug);
  const token = writes ? who.token : "";
  const asked = useAsked((signal) => readYear(city, year, token, signal).catch((failure) => {
    if (!token || failure?.problem?.status !== 401) throw failure;
    expire(token);
    return readYear(city, year, "", signal);
  }), who.waking ? null : `${city.slug} ${year} ${writes}`, 0, token);
  return { ...asked, writes, admin: may(who, "admin", city.slug) && who.scopes.includes("admin"), who };
}

/** @param {{slug: string}} city @param {number} year @param {string} token empty: as everybody reads it @param {AbortSignal} signal */
async function readYear(city, year, token, signal) {
  const of = roundPath(city.slug, year);
  const how = { signal, bearer: token };
  const place = { city: city.slug, year };
  const [assessment, rounds, assignments, missing, checks, reported, catalogue, people, questions] = await Promise.all([
    getJson("/v1/u4ssc/assessment", place, { signal }),
    getList("/v1/collection-rounds", { city: city.slug }, { signal }),
    getList(`${of}/assignments`, { limit: 1000 }, { signal }),
    getJson(`${of}/missing`, {}, how),
    getJson(`${of}/checks`, {}, { signal }),
    getList("/v1/reported-values", { ...place, origin: "reported", limit: 1000 }, { signal }),
    getJson("/v1/u4ssc", {}, { signal }),
    token ? getJson(`${of}/people`, {}, how).catch(noneWithoutRound) : [],
    token ? getJson(`${of}/questions`, {}, how) : [],
  ]);
  return yearOf({ assessment, rounds, assignments, missing, checks, reported, catalogue: catalogue.data, people, questions }, year);
}

/** Nobody is asked in a year without a round. @param {any} failure @returns {any[]} */
function noneWithoutRound(failure) {
  if (failure?.problem?.status === 404) return [];
  throw failure;
}

/** Answers of the API as the page looks them up. Pure. @param {any} answers @param {number} year */
export function yearOf({ assessment, rounds, assignments, missing, checks, reported, catalogue, people, questions }, year) {
  const named = new Map(people.map((one) => [one.code, one]));
  const stated = new Map(reported.map((one) => [keyOf(one), one]));
  const defined = new Map(catalogue.map((one) => [keyOf(one), one]));
  const steps = new Map(assignments.map((one) => [one.code, one]));
  return {
    year,
    label: assessment.label,
    counts: assessment.kpi_counts,
    rounds,
    round: rounds.find((one) => one.year === year) ?? null,
    missing,
    findings: checks.findings,
    ofYear: checks.findings.filter((one) => !one.code),
    kpis: assessment.kpis.map((kpi) => ({
      ...kpi,
      step: steps.get(kpi.code) ?? null,
      people: named.get(kpi.code) ?? null,
      findings: checks.findings.filter((one) => one.code === kpi.code),
      questions: questions.filter((one) => one.code === kpi.code),
      data_points: kpi.data_points.map((point) => ({ ...point, stated: stated.get(keyOf(point)) ?? null, defined: defined.get(keyOf(point)) ?? null })),
    })),
  };
}

/** How far a list of KPIs is. @param {any[]} kpis */
export function stepCounts(kpis) {
  return Object.fromEntries(STEPS.map((step) => [step, kpis.filter((kpi) => kpi.step?.state === step).length]));
}

/**
 * Who is asked for what: a group per unit and contact with its KPIs and what it lacks; nobody's come last.
 * @param {ReturnType<typeof yearOf>} found
 */
export function unitsOf(found) {
  const groups = new Map();
  const lacking = grouped(found.missing.data, (one) => one.code);
  for (const kpi of found.kpis) {
    const unit = kpi.step?.unit ?? "";
    const contact = kpi.people?.contact ?? "";
    const key = JSON.stringify([unit, contact]);
    if (!groups.has(key)) groups.set(key, { key, unit, contact, kpis: [], lacks: [] });
    groups.get(key).kpis.push(kpi);
    groups.get(key).lacks.push(...(lacking.get(kpi.code) ?? []));
  }
  return [...groups.values()].sort((one, other) => Number(!one.unit) - Number(!other.unit) || one.unit.localeCompare(other.unit));
}

/** @template Row @param {Row[]} rows @param {(row: Row) => string} by @returns {Map<string, Row[]>} */
function grouped(rows, by) {
  const found = new Map();
  for (const row of rows) found.set(by(row), [...(found.get(by(row)) ?? []), row]);
  return found;
}
