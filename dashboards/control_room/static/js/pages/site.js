// One site: every datastream with its flag and last value, its values over time, its devices' last messages.

import { html, useMemo, useState } from "../html.js";
import { getJson, getList } from "../api.js";
import { now } from "../clock.js";
import { Icon } from "../icons.js";
import { place } from "../navigation.js";
import { rangeOf } from "../router.js";
import { useCity, useReader, useTheme } from "../session.js";
import { useStore } from "../store.js";
import { approximateInstant, formatSince, formatTime } from "../format/times.js";
import { formatNumber } from "../format/numbers.js";
import { formatDuration, formatQuantity, joined, writtenUnit } from "../format/units.js";
import { DASHES, seriesColour } from "../format/colours.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { DataTable } from "../panels/table.js";
import { Chart } from "../panels/chart.js";
import { DEFAULT_RANGE } from "../timepicker.js";
import { Mark } from "../map/shapes.js";
import { Messages } from "./messages.js";
import { seriesOf } from "./rollups.js";

const AGAIN_MS = 30000;
const ATTRIBUTE_UNITS = { free_flow_speed: "km/h", floor_area: "m2", heated_area: "m2", heat_base_load: "kW.h/d", height: "m" };

/** @param {{slug: string}} props */
export function SitePage({ slug }) {
  const reader = useReader();
  const { words } = reader;
  const city = useCity();
  const key = city ? `${city.slug}/${slug}` : null;
  const { value, failure, retry } = useAsked(async (signal) => {
    const where = { city: city.slug, site: slug };
    const [site, datastreams, silent, properties] = await Promise.all([
      getJson(`/v1/sites/${encodeURIComponent(slug)}`, { city: city.slug }, { signal }),
      getList("/v1/datastreams", where, { signal }),
      getList("/v1/silent", where, { signal }),
      getList("/v1/properties", {}, { signal }),
    ]);
    return { site, datastreams, silent, properties };
  }, key, AGAIN_MS);
  if (failure && !value) return html`<div class="page"><h1>${slug}</h1><${Failed} failure=${failure} retry=${retry} /></div>`;
  if (!value) return html`<div class="page"><${Skeleton} rows=${8} /></div>`;
  return html`<${Site} ...${value} city=${city} reader=${reader} words=${words} />`;
}

function Site({ site, datastreams, silent, properties, city, reader, words }) {
  const names = useMemo(() => new Map(properties.map((property) => [property.property, words.named(property.name)])), [properties, words]);
  const quiet = new Map(silent.map((one) => [one.datastream, one]));
  const devices = [...new Set(datastreams.map((stream) => stream.device))];
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const measured = [...new Set(datastreams.map((stream) => stream.property))];
  const property = chosen ?? measured[0] ?? null;
  const last = useLast(city, site, datastreams);
  const attributes = Object.entries(site.attributes ?? {}).filter(([, value]) => typeof value !== "object");
  const columns = [
    { key: "property", label: words.t("property"), sort: (one) => names.get(one.property) ?? one.property, cell: (one) => html`<button type="button" class="linkish" aria-pressed=${one.property === property} onClick=${() => setChosen(one.property)}>${names.get(one.property) ?? one.property}</button>${one.channel ? ` · ${one.channel}` : ""}` },
    { key: "value", label: words.t("lastValue"), align: "right", cell: (one) => lastText(last?.get(one.datastream), one, reader) },
    { key: "last", label: words.t("last"), sort: (one) => one.last_time, cell: (one) => stateOf(one, quiet.get(one.datastream), reader) },
    { key: "flag", label: words.t("flag"), cell: (one) => flagOf(last?.get(one.datastream), words) },
    { key: "class", label: words.t("instrument"), sort: (one) => one.class, cell: (one) => words.code(one.class) },
    { key: "origin", label: words.t("origin"), sort: (one) => one.origin, cell: (one) => words.code(one.origin) },
    { key: "spacing", label: words.t("spacing"), align: "right", sort: (one) => one.expected_spacing_seconds, cell: (one) => (one.expected_spacing_seconds ? formatDuration(one.expected_spacing_seconds, reader.language) : "–") },
    { key: "device", label: words.t("device"), sort: (one) => one.device, cell: (one) => one.device },
  ];
  return html`<div class="page">
    <div class="page-head"><h1><${Mark} kind=${site.kind} size=${22} /> ${site.name}</h1>
      <p>${[words.code(site.kind), site.area, words.code(site.class)].filter(Boolean).join(" · ")}</p></div>
    <section class="card"><h2>${words.t("datastreams")}</h2>
      ${datastreams.length ? html`<${DataTable} columns=${columns} rows=${datastreams} words=${words} label=${words.t("datastreams")} />` : html`<p class="empty">${words.t("noDatastreams")}</p>`}</section>
    ${property && html`<${Values} city=${city} site=${site} property=${property} name=${names.get(property) ?? property} reader=${reader} />`}
    <div class="two">
      <${Messages} city=${city} devices=${devices} reader=${reader} />
      <section class="card"><h2>${words.t("attributes")}</h2><dl class="facts">
        <div><dt>${words.t("coordinates")}</dt><dd>${site.latitude === null ? "–" : words.t("openMap", { lat: formatNumber(site.latitude, { language: reader.language, decimals: 4 }), lon: formatNumber(site.longitude, { language: reader.language, decimals: 4 }) })}</dd></div>
        ${attributes.map(([name, value]) => html`<div key=${name}><dt>${words.code(name)}</dt><dd>${typeof value === "number" ? joined(formatQuantity(value, ATTRIBUTE_UNITS[name] ?? "", { language: reader.language })) : words.code(String(value))}</dd></div>`)}
      </dl></section>
    </div>
  </div>`;
}

