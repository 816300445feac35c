// A panel's data: asked for when it is seen, again when something changed, kept when a refresh fails.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { getJson } from "./api.js";
import { learnNow, now } from "./clock.js";
import { refresher } from "./refresh.js";
import { answered, failed } from "./trouble.js";
import { approximateInstant, intervalFor, isLive, spanOf } from "./format/times.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {{frames: Frame[], from: number, to: number, truncated: boolean, notices: string[]}} PanelData */
/** @typedef {{data: PanelData | null, failure: any, loadedAt: number | null, retry: () => void}} PanelState */
/**
 * What a panel is, in one word; for style sheets, tests and whoever asks the page.
 * @param {{data: any, failure: any}} state @param {{empty?: boolean, old?: boolean}} [found]
 * @returns {"loading" | "failed" | "stale" | "empty" | "live"}
 */
export function stateOf({ data, failure }, { empty = false, old = false } = {}) {
  if (!data) return failure ? "failed" : "loading";
  if (failure || old) return "stale";
  return empty ? "empty" : "live";
}

/** @typedef {{uid: string, city: string | null, range: {from: string, to: string}, variables: Record<string, string[]>, everyMs: number}} Context */

/** Every 30 s unless the board says otherwise. @param {string | undefined} text "30s" */
export function everyOf(text) {
  return Math.max(5000, spanOf(text) ?? 30000);
}

/**
 * @param {Context} context @param {number} id @param {{current: HTMLElement | null}} element that must be in view
 * @param {{least?: number}} [how] `least`: finest bucket in ms
 * @returns {PanelState}
 */
export function usePanelData(context, id, element, { least } = {}) {
  const { uid, city, range, variables, everyMs } = context;
  const [state, setState] = useState({ data: null, failure: null, loadedAt: null, address: "" });
  const seen = useRef(false);
  const entry = useRef({});
  const loaded = useRef(/** @type {number | null} */ (null));
  const wanted = JSON.stringify([uid, id, city, range, variables]);

  useLayoutEffect(() => {
    if (!element.current) return undefined;
    const observer = new IntersectionObserver((entries) => {
      seen.current = entries.at(-1).isIntersecting;
      if (seen.current) refresher.seen();
    }, { rootMargin: "120px" });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (city === null) return undefined;
    const controller = new AbortController();
    const key = { uid, id };
    entry.current = key;
    const load = async () => {
      const width = element.current?.clientWidth || 600;
      const span = approximateInstant(range.to, now()) - approximateInstant(range.from, now());
      try {
        const answer = await getJson(`/control-room/boards/${uid}/panels/${id}`, {
          from: range.from, to: range.to, interval_ms: intervalFor(span, width, least), city,
          ...Object.fromEntries(Object.entries(variables).map(([name, values]) => [`var-${name}`, values])),
        }, { signal: controller.signal });
        if (isLive(range) && range.to === "now") learnNow(answer.to);
        answered();
        const frames = answer.results;
        setState({ data: { frames, from: answer.from, to: answer.to, truncated: frames.some((frame) => frame.truncated), notices: frames.flatMap((frame) => (frame.truncated ? [] : (frame.notices ?? []))) }, failure: null, loadedAt: now(), address: wanted });
        loaded.current = now();
      } catch (failure) {
        if (controller.signal.aborted) return;
        // What was there stays, and says that it is old; of another question it would be wrong.
        failed(failure, loaded.current);
        setState((before) => ({ ...(before.address === wanted ? before : { data: null, loadedAt: null, address: wanted }), failure }));
      }
    };
    const remove = refresher.add(key, {
      visible: () => seen.current && !document.hidden,
      load,
      everyMs: isLive(range) ? everyMs : 600000,
    });
    return () => {
      controller.abort();
      remove();
    };
  }, [wanted, everyMs]);

  const retry = useCallback(() => refresher.now(entry.current), []);
  return { data: state.data, failure: state.failure, loadedAt: state.loadedAt, retry };
}
