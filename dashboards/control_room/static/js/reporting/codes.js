// Codes of U4SSC as people type them. Pure.

/**
 * The indicators that a text names: "EN: EN, SC: EH: H: 1C", "*" for all. Null: one of them names none.
 * @template {{code: string}} Kpi @param {string} text @param {Kpi[]} kpis @returns {Kpi[] | null}
 */
export function namedBy(text, kpis) {
  const parts = (code) => code.split(":").map((part) => part.trim().toUpperCase()).filter(Boolean);
  const found = text.split(/[,;]/).filter((one) => one.trim()).map((one) => {
    const wanted = one.trim() === "*" ? [] : parts(one);
    return kpis.filter((kpi) => wanted.every((part, at) => parts(kpi.code)[at] === part));
  });
  return found.length === 0 || found.some((one) => one.length === 0) ? null : [...new Set(found.flat())];
}
