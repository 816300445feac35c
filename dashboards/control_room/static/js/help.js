// Help: the keyboard, the marks and the states. A dialog of the browser's own, which keeps the focus and closes on Escape.

import { html, useEffect, useRef } from "./html.js";
import { Icon } from "./icons.js";
import { useReader } from "./session.js";
import { CLASS_COLOURS } from "./format/thresholds.js";
import { Mark, SHAPES } from "./map/shapes.js";

const KEYS = [["?", "keyHelp"], ["0", "keyHome"], ["1 … 9", "keyBoards"], ["t", "keyTime"], ["r", "keyRefresh"], ["d", "keyTheme"], ["l", "keyLanguage"], ["k", "keyKiosk"], ["f", "keyFull"], ["v", "keyTable"], ["Esc", "keyEscape"]];

/** @param {{open: boolean, close: () => void}} props */
export function Help({ open, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const { words } = useReader();
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return html`<dialog class="help" ref=${dialog} aria-labelledby="help-title" onClose=${close} onClick=${(event) => event.target === dialog.current && close()}>
    ${open && html`<div class="help-in">
      <header><h2 id="help-title">${words.t("help")}</h2><button type="button" class="icon" aria-label=${words.t("close")} onClick=${close}><${Icon} name="close" /></button></header>
      <div class="help-columns">
        <section><h3>${words.t("shortcuts")}</h3><dl class="keys">${KEYS.map(([key, text]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${words.t(text)}</dd></div>`)}</dl></section>
        <section><h3>${words.t("helpColours")}</h3>
          <ul class="plain-list">${CLASS_COLOURS.map((colour, at) => html`<li key=${colour}><i class="swatch" style=${{ background: colour }} /> ${words.t(`class${at + 1}`)}</li>`)}</ul>
          <ul class="plain-list">${Object.keys(SHAPES).map((kind) => html`<li key=${kind}><${Mark} kind=${kind} size=${16} /> ${words.code(kind)}</li>`)}<li><${Mark} kind="background" silent=${true} size=${16} /> ${words.t("silent")}</li></ul></section>
        <section><h3>${words.t("helpStates")}</h3><ul class="plain-list">
          <li><span class="live live-sample"><span class="live-mark">●</span></span> ${words.t("stateLive")}</li><li><span class="old-chip">◷</span> ${words.t("stateStale")}</li><li>∅ ${words.t("stateEmpty")}</li><li>⚠ ${words.t("stateFailed")}</li></ul></section>
      </div></div>`}
  </dialog>`;
}
