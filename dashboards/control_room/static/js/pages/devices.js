// Devices of the city: what publishes, since when, where; who waits to be activated.

import { html } from "../html.js";
import { getList } from "../api.js";
import { now } from "../clock.js";
import { useCity, useReader } from "../session.js";
import { formatSince } from "../format/times.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { DataTable } from "../panels/table.js";

/** @param {{route: import("../router.js").Route}} props */
export function DevicesPage({ route }) {
  const reader = useReader();
  const { words } = reader;
  const city = useCity();
  const status = route.query.get("status");
  const { value, failure, retry } = useAsked((signal) => getList("/v1/devices", { city: city.slug, status, limit: 1000 }, { signal }), city ? `${city.slug} ${status}` : null, 30000);
  const columns = [
    { key: "device", label: words.t("device"), sort: (one) => one.device, cell: (one) => one.device },
    { key: "status", label: words.t("state"), sort: (one) => one.status, cell: (one) => words.code(one.status) },
    { key: "site", label: words.t("site"), sort: (one) => one.site, cell: (one) => (one.site ? html`<a href=${`/site/${encodeURIComponent(one.site)}`}>${one.site}</a>` : "–") },
    { key: "class", label: words.t("instrument"), sort: (one) => one.class, cell: (one) => words.code(one.class) || "–" },
    { key: "origin", label: words.t("origin"), sort: (one) => one.origin, cell: (one) => words.code(one.origin) },
    { key: "profile", label: words.t("profile"), sort: (one) => one.profile, cell: (one) => one.profile ?? "–" },
    { key: "last", label: words.t("lastSeen"), sort: (one) => one.last_seen, cell: (one) => (one.last_seen ? formatSince(Date.parse(one.last_seen), now(), reader) : "–") },
  ];
  return html`<div class="page"><div class="page-head"><h1>${words.t("devices")}${status ? ` · ${words.code(status)}` : ""}</h1></div>
    ${failure && html`<${Failed} failure=${failure} retry=${retry} />`}
    ${!failure && !value && html`<${Skeleton} rows=${8} />`}
    ${value && (value.length ? html`<section class="card"><${DataTable} columns=${columns} rows=${value} words=${words} label=${words.t("devices")} sortBy="device" /></section>` : html`<p class="empty">${words.t("noDevices")}</p>`)}
  </div>`;
}
