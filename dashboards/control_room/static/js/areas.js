// Districts of the city, asked for once: they change with the city file only.

import { useEffect, useState } from "./html.js";
import { getList } from "./api.js";
import { useCity } from "./session.js";

/** @type {Map<string, Promise<any[]>>} */
const known = new Map();
const NONE = [];

/** @returns {any[]} */
export function useAreas() {
  const slug = useCity()?.slug;
  const [areas, setAreas] = useState(NONE);
  useEffect(() => {
    if (!slug) return undefined;
    let gone = false;
    if (!known.has(slug)) known.set(slug, getList("/v1/areas", { city: slug }));
    known.get(slug).then((found) => gone || setAreas(found), () => {
      known.delete(slug); // a map without districts is a map still; the next one asks again
    });
    return () => {
      gone = true;
    };
  }, [slug]);
  return areas;
}
