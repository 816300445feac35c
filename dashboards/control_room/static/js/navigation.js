// The History API as a store: where the page is, and the ways to go elsewhere.

import { createStore } from "./store.js";
import { carried, routeOf } from "./router.js";

const here = () => routeOf(location.pathname, location.search);
export const place = createStore({ route: here() });

addEventListener("popstate", () => place.set({ route: here() }));

/** @param {string} target @param {{replace?: boolean}} [how] */
export function go(target, { replace = false } = {}) {
  const path = carried(target, place.get().route.query);
  history[replace ? "replaceState" : "pushState"](null, "", path);
  const before = place.get().route;
  place.set({ route: here() });
  if (before.page !== place.get().route.page || before.id !== place.get().route.id) {
    scrollTo(0, 0);
    // Who listens to the page hears that it is another one; the focus is where its content begins.
    document.querySelector("main")?.focus({ preventScroll: true });
  }
}

/**
 * Change parameters of the present address; null takes one away.
 * @param {Record<string, string | string[] | null>} changes @param {{replace?: boolean}} [how]
 */
export function adjust(changes, { replace = true } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null) query.append(name, one);
  }
  const text = query.toString();
  history[replace ? "replaceState" : "pushState"](null, "", text ? `${location.pathname}?${text}` : location.pathname);
  place.set({ route: here() });
}

/** Links within the page are followed without loading it again. @param {MouseEvent} event */
export function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = /** @type {Element} */ (event.target).closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (routeOf(link.pathname, link.search).page === "missing") return;
  event.preventDefault();
  go(link.pathname + link.search);
}
