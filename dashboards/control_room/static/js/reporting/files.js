// The template as a file: taken home, filled in, looked at before anything of it is stored.

import { html, useRef, useState } from "../html.js";
import { address } from "../api.js";
import { write } from "../person.js";
import { useReader } from "../session.js";
import { said } from "../states.js";
import { DataTable } from "../panels/table.js";

const FILE = "/v1/reported-values/file";

/** @param {{city: any, year: number, writes: boolean, closed: boolean, again: () => void}} props */
export function Files({ city, year, writes, closed, again }) {
  const { words, language } = useReader();
  const link = (kind, filled) => address(FILE, { city: city.slug, year, kind, language, filled });
  return html`<section class="card" aria-label=${words.t("asFile")}><header class="card-head"><h2>${words.t("asFile")}</h2></header>
    <p class="muted">${words.t("asFileHint")}</p>
    <ul class="downloads">${[["template", false], ["values", true]].map(([name, filled]) => html`<li key=${name}>${words.t(`file_${name}`)}: <a href=${link("xlsx", filled)} download>XLSX</a> · <a href=${link("csv", filled)} download>CSV</a></li>`)}</ul>
    ${writes && !closed && html`<${Upload} city=${city} year=${year} again=${again} />`}
  </section>`;
}

function Upload({ city, year, again }) {
  const { words } = useReader();
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [seen, setSeen] = useState(/** @type {{receipt?: any, failure?: any, file?: Blob, busy?: boolean}} */ ({}));
  const take = async (file, dryRun) => {
    setSeen((before) => ({ ...before, busy: true }));
    try {
      const receipt = await write("POST", address(FILE, { city: city.slug, year, dry_run: dryRun }), file);
      setSeen({ receipt, file });
      if (!dryRun) {
        if (field.current) field.current.value = "";
        again();
      }
    } catch (failure) {
      setSeen({ failure });
    }
  };
  // Its bytes as they are now: what is stored is what was looked at, whatever is saved under its name meanwhile.
  const choose = (event) => {
    const file = event.currentTarget.files?.[0];
    file?.arrayBuffer().then((bytes) => take(new Blob([bytes]), true), (failure) => setSeen({ failure }));
  };
  const { receipt, failure, file, busy } = seen;
  const storable = receipt?.dry_run && receipt.refused.length === 0 && receipt.stored > 0;
  return html`<div class="upload"><label><span>${words.t("filledFile")}</span><input ref=${field} type="file" name="file" accept=".xlsx,.csv,text/csv" onClick=${(event) => (event.currentTarget.value = "")} onChange=${choose} /></label>
    ${failure && html`<div class="failed" role="alert"><p><strong>⚠ ${words.t("fileNotRead")}</strong> <span lang="en">${said(failure, words).detail}</span></p></div>`}
    ${receipt && html`<div role="status" class="receipt">
      <p><b>${receipt.refused.length > 0 ? words.t("fileRefused", { count: receipt.refused.length }) : words.t(receipt.dry_run ? "fileWould" : "fileStored", { count: receipt.stored })}</b>
        <span class="muted"> ${words.t("fileCounts", { rows: receipt.rows, unchanged: receipt.unchanged, empty: receipt.empty })}</span></p>
      ${receipt.notes.map((one) => html`<p key=${one} class="note" lang="en">${one}</p>`)}
      ${receipt.refused.length + receipt.warnings.length > 0 && html`<${DataTable} columns=${columnsOf(words)} rows=${[...receipt.refused.map((one) => ({ ...one, wrong: true })), ...receipt.warnings]} words=${words} label=${words.t("fileFindings")} stacked=${true} />`}
      ${storable && html`<p><button type="button" class="plain primary" disabled=${busy} onClick=${() => take(file, false)}>${words.t("storeFile", { count: receipt.stored })}</button></p>`}</div>`}
  </div>`;
}

function columnsOf(words) {
  return [
    { key: "kind", label: words.t("state"), sort: (one) => Number(!one.wrong), cell: (one) => (one.wrong ? html`<b class="bad nowrap">▲ ${words.t("mustMend")}</b>` : html`<span class="nowrap">${words.t("toLookAt")}</span>`) },
    { key: "where", label: words.t("cell"), sort: (one) => one.where, cell: (one) => html`<code class="nowrap">${one.where || "–"}</code>` },
    { key: "code", label: words.t("code"), sort: (one) => one.code, cell: (one) => html`<code class="nowrap">${[one.code, one.data_point].filter(Boolean).join(" ")}</code>` },
    { key: "what", label: words.t("whatToMend"), cell: (one) => messageOf(one, words) },
  ];
}

/** A finding of the API in the reader's language, where it has one. @param {any} one @param {any} words */
export function messageOf(one, words) {
  return one.text ? html`<span class="wordy">${words.named(one.text)}</span>` : html`<span class="wordy" lang="en">${one.message}</span>`;
}
