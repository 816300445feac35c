// Live values: the server's events, with a way back after a break; says since when it is not live.

import { createStore } from "./store.js";
import { address } from "./api.js";
import { backoff } from "./backoff.js";
import { now } from "./clock.js";

/** @typedef {{state: "connecting" | "live" | "lost", since: number}} Liveness */

export const liveness = createStore(/** @type {Liveness} */ ({ state: "connecting", since: now() }));

const listeners = new Set();

/** @param {(value: any) => void} listener is told every new KPI value @returns {() => void} */
export function onValue(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let source = null;
let timer = 0;
let attempt = 0;
let place = "";
let last = "";

/** Listen to a city's values from now on. @param {string | null} city */
export function listen(city) {
  clearTimeout(timer);
  source?.close();
  attempt = 0;
  last = "";
  place = city ?? "";
  connect();
}

function connect() {
  // `after` goes on behind the last event seen: the browser's own reconnecting is not waited for, it has no backoff.
  source = new EventSource(address("/v1/events", { city: place, after: last }));
  source.addEventListener("position", (event) => {
    attempt = 0;
    last = event.lastEventId || last;
    liveness.set({ state: "live", since: now() });
  });
  source.addEventListener("kpi_value", (event) => {
    last = event.lastEventId || last;
    let value = null;
    try {
      value = JSON.parse(event.data);
    } catch {
      return; // one unreadable event is no reason to stop; polling brings the value
    }
    for (const listener of [...listeners]) listener(value);
  });
  source.onerror = lost;
}

function lost() {
  source?.close();
  clearTimeout(timer);
  if (liveness.get().state !== "lost") liveness.set({ state: "lost", since: now() });
  timer = setTimeout(connect, backoff(attempt));
  attempt += 1;
}

addEventListener("online", () => {
  if (liveness.get().state === "lost") {
    clearTimeout(timer);
    connect();
  }
});
