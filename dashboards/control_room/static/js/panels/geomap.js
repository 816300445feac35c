// Geomap panel: rows of sites on the map.

import { html, useMemo } from "../html.js";
import { session } from "../session.js";
import { useStore } from "../store.js";
import { useAreas } from "../areas.js";
import { MapKey, SiteMap } from "../map/map.js";
import { colouredSites } from "../map/sites.js";

/** @param {{panel: any, data: any, reader: any, theme: "dark" | "light"}} props */
export function GeomapPanel({ panel, data, reader, theme }) {
  const sites = useMemo(() => colouredSites(panel, data.frames[0], reader, theme), [panel, data, reader.words, theme]);
  const settings = useStore(session, (state) => state.settings);
  const areas = useAreas();
  return html`<div class="map-frame">
    <${SiteMap} sites=${sites} areas=${areas} tiles=${settings.tiles} reader=${reader} theme=${theme} label=${`${reader.translate(panel.title)}. ${reader.words.t("mapHelp")}`} />
    <${MapKey} sites=${sites} reader=${reader} />
  </div>`;
}
