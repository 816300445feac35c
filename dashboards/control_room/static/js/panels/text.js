// Text panel: a small part of Markdown as elements; nothing of it becomes HTML by itself.

import { html } from "../html.js";
import { isSafe } from "../router.js";

const INLINE = /\*\*([^*]+)\*\*|\*([^*]+)\*|_([^_]+)_|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** @param {string} text @returns {any[]} */
function inline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(end, match.index));
    const [whole, bold, slanted, underlined, code, label, target] = match;
    if (bold) parts.push(html`<strong>${inline(bold)}</strong>`);
    else if (slanted || underlined) parts.push(html`<em>${slanted || underlined}</em>`);
    else if (code) parts.push(html`<code>${code}</code>`);
    else parts.push(isSafe(target) ? html`<a href=${target.replace(/^\/d\//, "/board/")}>${label}</a>` : label);
    end = match.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

/**
 * Blocks of a Markdown text: headings, lists, paragraphs.
 * @param {string} text
 * @returns {{kind: "heading" | "list" | "paragraph", level?: number, lines: string[]}[]}
 */
export function blocksOf(text) {
  const blocks = [];
  for (const line of text.split("\n")) {
    const heading = /^(#{1,4})\s+(.*)/.exec(line);
    const item = /^\s*[-*]\s+(.*)/.exec(line);
    const open = blocks.at(-1);
    if (heading) blocks.push({ kind: "heading", level: heading[1].length, lines: [heading[2]] });
    else if (item && open?.kind === "list") open.lines.push(item[1]);
    else if (item) blocks.push({ kind: "list", lines: [item[1]] });
    else if (line.trim() === "") blocks.push({ kind: "paragraph", lines: [] });
    else if (open?.kind === "paragraph") open.lines.push(line);
    else blocks.push({ kind: "paragraph", lines: [line] });
  }
  return blocks.filter((block) => block.lines.length > 0);
}

/** @param {{text: string}} props */
export function Markdown({ text }) {
  return html`<div class="markdown">${blocksOf(text).map((block) => {
    if (block.kind === "heading") return html`<h4>${inline(block.lines[0])}</h4>`;
    if (block.kind === "list") return html`<ul>${block.lines.map((line) => html`<li>${inline(line)}</li>`)}</ul>`;
    return html`<p>${inline(block.lines.join(" "))}</p>`;
  })}</div>`;
}

/** @param {{panel: any, reader: any}} props */
export function TextPanel({ panel, reader }) {
  return html`<${Markdown} text=${reader.translate(panel.options?.content ?? "")} />`;
}
