// Asking a unit of the city for several indicators at once: by codes, or by how they begin.

import { html, useState } from "../html.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { said } from "../states.js";
import { namedBy } from "./codes.js";
import { roundPath } from "./data.js";

/** @param {{city: any, found: any, again: () => void}} props */
export function AskUnit({ city, found, again }) {
  const { words } = useReader();
  const [told, setTold] = useState(/** @type {{failure?: any, wrong?: boolean, asked?: number}} */ ({}));
  const submit = (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const typed = new FormData(form);
    const kpis = namedBy(String(typed.get("codes")), found.kpis);
    if (!kpis) return setTold({ wrong: true });
    const whom = { unit: String(typed.get("unit")).trim(), contact: String(typed.get("contact")).trim() || null };
    return write("PUT", roundPath(city.slug, found.year), { asked: Object.fromEntries(kpis.map((kpi) => [kpi.code, whom])) }).then(() => {
      setTold({ asked: kpis.length });
      form.reset();
      again();
    }, (failure) => setTold({ failure }));
  };
  return html`<details class="ask-other"><summary>${words.t("askUnit")}</summary><form class="row-form" onSubmit=${submit}>
    <label><span>${words.t("codesToAsk")}</span><input name="codes" required maxlength="1000" autocomplete="off" placeholder="EN: EN, SC: EH: H: 1C" /></label>
    <label><span>${words.t("unitOfCity")}</span><input name="unit" required maxlength="200" autocomplete="off" /></label>
    <label><span>${words.t("contact")}</span><input name="contact" maxlength="200" autocomplete="off" /></label>
    <button type="submit" class="plain">${words.t("doAsk")}</button>
    <p role="status">${told.wrong ? html`<b class="bad">▲ ${words.t("noSuchCodes")}</b>` : told.failure ? html`<b class="bad">▲</b> <span lang="en">${said(told.failure, words).detail}</span>` : told.asked ? html`<span class="done">✓ ${words.t("askedCount", { count: told.asked })}</span>` : ""}</p></form></details>`;
}
