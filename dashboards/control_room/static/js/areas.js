// Districts and sites' names of the city, properties' names: asked for once, they change with the city file or the version only.

import { useEffect, useMemo, useState } from "./html.js";
import { getList } from "./api.js";
import { useCity } from "./session.js";

/** @type {Map<string, Promise<any[]>>} */
const known = new Map();
const NONE = [];

/** @param {"areas" | "sites"} list @returns {any[]} */
function useList(list) {
  const slug = useCity()?.slug;
  const [rows, setRows] = useState(NONE);
  useEffect(() => {
    if (!slug) return undefined;
    let gone = false;
    const key = `${list} ${slug}`;
    if (!known.has(key)) known.set(key, getList(`/v1/${list}`, { city: slug }));
    known.get(key).then((found) => gone || setRows(found), () => {
      known.delete(key); // a map without districts is a map still; the next one asks again
    });
    return () => {
      gone = true;
    };
  }, [slug, list]);
  return rows;
}

export const useAreas = () => useList("areas");

/** Slug -> name. @returns {Map<string, string>} */
export function useSiteNames() {
  const sites = useList("sites");
  return useMemo(() => new Map(sites.map((site) => [site.site, site.name])), [sites]);
}

/** @type {Promise<any[]> | null} */
let properties = null;

/** Property -> its name in both languages. @returns {Map<string, Record<string, string>>} */
export function usePropertyNames() {
  const [rows, setRows] = useState(NONE);
  useEffect(() => {
    let gone = false;
    properties ??= getList("/v1/properties", { limit: 1000 });
    properties.then((found) => gone || setRows(found), () => {
      properties = null; // its own word tells what is measured, too; the next page asks again
    });
    return () => {
      gone = true;
    };
  }, []);
  return useMemo(() => new Map(rows.map((one) => [one.property, one.name])), [rows]);
}
