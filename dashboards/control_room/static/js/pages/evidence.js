// Evidence of one value: which sensors, which formula, what was left out, which standard; and the hours behind it.

import { html, useMemo } from "../html.js";
import { address, getJson } from "../api.js";
import { now } from "../clock.js";
import { useCity, useReader, useTheme } from "../session.js";
import { asInstant, formatSince, formatTime } from "../format/times.js";
import { formatQuantity, joined } from "../format/units.js";
import { classColour, textOn } from "../format/colours.js";
import { classNumber } from "../format/thresholds.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { DataTable } from "../panels/table.js";
import { Chart } from "../panels/chart.js";
import { seriesColour } from "../format/colours.js";
import { factsOf, Facts } from "./facts.js";

const BEFORE = { PT1H: 72 * 3600000, P1D: 45 * 86400000, P1M: 3 * 366 * 86400000, P1Y: 12 * 366 * 86400000 };

/** What an address asks about. @param {import("../router.js").Route} route */
export function wantedOf(route) {
  const query = route.query;
  const at = query.get("start");
  const start = at && /^\d{11,14}$/.test(at) ? Number(at) : asInstant(at);
  return { kpi: route.id ?? query.get("kpi"), scope_kind: query.get("scope_kind") ?? "city", scope: query.get("scope"), period: query.get("period") ?? "PT1H", start };
}

/** @param {{route: import("../router.js").Route}} props */
export function EvidencePage({ route }) {
  const reader = useReader();
  const { words } = reader;
  const city = useCity();
  const wanted = wantedOf(route);
  const scope = wanted.scope ?? city?.slug;
  const key = city && wanted.kpi ? JSON.stringify([city.slug, wanted, scope]) : null;
  const { value, failure, retry } = useAsked((signal) => loadEvidence(city.slug, { ...wanted, scope }, signal), key);
  if (!wanted.kpi) return html`<div class="page"><h1>${words.t("evidence")}</h1><p>${words.t("chooseValue")}</p></div>`;
  if (failure && !value) return html`<div class="page"><h1>${words.t("evidence")}</h1><${Failed} failure=${failure} retry=${retry} /></div>`;
  if (!value) return html`<div class="page"><${Skeleton} rows=${8} /></div>`;
  const title = words.named(value.kpi.definition.title) || wanted.kpi;
  return html`<div class="page">
    <div class="page-head"><p class="muted">${words.t("evidence")} · ${words.t("evidenceIntro")}</p><h1>${title}</h1>
      <p>${words.named(value.kpi.definition.question)}</p></div>
    ${value.found ? html`<${Found} ...${value} city=${city} reader=${reader} />` : html`<p class="empty">∅ ${words.t("noSuchValue")}</p>`}
    ${value.why && html`<${Why} why=${value.why} reader=${reader} />`}
    <${Neighbours} rows=${value.neighbours} found=${value.found} reader=${reader} title=${title} />
  </div>`;
}

/** Everything about one value, in two rounds of requests: the value first, for its version and its time. */
async function loadEvidence(city, { kpi, scope_kind, scope, period, start }, signal) {
  const where = { city, kpi, scope_kind, scope, period, include: "insufficient" };
  const iso = (at) => new Date(at).toISOString();
  const ask = start === null ? { ...where, latest: true } : { ...where, from: iso(start), to: iso(start + 1000) };
  const found = (await getJson("/v1/kpi-values", ask, { signal })).data[0] ?? null;
  const at = found ? Date.parse(found.start) : (start ?? now());
  const span = BEFORE[period] ?? BEFORE.P1D;
  const [definition, neighbours, inputs, earlier, why] = await Promise.all([
    // Without its definition a value still has its evidence.
    getJson(`/v1/kpis/${encodeURIComponent(kpi)}`, { version: found?.version }, { signal }).catch(() => ({ definition: {} })),
    getJson("/v1/kpi-values", { ...where, from: iso(at - span), to: iso(Math.min(now(), at + span / 3) + 1000), limit: 1000 }, { signal }),
    found?.evidence.inputs ? getJson(found.evidence.inputs, { limit: 500 }, { signal }).catch(() => null) : null,
    found ? earlierOf(found, where, signal) : [],
    found?.value === null || (!found && start !== null) ? getJson("/v1/why", { city, kpi, scope_kind, scope, period, start: found?.start ?? iso(start) }, { signal }).catch(() => null) : null,
  ]);
  return { found, kpi: definition, neighbours: neighbours.data, inputs, earlier, why };
}

