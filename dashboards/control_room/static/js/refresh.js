// When panels ask again: after a change, by the clock, only while they are seen, never two at once for one panel.

/** @typedef {{visible: () => boolean, load: () => Promise<unknown>, everyMs: number}} Panel */

/** A change is waited for a moment, because changes come in bursts. */
export const BURST_MS = 400;
/** And a panel asks at most this often, however many changes come. */
export const LEAST_GAP_MS = 2000;

/**
 * Coalesces requests of many panels. The timers and the clock are handed in, so that it can be tested without waiting.
 * @param {{now: () => number, after: (ms: number, run: () => void) => unknown, cancel: (timer: any) => void}} time
 */
export function createRefresher(time) {
  /** @type {Map<object, {panel: Panel, busy: boolean, wanted: boolean, last: number, timer: any}>} */
  const entries = new Map();

  /** @param {any} entry @param {number} wait */
  function plan(entry, wait) {
    if (entry.timer !== null) {
      if (entry.due <= time.now() + wait) return;
      time.cancel(entry.timer);
    }
    entry.due = time.now() + wait;
    entry.timer = time.after(wait, () => {
      entry.timer = null;
      run(entry);
    });
  }

  /** @param {any} entry */
  async function run(entry) {
    if (!entries.has(entry.key)) return;
    if (entry.busy || !entry.panel.visible()) {
      entry.wanted = true; // done when it is free, or seen again
      return;
    }
    entry.busy = true;
    entry.wanted = false;
    entry.last = time.now();
    try {
      await entry.panel.load();
    } finally {
      entry.busy = false;
      if (entries.has(entry.key)) plan(entry, entry.wanted ? BURST_MS : entry.panel.everyMs);
    }
  }

  return {
    /** @param {object} key @param {Panel} panel @returns {() => void} */
    add(key, panel) {
      const entry = { key, panel, busy: false, wanted: false, last: -Infinity, timer: null, due: Infinity };
      entries.set(key, entry);
      run(entry);
      return () => {
        if (entry.timer !== null) time.cancel(entry.timer);
        entries.delete(key);
      };
    },
    /** What a panel shows has changed. @param {(key: any) => boolean} [which] */
    changed(which = () => true) {
      for (const entry of entries.values()) {
        if (!which(entry.key)) continue;
        if (entry.busy) entry.wanted = true;
        else plan(entry, Math.max(BURST_MS, entry.last + LEAST_GAP_MS - time.now()));
      }
    },
    /** A panel came into view, or the page did: what waited is done now, what is old as well. */
    seen() {
      for (const entry of entries.values()) {
        if (!entry.busy && entry.panel.visible() && (entry.wanted || time.now() - entry.last >= entry.panel.everyMs)) run(entry);
      }
    },
    /** At once, as when somebody asks for it. @param {object} key */
    now(key) {
      const entry = entries.get(key);
      if (entry) run(entry);
    },
  };
}

export const refresher = createRefresher({
  now: () => performance.now(),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
});

if (typeof document !== "undefined") {
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresher.seen();
  });
}