/** The newest observation of every datastream, with its flag. */
function useLast(city, site, datastreams) {
  const key = datastreams.map((one) => `${one.datastream} ${one.last_time}`).join();
  const { value } = useAsked(async (signal) => {
    const answers = await Promise.all(datastreams.slice(0, 40).map((one) => getJson("/v1/observations", { city: city.slug, datastream: one.datastream, order: "desc", limit: 1 }, { signal }).catch(() => ({ data: [] }))));
    return new Map(answers.flatMap((answer) => answer.data).map((one) => [one.datastream, one]));
  }, datastreams.length ? `${city.slug} ${site.site} ${key}` : null);
  return value;
}

function lastText(observation, stream, reader) {
  if (!observation) return html`<span class="nothing">–</span>`;
  return observation.value === null ? html`<span class="nothing">${reader.words.t("noData")}</span>` : joined(formatQuantity(observation.value, stream.unit, { language: reader.language }));
}

function flagOf(observation, words) {
  if (!observation) return "–";
  const mark = { good: "", not_evaluated: "", suspect: "▲ ", fail: "✕ ", missing: "∅ " }[observation.quality] ?? "";
  return html`<span class=${`flag ${observation.quality}`}>${mark}${words.code(observation.quality)}</span>`;
}

function stateOf(stream, silent, reader) {
  if (!stream.last_time) return html`<span class="nothing">–</span>`;
  const since = formatSince(Date.parse(stream.last_time), now(), reader);
  return silent ? html`<span class="old-chip">○ ${reader.words.t("silentSince", { time: since })}</span>` : since;
}

function Values({ city, site, property, name, reader }) {
  const { words } = reader;
  const theme = useTheme();
  const query = useStore(place, (state) => state.route.query);
  const range = rangeOf(query, DEFAULT_RANGE);
  const [asTable, setAsTable] = useState(false);
  const bounds = useMemo(() => ({ from: approximateInstant(range.from, now()), to: approximateInstant(range.to, now()) }), [range.from, range.to, property]);
  const resolution = bounds.to - bounds.from > 3 * 86400000 ? "1h" : "5m";
  const { value: rows, failure, retry } = useAsked((signal) => getList("/v1/rollups", {
    city: city.slug, site: site.site, property, resolution, from: new Date(bounds.from).toISOString(), to: new Date(bounds.to).toISOString(), limit: 10000,
  }, { signal, most: 20000 }), `${city.slug} ${site.site} ${property} ${resolution} ${range.from} ${range.to}`);
  const drawn = useMemo(() => (rows ? seriesOf(rows) : null), [rows]);
  const unit = rows?.[0]?.unit ?? "";
  return html`<section class="panel card chart-card" data-panel="values" aria-label=${name}><header><h2>${name}${unit && ` (${writtenUnit(unit, reader.language)})`}</h2><span class="spacer" />
    <button type="button" class="icon" data-action="table" aria-pressed=${asTable} aria-label=${words.t(asTable ? "asChart" : "asTable")} title=${words.t(asTable ? "asChart" : "asTable")} onClick=${() => setAsTable(!asTable)}><${Icon} name=${asTable ? "chart" : "table"} /></button></header>
    <div class="panel-body">
      ${failure && !rows && html`<${Failed} failure=${failure} retry=${retry} />`}
      ${!failure && !rows && html`<${Skeleton} />`}
      ${drawn && (drawn.times.length === 0 ? html`<p class="empty">∅ ${words.t("noDataRange")}</p>` : asTable ? html`<${DataTable} words=${words} label=${name} rows=${[...rows].reverse()} columns=${[
        { key: "time", label: words.t("time"), sort: (row) => row.bucket, cell: (row) => formatTime(Date.parse(row.bucket), "short", reader) },
        { key: "device", label: words.t("device"), sort: (row) => row.device, cell: (row) => `${row.device}${row.channel ? ` · ${row.channel}` : ""}` },
        { key: "value", label: words.t("value"), align: "right", sort: (row) => row.mean ?? row.increase, cell: (row) => numberOf(row.mean ?? row.increase ?? row.sum, row.unit, reader) },
        { key: "coverage", label: words.t("coverage"), align: "right", sort: (row) => row.coverage, cell: (row) => numberOf(row.coverage, "percentunit", reader) },
      ]} />` : html`<${Chart} times=${drawn.times} from=${bounds.from} to=${bounds.to} unit=${unit} reader=${reader} theme=${theme} label=${`${name}, ${site.name}`}
        lines=${drawn.lines.map((line, at) => ({ ...line, unit, colour: seriesColour(at, theme), dash: DASHES[at % DASHES.length] }))} />`)}
    </div></section>`;
}

function numberOf(value, unit, reader) {
  return typeof value === "number" ? joined(formatQuantity(value, unit, { language: reader.language })) : "–";
}
