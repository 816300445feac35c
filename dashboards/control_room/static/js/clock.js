// What time it is for the page: the server's clock, so that ages are right on a machine whose clock is not.

let offset = 0;
const listeners = new Set();

/** The server's now, epoch ms. */
export function now() {
  return Date.now() + offset;
}

/**
 * Learn it from an answer whose range ended "now".
 * @param {number} serverNow epoch ms
 */
export function learnNow(serverNow) {
  if (!Number.isFinite(serverNow)) return;
  const found = serverNow - Date.now();
  // Answers take different times on their way: small differences are that, not the clock.
  if (Math.abs(found - offset) <= 3000) return;
  offset = found;
  for (const listener of [...listeners]) listener();
}

/** @param {() => void} listener is told when the clock was set @returns {() => void} */
export function onClockSet(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
