// Where panels lie: a board's rows as sections of their own, so that closing one moves what is below it. Pure.

/** @typedef {{panel: any, column: number, row: number, width: number, height: number}} Placed */
/** @typedef {{key: string, title: string | null, collapsed: boolean, panels: Placed[]}} Section */

/** @param {any[]} panels @returns {Section[]} */
export function sectionsOf(panels) {
  const ordered = [...panels].sort(byPlace);
  /** @type {{key: string, title: string | null, collapsed: boolean, inside: any[]}[]} */
  const sections = [{ key: "top", title: null, collapsed: false, inside: [] }];
  for (const panel of ordered) {
    if (panel.type === "row") sections.push({ key: `row-${panel.id ?? panel.title}`, title: panel.title ?? "", collapsed: panel.collapsed === true, inside: [...(panel.panels ?? [])] });
    else sections.at(-1).inside.push(panel);
  }
  return sections.filter((section) => section.title !== null || section.inside.length > 0).map(({ inside, ...section }) => ({ ...section, panels: placed(inside) }));
}

/** @param {any} a @param {any} b */
function byPlace(a, b) {
  return (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0);
}

/**
 * Panels where they lie, moved up into what is free above them, as Grafana does.
 * @param {any[]} panels @returns {Placed[]}
 */
function placed(panels) {
  /** @type {Placed[]} */
  const done = [];
  for (const panel of [...panels].sort(byPlace)) {
    const { x = 0, w = 24, h = 8 } = panel.gridPos ?? {};
    const width = Math.min(w, 24 - x);
    const under = done.filter((one) => one.column < x + 1 + width && x + 1 < one.column + one.width);
    const row = Math.max(1, ...under.map((one) => one.row + one.height));
    done.push({ panel, column: x + 1, row, width, height: h });
  }
  return done;
}
