// A tile of "City now": one domain's answer to "is it fine now", and what it is heading for.

import { html, useMemo, useRef } from "../html.js";
import { usePanelData } from "../paneldata.js";
import { alignedSeries, rowsOf } from "../frames.js";
import { configOf, filledLink, shown } from "../fieldconfig.js";
import { now } from "../clock.js";
import { useReader, useTheme } from "../session.js";
import { cssColour, textOn } from "../format/colours.js";
import { classNumber, wordKeyOf } from "../format/thresholds.js";
import { asInstant, compactAge, formatSince, formatTime, spokenAge } from "../format/times.js";
import { formatQuantity, joined } from "../format/units.js";
import { followable } from "../router.js";
import { Empty, Failed, OldChip, Skeleton, useTick } from "../states.js";
import { Sparkline } from "../panels/sparkline.js";

/** Older than this is said to be old: hourly values come an hour late, and twice that is a value missed. */
const OLD_MS = 2.5 * 3600000;

/** @param {{panel: any, context: any}} props */
export function Tile({ panel, context }) {
  const element = useRef(null);
  const reader = useReader();
  const state = usePanelData(context, panel.id, element);
  const title = reader.translate(panel.title);
  return html`<section class="tile" ref=${element} aria-label=${title} data-panel=${panel.id}>
    <${Inside} panel=${panel} title=${title} state=${state} context=${context} reader=${reader} />
  </section>`;
}

function Inside({ panel, title, state, context, reader }) {
  const theme = useTheme();
  useTick(10000);
  const { data, failure, loadedAt, retry } = state;
  const tile = useMemo(() => (data ? tileOf(panel, data, reader, theme) : null), [panel, data, reader.words, theme]);
  if (!data) return html`<h2>${title}</h2>${failure ? html`<${Failed} failure=${failure} retry=${retry} small=${true} />` : html`<${Skeleton} rows=${3} />`}`;
  const { words } = reader;
  const board = boardLink(panel, tile.row, context);
  const heading = html`<h2>${board ? html`<a href=${board} title=${words.t("openBoard")}>${title}</a>` : title}</h2>`;
  const since = tile.newest !== null ? formatSince(tile.newest, now(), reader) : null;
  if (tile.nothing) {
    return html`<div class="tile-head">${heading}</div>
      <${Empty} text=${since ? words.t("noDataSince", { time: since }) : words.t("noData")} />
      <${Coverage} tile=${tile} reader=${reader} />`;
  }
  const old = failure ? loadedAt : tile.newest !== null && now() - tile.newest > OLD_MS ? tile.newest : null;
  return html`<div class=${`tile-in${old !== null ? " old" : ""}`}>
    <div class="tile-head">${heading}
      ${tile.word && html`<span class="chip" style=${{ background: tile.colour, color: textOn(tile.colour) }}>${tile.word}</span>`}
      ${tile.partial && html`<span class="tag" title=${words.t("partialHint")}>${words.t("partial")}</span>`}
      ${old !== null && html`<${OldChip} since=${old} failure=${failure} />`}</div>
    <div class="tile-main">
      <a class="tile-value" href=${tile.evidence ?? board} title=${words.t("whyThis")}>${tile.big.text}${tile.big.unit && html`<small> ${tile.big.unit}</small>`}</a>
      <${Sparkline} times=${tile.trend.times} values=${tile.trend.values} from=${data.to - 86400000} to=${data.to} target=${tile.trendTarget} />
    </div>
    <p class="tile-what">${tile.what}</p>
    ${tile.notes.length > 0 && html`<p class="tile-notes">${tile.notes.map((note, at) => html`<span key=${at}>${note}</span>`)}</p>`}
    <${Coverage} tile=${tile} reader=${reader} />
  </div>`;
}

function Coverage({ tile, reader }) {
  const { words } = reader;
  const age = tile.newest === null ? null : now() - tile.newest;
  const counted = typeof tile.row.sites_all === "number";
  const label = counted ? words.t("sitesLabel", { ok: tile.row.sites_ok, all: tile.row.sites_all, age: age === null ? "–" : spokenAge(age, reader.language) }) : "";
  const short = counted && tile.row.sites_ok < tile.row.sites_all;
  return html`<p class="tile-foot" title=${label}>
    ${counted && html`<span class=${short ? "short" : ""}>${short ? "▲ " : ""}${words.t("sites", { ok: tile.row.sites_ok, all: tile.row.sites_all })}</span>`}
    ${age !== null && html`<span aria-label=${label}>${compactAge(age, reader.language)}</span>`}
    ${tile.since && html`<span>${tile.since}</span>`}
  </p>`;
}

