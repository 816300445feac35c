// The page: header, banner, and what the address shows.

import { html, useEffect, useState } from "./html.js";
import { cityIn, loadCities, session, themeIn, useReader } from "./session.js";
import { useStore } from "./store.js";
import { follow, place } from "./navigation.js";
import { listen, onChange } from "./live.js";
import { refresher } from "./refresh.js";
import { shortcuts } from "./keyboard.js";
import { Failed } from "./states.js";
import { Header, SimulatedBanner } from "./header.js";
import { Help } from "./help.js";
import { TroubleBanner } from "./trouble.js";
import { BoardPage } from "./board.js";
import { CityPage } from "./city/page.js";
import { SitePage } from "./pages/site.js";
import { EvidencePage } from "./pages/evidence.js";
import { QuarantinePage } from "./pages/quarantine.js";
import { DevicesPage } from "./pages/devices.js";
import { CheckPage } from "./pages/check.js";
import { GoalsPage } from "./pages/goals.js";
import { ReportingPage } from "./reporting/page.js";
import { RegisterPage } from "./pages/register.js";

export function App() {
  const route = useStore(place, (state) => state.route);
  const { words, kiosk, citiesFailure, cities } = useStore(session, (state) => state);
  const theme = useStore(session, themeIn);
  const city = useStore(session, cityIn);
  const [help, setHelp] = useState(false);

  useEffect(() => {
    const keys = shortcuts(() => setHelp(true));
    addEventListener("keydown", keys);
    document.addEventListener("click", follow);
    return () => {
      removeEventListener("keydown", keys);
      document.removeEventListener("click", follow);
    };
  }, []);
  useEffect(() => {
    if (!city) return undefined;
    listen(city.slug);
    return onChange(() => refresher.changed());
  }, [city?.slug]);
  useEffect(() => {
    const root = document.documentElement;
    root.dataset.theme = theme;
    root.lang = words.language;
    root.classList.toggle("kiosk", kiosk);
    root.classList.toggle("one-screen", route.page === "city");
  }, [theme, words, kiosk, route.page]);
  useEffect(() => {
    const name = city ? words.named(city.name) : "Bypuls";
    document.title = `${name}${city?.simulated ? ` (${words.t("simulated")})` : ""} · ${words.t("controlRoom")}`;
  }, [city, words]);
  useEffect(() => {
    // Again every minute: what is measured tells whether the page is live.
    const timer = setTimeout(() => document.hidden || loadCities(), citiesFailure ? 5000 : 60000);
    return () => clearTimeout(timer);
  }, [citiesFailure, cities]);

  return html`<a class="skip" href="#content" onClick=${(event) => {
    event.preventDefault();
    document.getElementById("content")?.focus();
  }}>${words.t("skip")}</a>
  <${Header} openHelp=${() => setHelp(true)} />
  <${SimulatedBanner} />
  <${TroubleBanner} />
  <main id="content" tabindex="-1">
    ${citiesFailure && !cities ? html`<${Failed} failure=${citiesFailure} retry=${loadCities} />` : html`<${Page} route=${route} />`}
  </main>
  <${Help} open=${help} close=${() => setHelp(false)} />`;
}

function Page({ route }) {
  const { words } = useReader();
  switch (route.page) {
    case "city": return html`<${CityPage} />`;
    case "board": return html`<${BoardPage} uid=${route.id} key=${route.id} />`;
    case "site": return html`<${SitePage} slug=${route.id} key=${route.id} />`;
    case "evidence": return html`<${EvidencePage} route=${route} />`;
    case "quarantine": return html`<${QuarantinePage} route=${route} />`;
    case "check": return html`<${CheckPage} route=${route} />`;
    case "goals": return html`<${GoalsPage} route=${route} />`;
    case "reporting": return html`<${ReportingPage} route=${route} />`;
    case "register": return html`<${RegisterPage} />`;
    case "devices": return html`<${DevicesPage} route=${route} />`;
    default: return html`<div class="page"><h1>${words.t("missingPage")}</h1><p>${words.t("missingHint")}</p></div>`;
  }
}
