// One message: what ingest reads in it, and a maker profile drafted from it. Nothing is stored.

import { html, useEffect, useRef, useState } from "../html.js";
import { getJson, postJson } from "../api.js";
import { now } from "../clock.js";
import { useReader } from "../session.js";
import { formatSince } from "../format/times.js";
import { formatQuantity, joined } from "../format/units.js";
import { Failed, Skeleton } from "../states.js";
import { DataTable } from "../panels/table.js";

const COPIED_MS = 4000;
const MARKS = { sure: "●", likely: "◐", open: "○" };

/** @param {{route: import("../router.js").Route}} props */
export function CheckPage({ route }) {
  const reader = useReader();
  const { words } = reader;
  const topic = useRef(/** @type {HTMLInputElement | null} */ (null));
  const payload = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const [asked, setAsked] = useState(/** @type {{topic: string, payload: string} | null} */ (null));
  const found = useCheck(asked);
  const refused = route.query.get("quarantine");
  useEffect(() => {
    if (!refused) return;
    getJson(`/v1/quarantine/${encodeURIComponent(refused)}`, {}, { withToken: true }).then((one) => {
      if (topic.current) topic.current.value = one.topic ?? "";
      if (payload.current && one.payload_encoding !== "base64") payload.current.value = one.payload ?? "";
    }, () => {});
  }, [refused]);
  const submit = (event) => {
    event.preventDefault();
    setAsked({ topic: topic.current?.value.trim() ?? "", payload: payload.current?.value ?? "" });
  };
  return html`<div class="page">
    <div class="page-head"><h1>${words.t("checkMessage")}</h1><p>${words.t("checkIntro")}</p></div>
    <form class="card check" onSubmit=${submit}>
      <label><span>${words.t("topic")}</span><input ref=${topic} name="topic" required maxlength="256" autocomplete="off" spellcheck=${false} placeholder="garden/shed-3/data" defaultValue=${route.query.get("topic") ?? ""} /></label>
      <label><span>${words.t("payload")}</span><textarea ref=${payload} name="payload" required rows="8" spellcheck=${false} placeholder='{"ts": 1767607200, "outTemp_C": 3.5}'></textarea></label>
      <p><button type="submit" class="plain">${words.t("readIt")}</button></p>
    </form>
    ${asked && html`<${Readings} found=${found.decoded} failure=${found.decodeFailure} reader=${reader} />
      <${Drafted} found=${found.drafted} failure=${found.draftFailure} reader=${reader} />`}
  </div>`;
}

/** Both answers of the server, each as it comes. @param {{topic: string, payload: string} | null} asked */
function useCheck(asked) {
  const [answers, setAnswers] = useState(/** @type {any} */ ({}));
  useEffect(() => {
    setAnswers({});
    if (!asked) return undefined;
    const controller = new AbortController();
    const ask = (path, name, failed) => postJson(path, asked, { signal: controller.signal })
      .then((value) => ({ [name]: value }), (failure) => ({ [failed]: failure }))
      .then((answer) => controller.signal.aborted || setAnswers((before) => ({ ...before, ...answer })));
    ask("/v1/check/decode", "decoded", "decodeFailure");
    ask("/v1/check/draft", "drafted", "draftFailure");
    return () => controller.abort();
  }, [asked]);
  return answers;
}

function Readings({ found, failure, reader }) {
  const { words } = reader;
  return html`<section class="card" aria-label=${words.t("wouldBeRead")}><h2>${words.t("wouldBeRead")}</h2>
    ${failure && html`<${Refused} failure=${failure} words=${words} />`}
    ${!failure && !found && html`<${Skeleton} />`}
    ${found && html`<${Read} rows=${found.readings} reader=${reader} label=${words.t("wouldBeRead")} />`}
  </section>`;
}

/** A message that the API refuses is an answer; only without one something has failed. */
function Refused({ failure, words }) {
  if (failure?.problem?.status !== 422) return html`<${Failed} failure=${failure} />`;
  return html`<p class="wordy" role="status"><b class="bad">▲ ${words.t("cannotBeRead")}</b> ${words.refusal(failure.problem.detail)}</p>`;
}

