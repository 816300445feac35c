"""A report as PDF by Typst: one binary, no browser, no system library; tagged (PDF/UA-1), text selectable.

The same document gives the same bytes: no date goes in, and only the fonts beside this module are used.
"""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import as_file, files
from typing import Any

import typst

from bypuls.errors import BypulsError
from processors.reports.document import Block, Document, Figure, Heading, Items, Paragraph, Table
from processors.reports.wheel import LOOKS


class PdfError(BypulsError):
    """The report could not be set as PDF: a fault of ours, not of the data."""


def render_pdf(document: Document) -> bytes:
    """The file's bytes.

    Raises:
        PdfError: Typst refuses the document.
    """
    folder = files("processors.reports")
    plain = json.dumps(_plain(document), ensure_ascii=False, sort_keys=True)
    with as_file(folder.joinpath("report.typ")) as template, as_file(folder.joinpath("fonts")) as fonts:
        try:
            made = typst.compile(
                template,
                font_paths=[fonts],
                ignore_system_fonts=True,
                format="pdf",
                sys_inputs={"report": plain},
                pdf_standards=["ua-1"],
                timestamp=0,
            )
        except typst.TypstError as error:
            message = f"the report cannot be set as PDF: {str(error).splitlines()[0]}; html and json can be made"
            raise PdfError(message) from None
    if not isinstance(made, bytes):
        raise PdfError("the report cannot be set as PDF: Typst gave pages, not one file")
    return made


def _plain(document: Document) -> dict[str, Any]:
    return {
        "language": document.language,
        "title": document.title,
        "subtitle": document.subtitle,
        "label": document.label,
        "mark": document.mark,
        "page": document.page,
        "contents": document.contents,
        "identity": document.identity,
        "short": document.short,
        "front": [_block(block) for block in document.front],
        "blocks": [_block(block) for block in document.blocks],
        "looks": {name: dataclasses.asdict(look) for name, look in LOOKS.items()},
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": block.text}
        case Paragraph():
            return {"kind": "paragraph", "style": block.kind, "text": block.text}
        case Items():
            return {"kind": "items", "texts": list(block.texts)}
        case Table():
            return {"kind": "table", **dataclasses.asdict(block)}
        case Figure():
            return {"kind": "figure", **dataclasses.asdict(block)}
