// Shortcuts of one key. None of them works while somebody types, or with Ctrl, Alt or Meta held.

import { chooseLanguage, nextTheme, session } from "./session.js";
import { adjust, go } from "./navigation.js";
import { refresher } from "./refresh.js";
import { fullScreen } from "./panel.js";

/** @param {() => void} openHelp @returns {(event: KeyboardEvent) => void} */
export function shortcuts(openHelp) {
  return (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || document.querySelector("dialog[open]")) return;
    const panel = target.closest?.("[data-panel]");
    const actions = {
      "?": openHelp,
      0: () => go("/"),
      d: nextTheme,
      l: () => chooseLanguage(session.get().words.language === "nb" ? "en" : "nb"),
      r: () => refresher.changed(),
      k: () => adjust({ kiosk: session.get().kiosk ? null : "" }, { replace: false }),
      t: () => document.querySelector(".timepicker summary")?.click(),
      f: () => panel && fullScreen(panel),
      v: () => panel?.querySelector("[data-action=table]")?.click(),
    };
    const board = /^[1-9]$/.test(event.key) ? session.get().boards[Number(event.key) - 1] : null;
    const action = board ? () => go(board.uid === "city-now" ? "/" : `/board/${board.uid}`) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
}
