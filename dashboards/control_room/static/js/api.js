// Requests to the server this page came from. Every failure becomes one shape: what, and what to do.

/** @typedef {{status: number, title: string, detail: string, hint: string, errors?: {where: string, message: string, text?: Record<string, string>}[]}} Problem */

const PATIENCE = 20000;

/** Something that did not work, ready to be shown. */
export class Failure extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/**
 * Address with parameters; null and undefined are left out, a list is repeated.
 * @param {string} path
 * @param {Record<string, unknown>} [parameters]
 */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, String(one));
    }
  }
  const text = query.toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

let token = "";

/** A token for raw messages, kept in this page's memory only. @param {string} value */
export function keepToken(value) {
  token = value.trim();
}

/**
 * JSON of an address.
 * @param {string} path
 * @param {Record<string, unknown>} [parameters]
 * @param {{signal?: AbortSignal, withToken?: boolean, bearer?: string}} [how] `bearer`: a person's own token
 * @returns {Promise<any>}
 * @throws {Failure}
 */
export async function getJson(path, parameters = {}, { signal, withToken = false, bearer = "" } = {}) {
  const headers = { Accept: "application/json", ...authorized(bearer || (withToken ? token : "")) };
  return asked(address(path, parameters), { headers }, signal);
}

/** @param {string} bearer @returns {Record<string, string>} */
const authorized = (bearer) => (bearer ? { Authorization: `Bearer ${bearer}` } : {});

/**
 * What a person does: a write with their token. A file goes as it is, anything else as JSON.
 * @param {"PUT" | "POST" | "PATCH" | "DELETE"} method @param {string} path @param {unknown} body @param {string} bearer
 * @returns {Promise<any>} null where the answer is empty
 * @throws {Failure}
 */
export async function send(method, path, body, bearer) {
  const file = body instanceof Blob;
  const headers = { Accept: "application/json", ...authorized(bearer), ...(body === undefined ? {} : { "Content-Type": file ? "application/octet-stream" : "application/json" }) };
  return asked(path, { method, headers, body: file ? body : body === undefined ? undefined : JSON.stringify(body) });
}

/**
 * JSON in answer to JSON.
 * @param {string} path @param {unknown} body @param {{signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 * @throws {Failure}
 */
export async function postJson(path, body, { signal } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  return asked(path, { method: "POST", headers, body: JSON.stringify(body) }, signal);
}

/** @param {string} url @param {RequestInit} request @param {AbortSignal} [signal] @returns {Promise<any>} @throws {Failure} */
async function asked(url, request, signal) {
  const patience = AbortSignal.timeout(PATIENCE);
  let answer;
  try {
    answer = await fetch(url, { ...request, signal: signal ? anyOf([signal, patience]) : patience });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure({ status: 0, title: "unreachable", detail: patience.aborted ? "timeout" : "unreachable", hint: "" });
  }
  if (!answer.ok) throw new Failure(await problemOf(answer));
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    throw new Failure({ status: answer.status, title: "unreadable", detail: "unreadable", hint: "" });
  }
}

/** @param {Response} answer @returns {Promise<Problem>} */
async function problemOf(answer) {
  const plain = { status: answer.status, title: answer.statusText || String(answer.status), detail: "", hint: "" };
  try {
    const said = await answer.json();
    return { ...plain, title: said.title ?? plain.title, detail: said.detail ?? "", hint: said.hint ?? "", errors: said.errors ?? [] };
  } catch {
    return plain;
  }
}

/** AbortSignal.any, for browsers of 2022 as well. @param {AbortSignal[]} signals */
function anyOf(signals) {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(), { once: true });
  return controller.signal;
}

/**
 * All pages of a list of the API, up to `most` rows.
 * @param {string} path @param {Record<string, unknown>} parameters @param {{signal?: AbortSignal, most?: number}} [how]
 * @returns {Promise<any[]>}
 */
export async function getList(path, parameters, { signal, most = 5000 } = {}) {
  const rows = [];
  let page = await getJson(path, parameters, { signal });
  rows.push(...page.data);
  while (page.next && rows.length < most) {
    page = await getJson(page.next, {}, { signal });
    rows.push(...page.data);
  }
  return rows;
}