/** Readings, events and refusals of a dry run. */
function Read({ rows, reader, label }) {
  const { words, language } = reader;
  if (rows.length === 0) return html`<p class="empty">${words.t("nothingRead")}</p>`;
  const said = (value, unit) => (typeof value === "number" ? joined(formatQuantity(value, unit, { language })) : "–");
  const columns = [
    { key: "outcome", label: words.t("state"), sort: (one) => one.error ?? "", cell: (one) => (one.error ? html`<b class="bad">▲ ${words.code(one.error)}</b>` : one.event ? words.code(one.event) : words.t("ok_reading")) },
    { key: "device", label: words.t("device"), sort: (one) => one.device, cell: (one) => one.device || "–" },
    { key: "field", label: words.t("field"), sort: (one) => one.field, cell: (one) => html`<code>${one.field ?? ""}</code>` },
    { key: "property", label: words.t("property"), sort: (one) => one.property ?? one.quantity, cell: (one) => [one.property || one.quantity || "–", one.channel].filter(Boolean).join(" · ") },
    { key: "value", label: words.t("value"), align: /** @type {const} */ ("right"), sort: (one) => one.value, cell: (one) => (one.stored ? said(one.stored.value, one.stored.unit) : one.value === undefined ? "–" : said(one.value, one.unit)) },
    { key: "time", label: words.t("time"), sort: (one) => one.time, cell: (one) => (one.time ? formatSince(Date.parse(one.time), now(), reader) : words.t("arrival")) },
    { key: "hint", label: words.t("howToMend"), cell: (one) => (one.error ? html`<span class="wordy">${words.translate(one.detail)}. ${words.translate(one.hint ?? "")}</span>` : "") },
  ];
  return html`<${DataTable} columns=${columns} rows=${rows} words=${words} label=${label} />`;
}

function Drafted({ found, failure, reader }) {
  const { words } = reader;
  const open = found?.guesses.filter((one) => one.certainty === "open").length ?? 0;
  const columns = [
    { key: "certainty", label: words.t("certainty"), sort: (one) => Object.keys(MARKS).indexOf(one.certainty), cell: (one) => html`<span class="nowrap"><span aria-hidden="true">${MARKS[one.certainty]}</span> ${words.t(`guess_${one.certainty}`)}</span>` },
    { key: "path", label: words.t("field"), sort: (one) => one.path, cell: (one) => html`<code>${one.path}</code>` },
    { key: "guess", label: words.t("guess"), sort: (one) => one.guess, cell: (one) => one.guess || "–" },
    { key: "reason", label: words.t("reason"), cell: (one) => html`<span class="wordy">${one.reason}</span>` },
  ];
  return html`<section class="card" aria-label=${words.t("draftedProfile")}>
    <header class="card-head"><h2>${words.t("draftedProfile")}</h2><span class="spacer" />${found && html`<${Copy} text=${found.profile} words=${words} />`}</header>
    ${failure && html`<${Refused} failure=${failure} words=${words} />`}
    ${!failure && !found && html`<${Skeleton} rows=${6} />`}
    ${found && html`<p class="muted">${found.id ? words.t("draftHint", { id: found.id }) : words.t("noDraftNeeded")} ${!found.id ? "" : open === 0 ? words.t("nothingOpen") : words.t("stillOpen", { count: open })}</p>
      <pre tabindex="0" class="draft" aria-label=${words.t("draftedProfile")}><code>${found.profile}</code></pre>
      <h3>${words.t("draftReads")}</h3><${Read} rows=${found.readings} reader=${reader} label=${words.t("draftReads")} />
      ${found.guesses.length > 0 && html`<h3>${words.t("guesses")}</h3><${DataTable} columns=${columns} rows=${found.guesses} words=${words} label=${words.t("guesses")} />`}`}
  </section>`;
}

/** @param {{text: string, words: any}} props */
function Copy({ text, words }) {
  const [state, setState] = useState("");
  useEffect(() => {
    const timer = state ? setTimeout(() => setState(""), COPIED_MS) : 0;
    return () => clearTimeout(timer);
  }, [state]);
  // Without https, and not on the machine itself, a browser lends no clipboard.
  const copy = () => Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"))).then(() => setState("copied"), () => setState("copyFailed"));
  return html`<span role="status" class="muted">${state && words.t(state)}</span><button type="button" class="plain" onClick=${copy}>${words.t("copy")}</button>`;
}
