// Addresses of the page: path <-> route, and the parameters that travel along (city, time range, variables, kiosk).

/** @typedef {{page: "city" | "board" | "site" | "evidence" | "quarantine" | "devices" | "check" | "goals" | "reporting" | "register" | "missing", id?: string, query: URLSearchParams}} Route */
/** @typedef {{from: string, to: string}} Range */

const BOUND = /^(now(-\d+[smhdwMy])?(\/[smhdwMy])?|\d{10,14}|\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?)$/;

/**
 * What an address shows.
 * @param {string} path @param {string} search
 * @returns {Route}
 */
export function routeOf(path, search) {
  const query = new URLSearchParams(search);
  const parts = path.split("/").filter(Boolean).map(decode);
  if (parts.length === 0) return { page: "city", query };
  if (parts[0] === "board" && parts.length === 2) {
    return parts[1] === "city-now" ? { page: "city", query } : { page: "board", id: parts[1], query };
  }
  if (parts[0] === "site" && parts.length === 2) return { page: "site", id: parts[1], query };
  if (["evidence", "quarantine", "devices", "check", "goals", "reporting", "register"].includes(parts[0])) return { page: /** @type {any} */ (parts[0]), id: parts[1], query };
  return { page: "missing", query };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * The time range of an address, or the one a board begins with.
 * @param {URLSearchParams} query @param {Range} otherwise
 * @returns {Range}
 */
export function rangeOf(query, otherwise) {
  const from = query.get("from") ?? "";
  const to = query.get("to") ?? "";
  return BOUND.test(from) && BOUND.test(to) ? { from, to } : otherwise;
}

/** Variables of an address: name -> values. @param {URLSearchParams} query @returns {Record<string, string[]>} */
export function variablesOf(query) {
  const found = {};
  for (const name of query.keys()) if (name.startsWith("var-")) found[name.slice(4)] = query.getAll(name);
  return found;
}

const KEPT = ["city", "lang", "theme", "kiosk"];
const KEPT_ON_BOARDS = ["from", "to"];

/**
 * An address within the page that keeps what travels along: city, language, theme, kiosk; and to boards and sites the
 * time range and the variables, unless the address says otherwise.
 * @param {string} target path with its own query @param {URLSearchParams} query that of the present address
 */
export function carried(target, query) {
  const [path, search = ""] = target.split("?");
  const result = new URLSearchParams(search);
  const own = new Set(result.keys());
  const keep = (name) => {
    if (!own.has(name)) for (const value of query.getAll(name)) result.append(name, value);
  };
  KEPT.forEach(keep);
  if (/^\/(board|site)\//.test(path)) {
    KEPT_ON_BOARDS.forEach(keep);
    for (const name of new Set(query.keys())) if (name.startsWith("var-")) keep(name);
  }
  const text = result.toString();
  return text ? `${path}?${text}` : path;
}

const OWN_ROUTES = /^https?:\/\/[^/]+(\/(?:d|board|site|evidence|quarantine|devices|check|goals|reporting|register)(?:[/?#].*)?)$/;

/**
 * A board's link as this page follows it: boards name the control room by its full address for Grafana's sake, and
 * boards among themselves in Grafana's form.
 * @param {string} target
 * @returns {string | null} null when it may not be followed
 */
export function followable(target) {
  let path = OWN_ROUTES.exec(target)?.[1] ?? target;
  path = path.replace(/^\/d\/([^/?#]+)(\/[^?#]*)?/, "/board/$1");
  const [first, ...rest] = path.split("?");
  path = rest.length ? `${first}?${rest.filter(Boolean).join("&")}` : first; // a link that had its own query got a second ?
  return isSafe(path) ? path : null;
}

/** Whether a link's target may be followed: within the page, or the web. @param {string} target */
export function isSafe(target) {
  return /^\/(?!\/)/.test(target) || /^https?:\/\//.test(target);
}