/** Everything a tile says, from its one row and its trend. */
export function tileOf(panel, data, reader, theme) {
  const { words, language } = reader;
  const main = data.frames.find((frame) => frame.refId === "A") ?? data.frames[0];
  const row = rowsOf(main)[0] ?? {};
  const field = main?.fields.find((one) => one.name === "value") ?? { name: "value", type: "number", values: [] };
  const config = configOf(panel, field);
  const said = shown(row.value ?? null, config, reader);
  const quantity = (value, unit, more = {}) => joined(formatQuantity(value, unit, { language, decimals: Math.abs(value) >= 10 ? 0 : 1, ...more }));
  const has = (name) => typeof row[name] === "number";
  const number = classNumber(row.band);
  // A class is said in words; the number to read is then what was measured.
  const classed = said.mapped && has("secondary_value");
  const deviation = typeof config.min === "number" && config.min < 0;
  const big = classed
    ? formatQuantity(row.secondary_value, row.secondary_unit, { language, decimals: row.secondary_value >= 10 ? 0 : 1 })
    : formatQuantity(row.value ?? 0, config.unit, { language, decimals: config.decimals ?? null, sign: deviation });
  const unit = classed ? row.secondary_unit : config.unit;
  const key = number ? `class${number}` : wordKeyOf(said.colour, config);
  const target = has("target") ? row.target : null;
  const notes = [];
  if (has("day_so_far")) notes.push(`${words.t("daySoFar", { value: quantity(row.day_so_far, unit) })}${has("hours_so_far") ? ` ${words.t("afterHours", { hours: row.hours_so_far })}` : ""}`);
  if (has("days_used") && has("days_allowed")) notes.push(words.t("daysUsed", { used: row.days_used, allowed: row.days_allowed }));
  if (!classed && has("secondary_value")) notes.push(`${reader.translate(row.secondary_label)} ${quantity(row.secondary_value, row.secondary_unit, { decimals: null })}`);
  if (target !== null && !deviation) notes.push(words.t("target", { value: quantity(target, unit) }));
  notes.push(...weatherNotes(row, quantity, words));
  const trend = alignedSeries(data.frames.filter((frame) => frame.refId !== main?.refId));
  const place = row.where ? words.t("at", { place: row.where }) : "";
  const start = asInstant(row.period_start);
  const period = row.period === "P1D" && start !== null ? formatTime(start + 43200000, "weekday", reader) : "";
  return {
    row, big, notes,
    nothing: row.value === null || row.value === undefined,
    word: said.mapped ? said.text : key ? words.t(key) : "",
    colour: cssColour(said.colour ?? undefined, theme) ?? "var(--raised)",
    partial: row.partial === true || row.quality === "partial",
    newest: asInstant(row.newest),
    since: asInstant(row.since) === null ? "" : words.t("since", { time: formatSince(asInstant(row.since), now(), reader) }),
    what: [classed ? reader.translate(row.secondary_label) : reader.translate(row.label) || kpiPhrase(row.kpi, words), place, period].filter(Boolean).join(" · "),
    trend: trend.series[0] ? { times: trend.times, values: trend.series[0].values } : { times: [], values: [] },
    trendTarget: deviation ? null : target,
    evidence: evidenceLink(row),
  };
}

/** What the indicator of a tile is, in a few words. @param {string | undefined} kpi @param {any} words */
function kpiPhrase(kpi, words) {
  const key = `kpi_${(kpi ?? "").replaceAll(".", "_")}`;
  const said = words.t(key);
  return said === key ? "" : said;
}

function weatherNotes(row, quantity, words) {
  const parts = [["temperature", "celsius"], ["wind", "velocityms"], ["precipitation", "lengthmm"]]
    .filter(([name]) => typeof row[name] === "number").map(([name, unit]) => quantity(row[name], unit, { decimals: name === "temperature" ? 0 : 1 }));
  return parts.length ? [`${words.t("weather")} ${parts.join(" · ")}`] : [];
}

/** @param {Record<string, any>} row */
function evidenceLink(row) {
  if (!row.kpi || !row.scope) return null;
  const start = asInstant(row.start ?? row.period_start);
  const query = new URLSearchParams({ kpi: row.kpi, scope_kind: row.scope_kind ?? "city", scope: row.scope, period: row.period ?? "PT1H" });
  if (start !== null) query.set("start", new Date(start).toISOString());
  return `/evidence?${query}`;
}

function boardLink(panel, row, context) {
  const url = panel.fieldConfig?.defaults?.links?.[0]?.url ?? panel.links?.[0]?.url;
  return url ? followable(filledLink(url.split("?")[0], { row, range: context.range })) : null;
}
