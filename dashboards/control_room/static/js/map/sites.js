// Rows of a geomap panel as sites, and what a site says in words. Pure.

import { configOf, shown } from "../fieldconfig.js";
import { cssColour } from "../format/colours.js";
import { fieldOf, rowsOf } from "../frames.js";
import { classNumber, wordKeyOf } from "../format/thresholds.js";
import { asInstant, formatSince } from "../format/times.js";
import { formatQuantity, joined } from "../format/units.js";
import { now } from "../clock.js";

/** @typedef {import("./map.js").MapSite} MapSite */

/** @param {Record<string, any>[]} rows @returns {MapSite[]} */
export function sitesOf(rows) {
  return rows.map((row) => ({
    site: row.site,
    name: row.name ?? row.site,
    kind: row.kind ?? "other",
    latitude: row.latitude ?? row.lat,
    longitude: row.longitude ?? row.lon,
    classNumber: classNumber(row.class_code ?? row.class ?? row["class code"] ?? row.band),
    silent: row.silent === true || row.silent === 1,
    value: row.value ?? null,
    unit: row.unit ?? "",
    label: row.label ?? row.property ?? "",
    newest: asInstant(row.newest),
  }));
}

/**
 * Sites of any geomap panel: coloured by the field that its layer names.
 * @param {any} panel @param {any} frame @param {any} reader @param {"dark" | "light"} theme
 * @returns {MapSite[]}
 */
export function colouredSites(panel, frame, reader, theme) {
  const rows = rowsOf(frame);
  const sites = sitesOf(rows);
  const field = fieldOf(frame, panel.options?.layers?.[0]?.config?.style?.color?.field);
  if (!field || /^class/.test(field.name)) return sites;
  const config = configOf(panel, field, frame.refId);
  return sites.map((site, at) => {
    const said = shown(rows[at][field.name], config, reader);
    const key = wordKeyOf(said.colour, config);
    return { ...site, classNumber: null, colour: said.nothing ? null : cssColour(said.colour ?? undefined, theme), word: said.nothing ? "" : key ? reader.words.t(key) : "", said: said.full };
  });
}

/** @param {MapSite} site @param {any} reader @param {{short?: boolean}} [how] */
export function siteText(site, reader, { short = false } = {}) {
  const { words } = reader;
  const parts = short ? [] : [site.name, words.code(site.kind)];
  if (site.silent) parts.push(site.newest ? words.t("silentSince", { time: formatSince(site.newest, now(), reader) }) : words.t("silent"));
  else if (site.classNumber) parts.push(words.t(`class${site.classNumber}`));
  if (!site.silent && site.said) parts.push([site.word, site.said].filter(Boolean).join(" "));
  else if (!site.silent && typeof site.value === "number") {
    const quantity = joined(formatQuantity(site.value, site.unit, { language: reader.language }));
    parts.push(site.label ? `${words.translate(site.label)} ${quantity}` : quantity);
  }
  if (parts.length === 0) parts.push(words.t("class0"));
  return parts.join(" · ");
}
