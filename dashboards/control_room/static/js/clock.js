// What time it is for the page: the server's clock, so that ages are right on a machine whose clock is not.

let offset = 0;
let known = false;
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
  const first = !known;
  known = true;
  // Answers take different times on their way: small differences are that, not the clock.
  const shift = Math.abs(found - offset) <= 3000 ? 0 : found - offset;
  if (shift === 0 && !first) return;
  offset += shift;
  for (const listener of [...listeners]) listener(shift);
}

/** Whether the server has said what time it is. */
export function clockIsSet() {
  return known;
}

/** @param {(shift: number) => void} listener is told when the clock was set, and by how much @returns {() => void} */
export function onClockSet(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
