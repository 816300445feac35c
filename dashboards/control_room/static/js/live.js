// Live values: the server's events, with a way back after a break; says since when it is not live.

import { createStore } from "./store.js";
import { address } from "./api.js";
import { backoff } from "./backoff.js";
import { now, onClockSet } from "./clock.js";

/** @typedef {{state: "connecting" | "live" | "lost", since: number}} Liveness */

export const liveness = createStore(/** @type {Liveness} */ ({ state: "connecting", since: now() }));

// An instant taken before the clock was set was the reader's own.
onClockSet((shift) => liveness.set({ since: liveness.get().since + shift }));

const listeners = new Set();

/** @param {(changed: {kpi: string, period: string, values: number}[]) => void} listener is told what has new values @returns {() => void} */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let source = /** @type {EventSource | null} */ (null);
let timer = 0;
let attempt = 0;
let place = "";
let last = "";

/** Listen to a city's values from now on. @param {string | null} city */
export function listen(city) {
  stop();
  attempt = 0;
  last = "";
  place = city ?? "";
  connect();
}

function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function connect() {
  stop();
  // `after` goes on behind the last event seen: the browser's own reconnecting is not waited for, it has no backoff.
  source = new EventSource(address("/v1/events", { city: place, summary: true, after: last }));
  source.addEventListener("position", (event) => {
    attempt = 0;
    last = event.lastEventId || last;
    liveness.set({ state: "live", since: now() });
  });
  source.addEventListener("changed", (event) => {
    last = event.lastEventId || last;
    tell(event.data);
  });
  source.onerror = lost;
}

/** @param {string} data */
function tell(data) {
  let changed = [];
  try {
    changed = JSON.parse(data).changed;
  } catch {
    return; // one unreadable event is no reason to stop; polling brings the value
  }
  for (const listener of [...listeners]) listener(changed);
}

function lost() {
  stop();
  if (liveness.get().state !== "lost") liveness.set({ state: "lost", since: now() });
  timer = setTimeout(connect, backoff(attempt));
  attempt += 1;
}

addEventListener("online", () => {
  if (liveness.get().state === "lost") connect();
});

// A browser has six connections to a server; pages that nobody sees leave theirs to the others.
document.addEventListener("visibilitychange", () => {
  if (place === "") return;
  if (document.hidden) stop();
  else if (source === null) connect();
});
