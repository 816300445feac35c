// How long to wait before trying again. Pure.

const SHORTEST = 1000;
const LONGEST = 30000;

/**
 * How long to wait before attempt number `attempt`, ms: doubling, with some chance in it so that many pages do not
 * come back at once.
 * @param {number} attempt 0, 1, … @param {number} [chance] 0 … 1
 */
export function backoff(attempt, chance = Math.random()) {
  const longest = Math.min(LONGEST, SHORTEST * 2 ** attempt);
  return Math.round(longest / 2 + (longest / 2) * chance);
}
