// Refused messages: by reason, each with how to mend it.

import { html, useState } from "../html.js";
import { address, getJson } from "../api.js";
import { now } from "../clock.js";
import { adjust } from "../navigation.js";
import { useCity, useReader } from "../session.js";
import { formatSince } from "../format/times.js";
import { formatNumber } from "../format/numbers.js";
import { Failed, Skeleton, useAsked } from "../states.js";
import { Payload } from "./messages.js";

const AT_ONCE = 50;

/** @param {{route: import("../router.js").Route}} props */
export function QuarantinePage({ route }) {
  const reader = useReader();
  const { words } = reader;
  const city = useCity();
  const reason = route.query.get("reason");
  const device = route.query.get("device");
  const id = route.query.get("id");
  const [limit, setLimit] = useState(AT_ONCE);
  const { value, failure, retry } = useAsked(
    async (signal) => (id ? { data: [await getJson(`/v1/quarantine/${encodeURIComponent(id)}`, {}, { signal, withToken: true })], next: null } : getJson("/v1/quarantine", { city: city.slug, reason, device, limit }, { signal, withToken: true })),
    city ? `${city.slug} ${id} ${reason} ${device} ${limit}` : null, 30000,
  );
  const { value: health } = useAsked((signal) => getJson("/v1/health", {}, { signal }), "health", 60000);
  const reasons = [...new Set([...(health?.refused_24h ?? []).map((one) => one.reason), ...(value?.data ?? []).map((one) => one.reason), ...(reason ? [reason] : [])])].sort();
  return html`<div class="page">
    <div class="page-head"><h1>${words.t("quarantine")}</h1><p>${words.t("quarantineIntro")}</p>
      <div class="variables"><label><span>${words.t("reason")}</span><select onChange=${(event) => adjust({ id: null, reason: event.currentTarget.value || null }, { replace: false })}>
        <option value="" selected=${!reason}>${words.t("allReasons")}</option>
        ${reasons.map((one) => html`<option key=${one} value=${one} selected=${one === reason}>${words.code(one)}</option>`)}</select></label>
      <a class="panel-link" href=${address("/v1/quarantine", { city: city?.slug, reason, format: "csv" })} download>${words.t("csv")}</a></div></div>
    ${failure && html`<${Failed} failure=${failure} retry=${retry} />`}
    ${!failure && !value && html`<${Skeleton} rows=${6} />`}
    ${value?.data.length === 0 && html`<p class="all-well"><span aria-hidden="true">✓</span> ${words.t("noQuarantine")}</p>`}
    ${value && html`<ul class="refused">${value.data.map((one) => html`<${Refused} key=${one.id} one=${one} reader=${reader} again=${retry} />`)}</ul>`}
    ${value?.next && html`<button type="button" class="plain" onClick=${() => setLimit(limit + AT_ONCE)}>${words.t("more")}</button>`}
  </div>`;
}

function Refused({ one, reader, again }) {
  const { words, language } = reader;
  const at = (text) => formatSince(Date.parse(text), now(), reader);
  const replay = one.replayed_at ? words.t("replayed", { outcome: one.replay_outcome ?? "" }) : one.replay_asked_at ? words.t("waitsReplay") : words.t("replayHint", { id: one.id });
  return html`<li class="card">
    <header class="card-head"><h2>${words.code(one.reason)}</h2><span class="spacer" />
      <span class="muted">${one.occurrences === 1 ? words.t("timesOne") : words.t("times", { count: formatNumber(one.occurrences, { language, decimals: 0 }) })} · ${words.t("lastTime")} ${at(one.last_received_at)}</span></header>
    <p>${words.translate(one.detail)}</p>
    <p class="mend"><strong>${words.t("howToMend")}:</strong> ${words.translate(one.hint)}</p>
    <p class="muted">${[one.device, one.topic].filter(Boolean).join(" · ")}</p>
    <details><summary>${words.t("payload")} (${formatNumber(one.payload_bytes, { language, decimals: 0 })} B)</summary><${Payload} message=${one} words=${words} again=${again} /><p class="muted">${replay}</p><p><a class="panel-link" href=${`/check?quarantine=${encodeURIComponent(one.id)}`}>${words.t("draftFromIt")}</a></p></details>
  </li>`;
}