/** What was said before: when the period ended, and when the value became final. */
async function earlierOf(found, where, signal) {
  const times = [found.ends, found.final_at].filter((time) => Date.parse(time) < now() && Date.parse(time) < Date.parse(found.computed_at));
  const said = await Promise.all(times.map((as_of) => getJson("/v1/kpi-values", { ...where, from: found.start, to: new Date(Date.parse(found.start) + 1000).toISOString(), as_of }, { signal })
    .then((answer) => ({ as_of, value: answer.data[0] ?? null }), () => ({ as_of, value: null }))));
  return said.filter((one) => one.value && one.value.value !== found.value);
}

function Found({ found, kpi, inputs, earlier, city, reader }) {
  const { words, language } = reader;
  const number = classNumber(found.band);
  const shown = found.value === null ? null : formatQuantity(found.value, found.unit, { language });
  const evidence = found.evidence;
  const indicative = evidence.indicative === true;
  const simulated = (evidence.origin ?? []).includes("simulated");
  const csv = evidence.inputs ? address(evidence.inputs, { format: "csv" }) : null;
  return html`
    <section class="card evidence-value">
      <div><p class=${`big${shown ? "" : " nothing"}`}>${shown ? html`${shown.text} <small>${shown.unit}</small>` : words.t("noData")}</p>
        ${found.band && html`<span class="chip" style=${number ? { background: classColour(number), color: textOn(classColour(number)) } : {}}>${number ? words.t(`class${number}`) : words.code(found.band)}</span>`}
        ${evidence.partial && html`<span class="tag" title=${words.t("partialHint")}>${words.t("partial")}</span>`}
        ${evidence.estimate && html`<span class="tag" title=${words.named(evidence.estimate_why)}>${words.t("estimate")}</span>`}
        ${found.quality !== "ok" && html`<span class="old-chip">${words.code(found.quality)}${found.reason ? `: ${words.code(found.reason)}` : ""}</span>`}</div>
      <p>${words.t(`scope_${found.scope_kind}`)} ${found.scope_kind === "site" ? html`<a href=${`/site/${encodeURIComponent(found.scope)}`}>${found.scope}</a>` : found.scope}${" · "}${words.t(found.period)} · ${words.t("periodFrom", { from: formatTime(Date.parse(found.start), "full", reader), to: formatTime(Date.parse(found.ends), "full", reader) })}</p>
      ${simulated && html`<p class="note">▲ ${words.t("simulatedValue")}</p>`}
      ${indicative && !simulated && html`<p class="note">▲ ${words.t("indicativeValue")}</p>`}
    </section>
    <${Facts} facts=${factsOf(found, kpi, reader)} words=${words} />
    ${inputs && html`<section class="card"><header class="card-head"><h2>${words.t("inputs")}</h2><span class="spacer" />${csv && html`<a class="panel-link" href=${csv} download>${words.t("csv")}</a>`}</header>
      <${Inputs} rows=${inputs.data} reader=${reader} /></section>`}
    <section class="card"><h2>${words.t("history")}</h2>
      ${earlier.length === 0 ? html`<p class="muted">${words.t("noHistory")}</p>` : html`<ul class="plain-list">${earlier.map(({ as_of, value }) => html`<li key=${as_of}>${formatSince(Date.parse(as_of), now(), reader)}: <b>${joined(formatQuantity(value.value, value.unit, { language }))}</b> ${words.code(value.status)}</li>`)}
        <li>${formatSince(Date.parse(found.computed_at), now(), reader)}: <b>${shown ? joined(shown) : "–"}</b> ${words.code(found.status)}</li></ul>`}</section>`;
}

