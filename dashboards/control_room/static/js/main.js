// Starts the page.

import { html, render } from "./html.js";
import { begin } from "./session.js";
import { App } from "./app.js";

begin();
const root = document.getElementById("app");
root.replaceChildren(); // the outline that stood there until now
render(html`<${App} />`, root);
