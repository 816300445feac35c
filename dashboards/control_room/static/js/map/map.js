// The map of sites: districts as base layer, marks by class and kind, and the same as a list.

import { html, render, useEffect, useRef, useState } from "../html.js";
import { loadLeaflet } from "../scripts.js";
import { classColour } from "../format/colours.js";
import { go } from "../navigation.js";
import { DataTable } from "../panels/table.js";
import { Mark } from "./shapes.js";
import { placesOf } from "./names.js";
import { siteText } from "./sites.js";

/**
 * @typedef {{site: string, name: string, kind: string, latitude: number, longitude: number, classNumber: number | null,
 *   silent: boolean, value: number | null, unit: string, newest: number | null, label?: string,
 *   colour?: string | null, word?: string, said?: string}} MapSite
 */

/** @param {{sites: MapSite[], areas: any[], tiles: any, reader: any, theme: string, label: string}} props */
export function SiteMap({ sites, areas, tiles, reader, theme, label }) {
  const holder = useRef(null);
  const state = useRef(/** @type {any} */ (null));
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let gone = false;
    let observer = null;
    loadLeaflet().then((L) => {
      if (gone || !holder.current) return;
      const map = L.map(holder.current, { zoomControl: false, attributionControl: Boolean(tiles), scrollWheelZoom: false, zoomSnap: 0, zoomDelta: 0.5, keyboard: true });
      map.attributionControl?.setPrefix(false);
      L.control.zoom({ position: "bottomright", zoomInTitle: "+", zoomOutTitle: "−" }).addTo(map);
      if (tiles) L.tileLayer(tiles.url, { attribution: tiles.attribution, maxZoom: 19, className: "tiles" }).addTo(map);
      map.createPane("names").style.zIndex = "450"; // below the marks
      map.on("focus click", () => map.scrollWheelZoom.enable());
      map.on("blur mouseout", () => map.scrollWheelZoom.disable());
      state.current = { L, map, marks: new Map(), districts: null, names: [], fitted: "", scale: 1 };
      map.on("zoomend", () => placeNames(state.current));
      observer = new ResizeObserver(() => {
        map.invalidateSize({ animate: false });
        fit(state.current);
        placeNames(state.current);
      });
      observer.observe(holder.current);
      setReady(true);
    }, () => {});
    return () => {
      gone = true;
      observer?.disconnect();
      state.current?.map.remove();
      state.current = null;
    };
  }, [tiles]);

  useEffect(() => {
    if (ready && state.current) drawDistricts(state.current, areas);
  }, [ready, areas]);
  useEffect(() => {
    if (ready && state.current) drawSites(state.current, sites, reader);
  }, [ready, sites, reader.words, theme]);

  return html`<div class="map" ref=${holder} role="application" aria-label=${label} />`;
}

function drawDistricts(state, areas) {
  const { L, map } = state;
  state.districts?.remove();
  for (const { marker } of state.names) marker.remove();
  const bounded = areas.filter((area) => area.boundary);
  const features = bounded.map((area) => ({ type: "Feature", geometry: area.boundary, properties: {} }));
  state.districts = L.geoJSON({ type: "FeatureCollection", features }, { interactive: false, style: { className: "district", weight: 1 } }).addTo(map);
  state.names = bounded.map((area) => nameOf(L, area)).sort((one, other) => other.ring.length - one.ring.length);
  state.fitted = "";
  fit(state);
  placeNames(state);
}

function nameOf(L, { name, boundary }) {
  const rings = boundary.type === "MultiPolygon" ? boundary.coordinates.map((polygon) => polygon[0]) : [boundary.coordinates[0]];
  const ring = rings.reduce((longest, one) => (one.length > longest.length ? one : longest)).map(([longitude, latitude]) => L.latLng(latitude, longitude));
  const element = document.createElement("span");
  element.textContent = name;
  const icon = L.divIcon({ html: element, className: "district-name", iconSize: null });
  return { ring, element, name, marker: L.marker(ring[0], { icon, interactive: false, keyboard: false, pane: "names" }) };
}

/** Names stand where no mark is; one without room is left out until somebody zooms in. */
function placeNames(state) {
  if (!state?.fitted) return;
  const { map, names, marks } = state;
  const { x: width, y: height } = map.getSize();
  const point = (place) => map.latLngToContainerPoint(place);
  for (const one of names) {
    one.marker.addTo(map);
    one.width ||= one.element.offsetWidth;
    one.height ||= one.element.offsetHeight;
  }
  const taken = [...marks.values()].map(({ marker, size }) => ({ ...point(marker.getLatLng()), width: size + 4, height: size + 2 }));
  const places = placesOf(names.map((one) => ({ name: one.name, ring: one.ring.map(point), width: one.width })), taken, { height: names[0]?.height ?? 0, within: { width, height } });
  names.forEach((one, at) => {
    if (places[at]) one.marker.setLatLng(map.containerPointToLatLng(places[at]));
    else one.marker.remove();
  });
}

/** What has no class is context: smaller, so that what is judged stands out. @param {MapSite} site @param {number} scale */
function sizeOf(site, scale) {
  return Math.round((site.classNumber !== null || site.colour || site.silent ? 20 : 14) * scale);
}

