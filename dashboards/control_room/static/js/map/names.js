// Where a district's name stands on the map: inside it, clear of the marks and of other names; nowhere if there is no room. Pure.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{x: number, y: number, width: number, height: number}} Box middle and size */

const STEPS = 20;

/**
 * A place for each name, in the order given (largest first reads best).
 * @param {{name: string, ring: Point[], width: number}[]} districts outer rings in pixels, widths of the names
 * @param {Box[]} taken marks
 * @param {{height: number, within: {width: number, height: number}}} how
 * @returns {(Point | null)[]}
 */
export function placesOf(districts, taken, { height, within }) {
  const boxes = [...taken];
  return districts.map(({ ring, width }) => {
    const found = placeOf(ring, { width, height }, boxes, within);
    if (found) boxes.push({ ...found, width, height });
    return found;
  });
}

/** @param {Point[]} ring @param {{width: number, height: number}} size @param {Box[]} boxes @param {{width: number, height: number}} within */
function placeOf(ring, { width, height }, boxes, within) {
  const xs = ring.map((point) => point.x);
  const ys = ring.map((point) => point.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  let best = null;
  let least = Infinity;
  for (let i = 1; i < STEPS; i += 1) {
    for (let j = 1; j < STEPS; j += 1) {
      const x = left + ((right - left) * i) / STEPS;
      const y = top + ((bottom - top) * j) / STEPS;
      const box = { x, y, width, height };
      if (x - width / 2 < 0 || x + width / 2 > within.width || y - height / 2 < 0 || y + height / 2 > within.height) continue;
      const distance = Math.hypot(x - middle.x, y - middle.y);
      if (distance >= least || boxes.some((other) => overlap(box, other))) continue;
      // Most of it lies in the district: else it reads as the neighbour's.
      if (![0, -0.34, 0.34].every((share) => inside({ x: x + width * share, y }, ring))) continue;
      best = { x, y };
      least = distance;
    }
  }
  return best;
}

/** @param {Box} a @param {Box} b */
function overlap(a, b) {
  return Math.abs(a.x - b.x) * 2 < a.width + b.width && Math.abs(a.y - b.y) * 2 < a.height + b.height;
}

/** @param {Point} point @param {Point[]} ring */
export function inside({ x, y }, ring) {
  let within = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
    const [a, b] = [ring[at], ring[before]];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) within = !within;
  }
  return within;
}
