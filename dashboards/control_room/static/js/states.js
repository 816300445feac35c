// How a part of the page looks while it loads, when there is nothing, and when it failed. Each differently.

import { html, useEffect, useState } from "./html.js";
import { now, onClockSet } from "./clock.js";
import { useReader } from "./session.js";
import { formatSince, spokenAge } from "./format/times.js";

/** @param {{rows?: number}} props */
export function Skeleton({ rows = 3 }) {
  const { words } = useReader();
  return html`<div class="skeleton" role="status" aria-label=${words.t("loading")}>${Array.from({ length: rows }, (_, at) => html`<i key=${at} />`)}</div>`;
}

/** @param {{text?: string}} props */
export function Empty({ text }) {
  const { words } = useReader();
  return html`<p class="empty"><span aria-hidden="true">∅</span> ${text || words.t("noData")}</p>`;
}

/** What failed, why, what to do. @param {{failure: any, retry?: () => void, small?: boolean}} props */
export function Failed({ failure, retry, small = false }) {
  const { words } = useReader();
  const { title, detail, hint } = said(failure, words);
  return html`<div class=${`failed${small ? " small" : ""}`} role="status">
    <p><strong>⚠ ${words.t("failed")}</strong>${detail && html`<span> ${detail}</span>`}</p>
    ${hint && html`<p>${hint}</p>`}
    ${!detail && title && html`<p>${title}</p>`}
    ${retry && html`<button type="button" class="plain" onClick=${retry}>${words.t("retry")}</button>`}
  </div>`;
}

/** @param {any} failure @param {any} words */
export function said(failure, words) {
  const problem = failure?.problem ?? { title: "", detail: String(failure?.message ?? failure), hint: "" };
  const own = ["unreachable", "timeout", "unreadable"].includes(problem.detail);
  return { title: own ? words.t("unreachableTitle") : problem.title, detail: own ? words.t(problem.detail) : problem.detail, hint: problem.hint ?? "" };
}

/** "old: from 13:05", with the reason for those who ask. @param {{since: number | null, failure?: any}} props */
export function OldChip({ since, failure }) {
  const reader = useReader();
  useTick(10000);
  const { words } = reader;
  const text = since ? words.t("oldSince", { time: formatSince(since, now(), reader) }) : words.t("old");
  const age = since ? spokenAge(now() - since, reader.language) : "";
  return html`<span class="old-chip" title=${[failure && `${words.t("refreshFailed")}: ${said(failure, words).detail}`, age].filter(Boolean).join(" · ")}>◷ ${text}</span>`;
}

/** Draw again every so often: for ages and clocks. @param {number} milliseconds */
export function useTick(milliseconds) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const tick = () => document.hidden || setTick((before) => before + 1);
    const timer = setInterval(tick, milliseconds);
    const forget = onClockSet(tick);
    return () => {
      clearInterval(timer);
      forget();
    };
  }, [milliseconds]);
}

/**
 * Something asked for once, and again when `key` changes.
 * @template T @param {(signal: AbortSignal) => Promise<T>} ask @param {string | null} key null: not yet
 * @param {number} [everyMs] and again while it is looked at
 * @param {string} [by] and again when this changes; what is there stays until then
 * @returns {{value: T | null, failure: any, retry: () => void}}
 */
export function useAsked(ask, key, everyMs = 0, by = "") {
  const [state, setState] = useState({ value: null, failure: null, key: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    ask(controller.signal).then(
      (value) => setState({ value, failure: null, key }),
      (failure) => controller.signal.aborted || setState((before) => ({ value: before.key === key ? before.value : null, failure, key })),
    );
    const timer = everyMs ? setTimeout(() => setRound((before) => before + 1), everyMs) : 0;
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, round, everyMs, by]);
  return { value: state.key === key ? state.value : null, failure: state.key === key ? state.failure : null, retry: () => setRound((before) => before + 1) };
}
