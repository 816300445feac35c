// The public sensor register: what hangs where, why, whose, and whether it tells of persons.

import { html } from "../html.js";
import { address, getList } from "../api.js";
import { usePropertyNames } from "../areas.js";
import { useCity, useReader } from "../session.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { DataTable } from "../panels/table.js";

export function RegisterPage() {
  const { words } = useReader();
  const city = useCity();
  const names = usePropertyNames();
  const { value, failure, retry } = useAsked((signal) => getList("/v1/sensor-register", { city: city.slug, language: words.language, limit: 1000 }, { signal }), city ? `${city.slug} ${words.language}` : null);
  const csv = city && address("/v1/sensor-register", { city: city.slug, language: words.language, format: "csv" });
  return html`<div class="page">
    <div class="page-head"><h1>${words.t("sensorRegister")}</h1><p>${words.t("sensorRegisterIntro")}</p></div>
    ${failure && !value && html`<${Failed} failure=${failure} retry=${retry} />`}
    ${!failure && !value && html`<${Skeleton} rows=${8} />`}
    ${value && (value.length
      ? html`<section class="card"><header class="card-head"><h2>${words.t("entries", { count: value.length })}</h2><span class="spacer" /><a class="panel-link" href=${csv} download>${words.t("csv")}</a></header>
        <${DataTable} columns=${columnsOf(words, names)} rows=${value} words=${words} label=${words.t("sensorRegister")} sortBy="place" stacked=${true} /></section>`
      : html`<p class="empty">${words.t("noDevices")}</p>`)}
  </div>`;
}

function columnsOf(words, names) {
  const measured = (name) => words.named(names.get(name)) || words.code(name);
  return [
    { key: "place", label: words.t("site"), sort: (one) => one.place, cell: (one) => placeOf(one, words) },
    { key: "kind", label: words.t("kind"), sort: (one) => words.code(one.kind), cell: (one) => words.code(one.kind) },
    { key: "measures", label: words.t("measures"), cell: (one) => html`<span class="wordy">${one.properties.map(measured).join(" · ") || "–"}</span>` },
    { key: "why", label: words.t("purpose"), cell: (one) => html`<span class="wordy">${purposeOf(one.purpose, words) || "–"}</span>` },
    { key: "owner", label: words.t("whose"), sort: (one) => one.owner, cell: (one) => [words.code(one.owner), one.contact].filter(Boolean).join(" · ") || "–" },
    { key: "personal", label: words.t("personalData"), sort: (one) => one.personal_data, cell: (one) => personalOf(one, words) },
    { key: "class", label: words.t("instrument"), sort: (one) => one.class, cell: (one) => [one.class, one.origin].filter(Boolean).map((code) => words.code(code)).join(", ") || "–" },
  ];
}

function placeOf(entry, words) {
  if (!entry.site) return `${entry.place ?? words.t("otherHomes")} (${words.t("deviceCount", { count: entry.devices })})`;
  return html`<a href=${`/site/${encodeURIComponent(entry.site)}`} class="nowrap">${entry.place}</a><br /><small class="muted nowrap">${entry.entry}</small>`;
}

/** Of one device by language; of the catalogue by domain first. */
export function purposeOf(purpose, words) {
  const texts = Object.values(purpose ?? {});
  if (texts.length === 0) return "";
  return texts.every((text) => typeof text === "string") ? words.named(purpose) : texts.map((text) => words.named(text)).join(". ");
}

function personalOf(entry, words) {
  if (!entry.personal_data) return words.t("no");
  return html`<span class="wordy wide"><b>${words.t("yes")}</b>${entry.personal_data_why ? `: ${entry.personal_data_why}` : ""}</span>`;
}
