// What became of a site's devices' last messages: stored, refused and why.

import { html, useState } from "../html.js";
import { getJson, keepToken } from "../api.js";
import { now } from "../clock.js";
import { formatSince } from "../format/times.js";
import { Failed, Skeleton, useAsked } from "../states.js";

/** @param {{city: any, devices: string[], reader: any}} props */
export function Messages({ city, devices, reader }) {
  const { words } = reader;
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const device = chosen ?? devices[0] ?? null;
  const { value, failure, retry } = useAsked(async (signal) => {
    const [detail, refused] = await Promise.all([
      getJson(`/v1/devices/${encodeURIComponent(device)}`, { city: city.slug }, { signal, withToken: true }),
      getJson("/v1/quarantine", { city: city.slug, device, limit: 5 }, { signal }),
    ]);
    return { detail, refused: refused.data };
  }, device ? `${city.slug}/${device}` : null, 30000);
  return html`<section class="card"><header class="card-head"><h2>${words.t("messages")}</h2>
      ${devices.length > 1 && html`<label><span class="hidden">${words.t("device")}</span><select value=${device} onChange=${(event) => setChosen(event.currentTarget.value)}>${devices.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>`}</header>
    ${failure && !value && html`<${Failed} failure=${failure} retry=${retry} />`}
    ${!failure && !value && device && html`<${Skeleton} />`}
    ${value && html`
      ${value.detail.recent_messages.length === 0 && html`<p class="empty">${words.t("noMessages")}</p>`}
      <div class="messages" tabindex="0" role="group" aria-label=${words.t("messagesOf", { device })}><ul>${value.detail.recent_messages.map((message, at) => html`<li key=${at}><${Message} message=${message} reader=${reader} /></li>`)}</ul></div>
      ${value.refused.length > 0 && html`<h3>${words.t("quarantineOf")}</h3><ul class="messages">${value.refused.map((one) => html`<li key=${one.id}><a href=${`/quarantine?reason=${encodeURIComponent(one.reason)}`}>${words.translate(one.detail)}</a><p class="muted">${words.t("howToMend")}: ${words.translate(one.hint)}</p></li>`)}</ul>`}`}
  </section>`;
}

function Message({ message, reader }) {
  const { words } = reader;
  const stored = message.outcome.stored ?? message.outcome.readings ?? 0;
  const refused = message.outcome.refused ?? message.outcome.refusals ?? [];
  const count = Array.isArray(refused) ? refused.length : Number(refused) || 0;
  return html`<div class="message-line"><time>${formatSince(Date.parse(message.received_at), now(), reader)}</time>
      <span>${words.t("readingsStored", { count: Number(stored) || 0 })}${count > 0 && html` · <b class="bad">▲ ${words.t("readingsRefused", { count })}</b>`}</span></div>
    <${Payload} message=${message} words=${words} />`;
}

/**
 * A raw message; where it is withheld, the way to see it.
 * @param {{message: {payload: string | null, payload_encoding: string}, words: any, again?: () => void}} props
 */
export function Payload({ message, words, again }) {
  if (message.payload === null || message.payload_encoding === "withheld") {
    const submit = (event) => {
      event.preventDefault();
      keepToken(String(new FormData(event.currentTarget).get("token") ?? ""));
      again?.();
    };
    return html`<p class="muted">${words.t("withheld")}</p>
      ${again && html`<form class="token" onSubmit=${submit}><label>${words.t("token")} <input type="password" name="token" autocomplete="off" required placeholder="byp_…" /></label> <button type="submit" class="plain">${words.t("showMessages")}</button></form>`}`;
  }
  return html`<pre tabindex="0"><code>${message.payload}</code></pre>`;
}
