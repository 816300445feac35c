// "Signed in as", or the way to sign in: on every page where people write.

import { html, useState } from "./html.js";
import { may, person, signIn, signOut } from "./person.js";
import { useStore } from "./store.js";
import { useReader } from "./session.js";
import { said } from "./states.js";

/** @param {{city: any, scope: string}} props the scope that the page's writes need */
export function SignedIn({ city, scope }) {
  const { words } = useReader();
  const who = useStore(person, (state) => state);
  const [open, setOpen] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("token");
    const typed = field.value;
    field.value = "";
    signIn(typed);
  };
  if (who.name && !who.expired) {
    return html`<div class="signed-in" role="status"><span>${words.t("signedInAs")} <b>${who.name}</b></span> <button type="button" class="plain" onClick=${() => {
      signOut();
      setOpen(false);
    }}>${words.t("signOut")}</button>
      ${!may(who, scope, city.slug) && html`<p class="note">${who.city && who.city !== city.slug ? words.t("tokenOtherCity", { city: who.city }) : words.t("tokenNoScope", { scope })}</p>`}</div>`;
  }
  return html`<div class="signed-in">${who.expired ? html`<p class="note" role="alert">▲ ${words.t("tokenGone", { name: who.name })}</p>` : html`<span class="muted">${words.t("readOnly")}</span>`} ${!open && !who.expired && html`<button type="button" class="plain" onClick=${() => setOpen(true)}>${words.t("signIn")}</button>`}
    ${(open || who.failure || who.expired) && html`<form class="sign-in" onSubmit=${submit}>
      <label><span>${words.t("yourToken")}</span><input type="password" name="token" required autocomplete="off" spellcheck=${false} placeholder="byp_…" /></label>
      <button type="submit" class="plain primary" disabled=${who.asking}>${words.t("signIn")}</button>
      <p class="muted">${words.t("signInHint")} <code>bypuls token create NAME --city ${city.slug} --scope ${scope}</code></p>
      ${who.failure && html`<p class="bad" role="alert">▲ ${who.failure.problem?.status === 401 ? words.t("tokenUnknown") : said(who.failure, words).detail}</p>`}
    </form>`}</div>`;
}
