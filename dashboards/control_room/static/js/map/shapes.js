// Marks of sites: shape by kind, colour by class, hollow when silent.

import { html } from "../html.js";
import { classColour } from "../format/colours.js";

/** Kind -> a path in a box of 20 × 20. */
export const SHAPES = {
  traffic: "M10 1 L19 10 L10 19 L1 10 Z",
  background: "M10 1.5 A8.5 8.5 0 1 1 9.99 1.5 Z",
  industrial: "M10 1.5 L19 18 L1 18 Z",
  road: "M2.5 2.5 H17.5 V17.5 H2.5 Z",
  building: "M1.5 8.5 L10 1.5 L18.5 8.5 V18.5 H1.5 Z",
  household: "M4 10 L10 5 L16 10 V17 H4 Z",
  weather: "M7 1.5 H13 V7 H18.5 V13 H13 V18.5 H7 V13 H1.5 V7 H7 Z",
  noise: "M5.5 2 H14.5 L19 10 L14.5 18 H5.5 L1 10 Z",
  other: "M10 3 A7 7 0 1 1 9.99 3 Z",
};

/** @param {string} kind @returns {string} */
export function shapeOf(kind) {
  return SHAPES[kind] ?? SHAPES.other;
}

/** @param {{kind: string, classNumber?: number | null, own?: string | null, silent?: boolean, size?: number}} props */
export function Mark({ kind, classNumber = null, own = null, silent = false, size = 18 }) {
  const colour = silent ? "none" : (own ?? classColour(classNumber) ?? "var(--unclassed)");
  return html`<svg class=${`mark${silent ? " silent" : ""}`} viewBox="-1 -1 22 22" width=${size} height=${size} aria-hidden="true">
    <path d=${shapeOf(kind)} fill=${colour} />
  </svg>`;
}
