// "City now": is the city fine, what needs a hand, what is it heading for. One screen, no scrolling on 1366 × 768.

import { html, useMemo, useRef, useState } from "../html.js";
import { getJson } from "../api.js";
import { Icon } from "../icons.js";
import { rowsOf } from "../frames.js";
import { everyOf, stateOf, usePanelData } from "../paneldata.js";
import { session, useCity, useReader, useTheme } from "../session.js";
import { useStore } from "../store.js";
import { useAreas } from "../areas.js";
import { Failed, OldChip, Skeleton, useAsked } from "../states.js";
import { MapKey, SiteList, SiteMap } from "../map/map.js";
import { sitesOf } from "../map/sites.js";
import { Panel } from "../panel.js";
import { Tile } from "./tile.js";
import { Hands } from "./hands.js";
import { Flow } from "./footer.js";

const TILES = [1, 2, 3, 4];
const [MAP, HANDS, LINES] = [5, 6, 7];
const FLOW = [8, 9, 10, 11];
/** Until the board is there. */
const PLAIN = { uid: "city-now", time: { from: "now-48h", to: "now" }, panels: [] };

export function CityPage() {
  const { words } = useReader();
  const city = useCity();
  const cities = useStore(session, (state) => state.cities);
  const { value, failure, retry } = useAsked((signal) => getJson("/control-room/boards/city-now", {}, { signal }), "city-now");
  const board = value ?? PLAIN;
  const context = useMemo(
    () => ({ uid: "city-now", city: city?.slug ?? null, range: board.time ?? PLAIN.time, variables: {}, everyMs: everyOf(board.refresh) }),
    [city?.slug, board.time?.from, board.time?.to, board.refresh],
  );
  const panel = (id) => board.panels.find((one) => one.id === id) ?? { id, title: "", fieldConfig: {} };
  if (failure && !value) return html`<${Failed} failure=${failure} retry=${retry} />`;
  if (cities?.length === 0) return html`<div class="page"><h1>${words.t("noCity")}</h1><p>${words.t("noCityHint")}</p></div>`;
  if (!value) return html`<div class="city"><h1 class="hidden">${words.t("home")}</h1><div class="tiles">${TILES.map((id) => html`<section class="tile" key=${id}><${Skeleton} /></section>`)}</div></div>`;
  return html`<div class="city">
    <h1 class="hidden">${words.t("home")}</h1>
    <div class="tiles">${TILES.map((id) => html`<${Tile} key=${id} panel=${panel(id)} context=${context} />`)}</div>
    <div class="middle">
      <${CityMap} panel=${panel(MAP)} context=${context} />
      <${Hands} panel=${panel(HANDS)} context=${context} />
    </div>
    <div class="lines"><${Panel} panel=${panel(LINES)} context=${context} /></div>
    <${Flow} panels=${FLOW.map(panel)} context=${{ ...context, everyMs: 10000 }} />
  </div>`;
}

function CityMap({ panel, context }) {
  const element = useRef(null);
  const reader = useReader();
  const { words } = reader;
  const theme = useTheme();
  const areas = useAreas();
  const tiles = useStore(session, (state) => state.settings.tiles);
  const state = usePanelData(context, panel.id, element);
  const { data, failure, loadedAt, retry } = state;
  const [asList, setAsList] = useState(false);
  const sites = useMemo(() => (data ? sitesOf(rowsOf(data.frames[0])) : []), [data]);
  return html`<section class="panel city-map" ref=${element} aria-label=${words.t("map")} data-panel=${panel.id} data-state=${stateOf(state, { empty: sites.length === 0 })}>
    <header><h2>${words.t("map")}</h2>${data && failure && html`<${OldChip} since=${loadedAt} failure=${failure} />`}<span class="spacer" />
      <button type="button" class="icon" data-action="table" aria-pressed=${asList} aria-label=${`${words.t("map")}: ${words.t(asList ? "asMap" : "asList")}`} title=${words.t(asList ? "asMap" : "asList")} onClick=${() => setAsList(!asList)}><${Icon} name=${asList ? "map" : "table"} /></button></header>
    <div class=${`panel-body${data && failure ? " old" : ""}`}>
      ${!data && (failure ? html`<${Failed} failure=${failure} retry=${retry} />` : html`<${Skeleton} rows=${6} />`)}
      ${data && (asList ? html`<${SiteList} sites=${sites} reader=${reader} label=${words.t("list")} />` : html`<${SiteMap} sites=${sites} areas=${areas} tiles=${tiles} reader=${reader} theme=${theme} label=${`${words.t("map")}. ${words.t("mapHelp")}`} /><${MapKey} sites=${sites} reader=${reader} />`)}
    </div>
  </section>`;
}
