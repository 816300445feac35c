// Any board: its variables, its rows, its panels on the 24-column grid that becomes one column on a phone.

import { html, useEffect, useMemo, useState } from "./html.js";
import { getJson } from "./api.js";
import { everyOf } from "./paneldata.js";
import { rangeOf, variablesOf } from "./router.js";
import { place, adjust } from "./navigation.js";
import { useStore } from "./store.js";
import { session, useCity, useReader } from "./session.js";
import { Failed, Skeleton, useAsked } from "./states.js";
import { Panel } from "./panel.js";
import { sectionsOf } from "./layout.js";

/** @param {{uid: string}} props */
export function BoardPage({ uid }) {
  const reader = useReader();
  const { value: board, failure, retry } = useAsked((signal) => getJson(`/control-room/boards/${uid}`, {}, { signal }), uid);
  if (failure && !board) return html`<div class="page"><h1>${uid}</h1><${Failed} failure=${failure} retry=${retry} /></div>`;
  if (!board) return html`<${Skeleton} rows=${6} />`;
  return html`<${Board} board=${board} reader=${reader} key=${uid} />`;
}

function Board({ board, reader }) {
  const { words } = reader;
  const query = useStore(place, (state) => state.route.query);
  const city = useCity();
  const text = query.toString();
  const range = useMemo(() => rangeOf(query, board.time ?? { from: "now-24h", to: "now" }), [text, board]);
  useEffect(() => session.set({ boardRange: board.time ?? null }), [board]);
  const asked = useMemo(() => variablesOf(query), [text]);
  const hasVariables = (board.templating?.list ?? []).length > 0;
  const { value: variables } = useAsked(
    (signal) => getJson(`/control-room/boards/${board.uid}/variables`, { city: city.slug, from: range.from, to: range.to, ...named(asked) }, { signal }),
    hasVariables && city ? JSON.stringify([board.uid, city.slug, asked]) : null,
  );
  const [kept, setKept] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (variables) setKept(variables);
  }, [variables]);
  // Panels ask with what the server says holds; the last answer stays in place while the next is on its way.
  const chosen = useMemo(() => chosenOf(kept), [kept]);
  const context = useMemo(
    () => ({ uid: board.uid, city: city && (!hasVariables || kept) ? city.slug : null, range, variables: chosen, everyMs: everyOf(board.refresh) }),
    [board, city?.slug, range, chosen, hasVariables],
  );
  const sections = useMemo(() => sectionsOf(board.panels ?? []), [board]);
  return html`<div class="board">
    <div class="board-head">
      <h1>${reader.translate(board.title)}</h1>
      ${board.description && html`<p>${reader.translate(board.description)}</p>`}
      ${kept && html`<${Variables} variables=${kept} reader=${reader} />`}
    </div>
    ${sections.map((section) => html`<${Section} key=${section.key} section=${section} context=${context} reader=${reader} words=${words} />`)}
  </div>`;
}

/** @param {Record<string, string[]>} variables */
const named = (variables) => Object.fromEntries(Object.entries(variables).map(([name, values]) => [`var-${name}`, values]));

/** @param {any[] | null} variables @returns {Record<string, string[]>} */
function chosenOf(variables) {
  return Object.fromEntries((variables ?? []).map(({ name, current }) => [name, listed(current)]));
}

/** @param {any} current a value, a list, or Grafana's {value} */
function listed(current) {
  const value = current && typeof current === "object" && !Array.isArray(current) ? current.value : current;
  return (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== undefined).map(String);
}

function Variables({ variables, reader }) {
  // The city is chosen in the header; here it would be a second place for the same.
  const shown = variables.filter((variable) => variable.name !== "city" && variable.hide !== 2);
  return html`<div class="variables" role="group" aria-label=${reader.words.t("boards")}>${shown.map((variable) => {
    const values = listed(variable.current);
    const choose = (value) => adjust({ [`var-${variable.name}`]: value }, { replace: false });
    const all = variable.include_all ? [{ text: reader.words.t("all"), value: "$__all" }] : [];
    const offered = variable.options.filter((option) => option.value !== "$__all");
    return html`<label key=${variable.name}><span>${reader.translate(variable.label || variable.name)}</span>
      <select value=${values.length === 1 ? values[0] : values.length ? "$__several" : ""} onChange=${(event) => choose(event.currentTarget.value)}>
        ${values.length > 1 && html`<option value="$__several" disabled>${values.length}</option>`}
        ${[...all, ...offered].map((option) => html`<option key=${option.value} value=${option.value} selected=${values.length === 1 && values[0] === option.value}>${reader.translate(option.text)}</option>`)}
      </select></label>`;
  })}</div>`;
}

function Section({ section, context, reader, words }) {
  const [open, setOpen] = useState(!section.collapsed);
  return html`<section class="row-section" aria-label=${section.title ? reader.translate(section.title) : undefined}>
    ${section.title !== null && html`<h2><button type="button" class="row-toggle" aria-expanded=${open} title=${words.t(open ? "collapse" : "expand")} onClick=${() => setOpen(!open)}>
      <span aria-hidden="true">${open ? "▾" : "▸"}</span> ${reader.translate(section.title)}</button></h2>`}
    ${open && html`<div class="grid">${section.panels.map(({ panel, column, row, width, height }) => html`<${Panel} key=${panel.id} panel=${panel} context=${context} heading=${section.title === null ? "h2" : "h3"}
      style=${{ gridColumn: `${column} / span ${width}`, gridRow: `${row} / span ${height}`, "--rows": height }} />`)}</div>`}
  </section>`;
}
