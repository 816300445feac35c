// Icons as small drawings: not every machine has the characters.

import { html } from "./html.js";

const PATHS = {
  table: "M2 3h12v10H2zM2 6.5h12M2 10h12M6.5 3v10",
  chart: "M2 2v12h12M4 11l3-4 3 2 4-6",
  full: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  map: "M8 14.5C5 11 3.5 8.8 3.5 6.5a4.5 4.5 0 0 1 9 0c0 2.3-1.5 4.5-4.5 8zM8 8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z",
  auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  dark: "M13 10A5.5 5.5 0 0 1 6 3a5.5 5.5 0 1 0 7 7z",
  light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5L13 13M13 3l-1.5 1.5M4.5 11.5L3 13",
  close: "M3 3l10 10M13 3L3 13",
};

/** @param {{name: keyof typeof PATHS}} props */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true" class=${`drawn ${name}`}><path d=${PATHS[name]} /></svg>`;
}
