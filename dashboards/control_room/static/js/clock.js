// What time it is for the page: the server's clock, so that ages are right on a machine whose clock is not.

let offset = 0;

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
  if (Math.abs(found - offset) > 3000) offset = found;
}
