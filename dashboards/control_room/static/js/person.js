// Who sits here: a person's own token, typed once, kept in this tab alone, sent as a bearer and never in an address.

import { createStore } from "./store.js";
import { Failure, getJson, send } from "./api.js";

const KEY = "bypuls.token";
const NOBODY = { token: "", name: /** @type {string | null} */ (null), scopes: /** @type {string[]} */ ([]), city: /** @type {string | null} */ (null), failure: /** @type {any} */ (null), asking: false, waking: false, expired: false };

/** What this tab has kept. */
function kept() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden: then it is typed again after the page is loaded again
  }
}

/**
 * `expired`: their token is no longer known; they stay who they were, so that nothing of what they typed is lost, and
 * nothing is read or written with it.
 * `waking`: somebody was signed in before the page was loaded again, and it is not known yet whether they still are.
 */
export const person = createStore({ ...NOBODY, waking: kept() !== null });

/** @param {string | null} token null: forget it */
function keep(token) {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // as above
  }
}

/** Of several attempts the last one counts, and none after signing out. */
let turn = 0;

/** @param {string} typed @param {boolean} [waking] */
export async function signIn(typed, waking = false) {
  const token = typed.trim();
  const mine = (turn += 1);
  const before = person.get().expired ? { ...person.get(), failure: null } : NOBODY;
  person.set({ ...before, asking: true, waking });
  try {
    // What is no header value (a letter outside ASCII, a line break) is no token either.
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Failure({ status: 401, title: "", detail: "", hint: "" });
    const { name, scopes, city } = await getJson("/v1/whoami", {}, { bearer: token });
    if (mine !== turn) return;
    keep(token);
    person.set({ token, name, scopes, city, failure: null, asking: false, waking: false, expired: false });
  } catch (failure) {
    if (mine !== turn) return;
    if (failure?.problem?.status === 401) keep(null);
    person.set({ ...before, failure });
  }
}

/** What was sent with a token came back: nobody knows it any more. @param {string} token */
export function expire(token) {
  if (!token || person.get().token !== token) return; // meanwhile somebody signed in with another
  keep(null);
  person.set({ token: "", failure: null, expired: true });
}

export function signOut() {
  turn += 1;
  keep(null);
  person.set(NOBODY);
}

/** Whoever was signed in before the page was loaded again. */
export function signInAgain() {
  const { waking, asking } = person.get();
  if (waking && !asking) signIn(kept() ?? "", true);
}

/**
 * Whether a person may do something in a city: as the API decides it, so that nobody fills in a form for nothing.
 * @param {{name: string | null, scopes: string[], city: string | null}} who @param {string} scope @param {string} city
 */
export function may(who, scope, city) {
  return who.name !== null && (who.scopes.includes(scope) || who.scopes.includes("admin")) && (who.city === null || who.city === city);
}

/**
 * A write in the name of whoever is signed in; a token that is no longer known is no longer used.
 * @param {"PUT" | "POST" | "PATCH" | "DELETE"} method @param {string} path @param {unknown} [body]
 */
export async function write(method, path, body) {
  const { token } = person.get();
  try {
    return await send(method, path, body, token);
  } catch (failure) {
    if (failure?.problem?.status === 401) expire(token);
    throw failure;
  }
}
