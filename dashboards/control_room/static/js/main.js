// Starts the page.

import { html, render } from "./html.js";
import { loadLeaflet, loadUPlot } from "./scripts.js";
import { begin } from "./session.js";
import { App } from "./app.js";

begin();
const root = document.getElementById("app");
root.replaceChildren(); // the outline that stood there until now
render(html`<${App} />`, root);
// Nearly every page has a chart or a map: fetched while the first data are on their way.
loadUPlot().catch(() => {});
loadLeaflet().catch(() => {});
