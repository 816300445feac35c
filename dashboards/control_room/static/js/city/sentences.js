// What needs a hand, as sentences in the reader's language. Pure.

import { classNumber } from "../format/thresholds.js";
import { formatNumber } from "../format/numbers.js";
import { formatDuration } from "../format/units.js";

/**
 * A row as a sentence: the board's own when it has one, else the page's by what it is about.
 * @param {Record<string, any>} row @param {any} reader @param {Map<string, string>} [names] of sites
 */
export function sentenceOf(row, reader, names = new Map()) {
  const { words, language } = reader;
  const count = typeof row.count === "number" ? row.count : 0;
  const values = {
    count: formatNumber(count, { language, decimals: 0 }),
    minutes: row.minutes ?? "",
    age: typeof row.minutes === "number" ? formatDuration(row.minutes * 60, language) : "",
    property: row.property ? words.translate(row.property) : count > 1 ? words.t("seriesCount", { count }) : "",
    place: row.site_name ?? names.get(row.site) ?? row.site ?? row.device ?? "",
    site: row.site ?? "", device: row.device ?? words.t("deviceCount", { count }), reason: reasonOf(row.property, words),
    kind: words.code(row.kind),
  };
  const key = `hand_${row.what}${row.what === "refused" && count === 1 ? "_one" : ""}`;
  const own = words.t(key, values);
  return own === key ? [words.translate(row.what), values.place, values.property].filter(Boolean).join(" · ") : own;
}

/** A class or a code in the middle of a sentence. */
function reasonOf(code, words) {
  const number = classNumber(code);
  return number ? words.t(`class${number}`).toLowerCase() : words.code(code ?? "");
}