/** @param {any} L @param {MapSite} site @param {number} size */
function iconOf(L, site, size) {
  const element = document.createElement("div");
  render(html`<${Mark} kind=${site.kind} classNumber=${site.classNumber} own=${site.colour} silent=${site.silent} size=${size} />`, element);
  return L.divIcon({ html: element, className: "site-mark", iconSize: [size + 4, size + 4] });
}

function drawSites(state, sites, reader) {
  const { L, map, marks } = state;
  const placed = sites.filter((site) => typeof site.latitude === "number" && typeof site.longitude === "number");
  const seen = new Set();
  state.points = placed.map((site) => [site.latitude, site.longitude]);
  fit(state);
  for (const site of placed) {
    seen.add(site.site);
    const text = siteText(site, reader);
    const size = sizeOf(site, state.scale);
    const look = `${site.kind} ${site.classNumber} ${site.colour} ${site.silent} ${size} ${text}`;
    let mark = marks.get(site.site);
    if (mark && mark.look === look) continue;
    if (!mark) {
      mark = { marker: L.marker([site.latitude, site.longitude], { keyboard: true, icon: iconOf(L, site, size) }).addTo(map), look };
      mark.marker.on("click keypress", (event) => {
        if (event.type === "click" || event.originalEvent?.key === "Enter") go(`/site/${encodeURIComponent(site.site)}`);
      });
      mark.marker.bindTooltip("", { direction: "top", offset: [0, -8] });
      marks.set(site.site, mark);
    } else mark.marker.setIcon(iconOf(L, site, size));
    mark.look = look;
    mark.size = size;
    mark.marker.setZIndexOffset(site.silent ? 900 : (site.classNumber ?? 0) * 100);
    mark.marker.setTooltipContent(text);
    mark.text = text;
  }
  for (const [slug, mark] of marks) {
    if (seen.has(slug)) continue;
    mark.marker.remove();
    marks.delete(slug);
  }
  placeNames(state);
  // Only now: before the map has its place, marks have no element.
  for (const { marker, text } of marks.values()) {
    marker.getElement()?.setAttribute("aria-label", text);
    marker.getElement()?.setAttribute("role", "link");
  }
}

/** The whole city, its districts and its sites, fills the map beside its key, until somebody moves it. */
function fit(state) {
  if (!state) return;
  const { L, map, districts, points = [] } = state;
  const bounds = L.latLngBounds(points);
  if (districts?.getBounds().isValid()) bounds.extend(districts.getBounds());
  // Before its first view Leaflet keeps the first size it was asked for: not asked until there is something to show.
  if (!bounds.isValid()) return;
  const key = map.getContainer().parentElement?.querySelector(".map-key");
  // Where the key lies on the map, the city is put beside it.
  const covered = key && getComputedStyle(key).position === "absolute" ? key.offsetWidth + 10 : 0;
  const { x, y } = map.getSize();
  const wanted = `${x} ${y} ${covered} ${bounds.toBBoxString()}`;
  if (x === 0 || y === 0 || wanted === state.fitted) return;
  state.fitted = wanted;
  map.fitBounds(bounds, { animate: false, paddingTopLeft: [14 + covered, 14], paddingBottomRight: [14, 14], maxZoom: 15 });
  // On a small map smaller marks, so that those close together can be told apart.
  state.scale = Math.min(1, Math.max(0.7, Math.min(x - covered, y) / 380));
}

/** The same as a list: every site by name, for those who do not use the map. @param {{sites: MapSite[], reader: any, label: string}} props */
export function SiteList({ sites, reader, label }) {
  const { words } = reader;
  const columns = [
    { key: "site", label: words.t("site"), sort: (site) => site.name, cell: (site) => html`<a href=${`/site/${encodeURIComponent(site.site)}`}><${Mark} kind=${site.kind} classNumber=${site.classNumber} own=${site.colour} silent=${site.silent} size=${14} /> ${site.name}</a>` },
    { key: "kind", label: words.t("kind"), sort: (site) => words.code(site.kind), cell: (site) => words.code(site.kind) },
    { key: "state", label: words.t("state"), sort: (site) => (site.silent ? 9 : (site.classNumber ?? 0)), cell: (site) => siteText(site, reader, { short: true }) },
  ];
  return html`<${DataTable} columns=${columns} rows=${sites} words=${words} label=${label} sortBy="state" descending=${true} />`;
}

/** What shapes and colours mean. @param {{sites: MapSite[], reader: any}} props */
export function MapKey({ sites, reader }) {
  const { words } = reader;
  const kinds = [...new Set(sites.map((site) => site.kind))];
  const classes = [...new Set(sites.map((site) => site.classNumber).filter((number) => number !== null))].sort();
  const levels = [...new Map(sites.filter((site) => site.colour && site.word).map((site) => [site.word, site.colour]))];
  if (sites.length === 0) return null;
  return html`<div class="map-key" aria-label=${words.t("legend")} role="group">
    ${classes.map((number) => html`<span key=${number}><i class="swatch" style=${{ background: classColour(number) }} />${words.t(`class${number}`)}</span>`)}
    ${levels.map(([word, colour]) => html`<span key=${word}><i class="swatch" style=${{ background: colour }} />${word}</span>`)}
    ${kinds.map((kind) => html`<span key=${kind}><${Mark} kind=${kind} size=${12} />${words.code(kind)}</span>`)}
    ${sites.some((site) => site.silent) && html`<span key="silent"><${Mark} kind="other" silent=${true} size=${12} />${words.t("silent")}</span>`}
  </div>`;
}