/** Why there is no number, and what was refused meanwhile. */
function Why({ why, reader }) {
  const { words } = reader;
  const refused = why.series.flatMap((one) => one.refused);
  return html`<section class="card"><h2>${words.t("whyEmpty")}</h2><p>${words.named(why.sentence)}</p>
    ${why.raw_dropped && html`<p class="muted">${words.named(why.raw_dropped.note)}</p>`}
    ${refused.length > 0 && html`<ul class="plain-list">${refused.slice(0, 5).map((one) => html`<li key=${one.id}><span class="nowrap">${formatSince(Date.parse(one.last_received_at), now(), reader)}</span> ${words.code(one.reason)}: ${one.detail} <span class="mend">${one.hint}</span></li>`)}</ul>`}
  </section>`;
}

function Inputs({ rows, reader }) {
  const { words, language } = reader;
  const quantity = (value, unit) => (typeof value === "number" ? joined(formatQuantity(value, unit, { language })) : "–");
  const columns = [
    { key: "hour", label: words.t("hourShort"), sort: (row) => row.bucket, cell: (row) => formatTime(Date.parse(row.bucket), "short", reader) },
    { key: "device", label: words.t("device"), sort: (row) => row.device, cell: (row) => `${row.device}${row.channel ? ` · ${row.channel}` : ""}` },
    { key: "property", label: words.t("property"), sort: (row) => row.property, cell: (row) => row.property },
    { key: "site", label: words.t("site"), sort: (row) => row.site, cell: (row) => (row.site ? html`<a href=${`/site/${encodeURIComponent(row.site)}`}>${row.site}</a>` : "–") },
    { key: "value", label: words.t("value"), align: "right", sort: (row) => row.increase ?? row.mean ?? row.sum, cell: (row) => quantity(row.increase ?? row.mean ?? row.sum, row.unit) },
    { key: "coverage", label: words.t("coverage"), align: "right", sort: (row) => row.coverage, cell: (row) => quantity(row.coverage, "percentunit") },
    { key: "good", label: words.t("goodCount"), align: "right", sort: (row) => row.n_good, cell: (row) => String(row.n_good + row.n_not_evaluated) },
    { key: "suspect", label: words.t("suspectCount"), align: "right", sort: (row) => row.n_suspect, cell: (row) => String(row.n_suspect) },
    { key: "fail", label: words.t("failCount"), align: "right", sort: (row) => row.n_fail, cell: (row) => String(row.n_fail) },
    { key: "class", label: words.t("instrument"), sort: (row) => row.class, cell: (row) => words.code(row.class) },
  ];
  return html`<${DataTable} columns=${columns} rows=${rows} words=${words} label=${words.t("inputs")} sortBy="hour" />`;
}

/** The same indicator before and after, so that one value is seen among its like. */
function Neighbours({ rows, found, reader, title }) {
  const theme = useTheme();
  const { words } = reader;
  const series = useMemo(() => ({ times: rows.map((row) => Date.parse(row.start)), values: rows.map((row) => (row.quality === "ok" ? row.value : null)) }), [rows]);
  if (rows.length < 2) return null;
  return html`<section class="panel card chart-card" aria-label=${words.t("neighbours")}><header><h2>${words.t("neighbours")}</h2></header><div class="panel-body">
    <${Chart} times=${series.times} from=${series.times[0]} to=${series.times.at(-1)} unit=${rows[0].unit} reader=${reader} theme=${theme} label=${`${words.t("neighbours")}: ${title}`} legend=${false}
      lines=${[{ label: title, values: series.values, colour: seriesColour(0, theme), unit: rows[0].unit }]}
      limits=${found && typeof found.detail?.limit === "number" && found.unit !== "days" && found.unit !== "hours" ? [{ value: found.detail.limit, label: words.t("limit"), color: seriesColour(1, theme) }] : []} />
  </div></section>`;
}
