"""A report as one HTML file: nothing is fetched, no script runs, it prints on A4 and is read by screen readers."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from processors.reports.document import Block, Cell, Document, Figure, Heading, Items, Paragraph, Table


def render_html(document: Document) -> str:
    """The file's text."""
    style = files("processors.reports").joinpath("report.css").read_text(encoding="utf-8")
    mark = f'<p class="mark">{escape(document.mark)}</p>' if document.mark else ""
    demonstration = ' class="demonstration"' if document.mark else ""
    body = "\n".join(_block(block) for block in document.blocks)
    front = "\n".join(_block(block) for block in document.front)
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body{demonstration}>\n"
        f"<header>\n{mark}<h1>{escape(document.title)}</h1>\n"
        f'<p class="subtitle">{escape(document.subtitle)}</p>\n'
        f'<p class="label">{escape(document.label)}</p>\n</header>\n'
        f"<main>\n{front}\n{_contents(document)}\n{body}\n</main>\n"
        f"<footer>\n{mark}<p>{escape(document.label)}</p>\n<p>{escape(document.identity)}</p>\n</footer>\n"
        "</body>\n</html>\n"
    )


def _contents(document: Document) -> str:
    entries = "".join(
        f'<li><a href="#{block.anchor}">{escape(block.text)}</a></li>'
        for block in document.blocks
        if isinstance(block, Heading) and block.level == 2  # noqa: PLR2004 - chapters
    )
    title = escape(document.contents)
    return f'<nav aria-label="{title}"><h2>{title}</h2><ol>{entries}</ol></nav>'


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f'<h{block.level} id="{block.anchor}">{escape(block.text)}</h{block.level}>'
        case Paragraph():
            kind = "" if block.kind == "plain" else f' class="{block.kind}"'
            return f"<p{kind}>{escape(block.text)}</p>"
        case Items():
            return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in block.texts) + "</ul>"
        case Table():
            return _table(block)
        case Figure():
            return f"<figure>{block.svg}<figcaption>{escape(block.caption)}</figcaption></figure>"


def _table(table: Table) -> str:
    aligned = [f' class="{column.align}"' if column.align == "right" else "" for column in table.columns]
    head = "".join(
        f'<th scope="col"{align}>{escape(column.title)}</th>'
        for column, align in zip(table.columns, aligned, strict=True)
    )
    rows = []
    for row in table.rows:
        first, *others = row
        cells = "".join(f"<td{align}>{_cell(cell)}</td>" for cell, align in zip(others, aligned[1:], strict=True))
        strong = ' class="strong"' if first.strong else ""
        rows.append(f'<tr{strong}><th scope="row">{_cell(first)}</th>{cells}</tr>')
    widths = "".join(f'<col style="width:{share:.1f}%">' for share in shares(table))
    # A table may be wider than a phone: its frame scrolls, and can be reached with the keyboard to do so.
    return (
        f'<div class="frame" tabindex="0" role="region" aria-label="{escape(table.caption)}"><table>'
        f"<caption>{escape(table.caption)}</caption><colgroup>{widths}</colgroup>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def shares(table: Table) -> list[float]:
    """Each column's share of the width in percent."""
    total = sum(column.width for column in table.columns)
    return [100 * column.width / total for column in table.columns]


def _cell(cell: Cell) -> str:
    swatch = f'<span class="swatch s-{cell.state}" aria-hidden="true"></span>' if cell.state else ""
    return swatch + escape(cell.text)
