"""A report between its content and its file: headings, paragraphs, tables, figures, in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from processors.reports.wheel import State


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title's alone. `anchor` names it for links, the same in every language."""

    level: Literal[2, 3, 4]
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; a `warning` is set apart, a `note` is small."""

    text: str
    kind: Literal["plain", "note", "warning"] = "plain"


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell: words, and where it is a verdict the state whose colour and pattern go before them."""

    text: str
    state: State | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header, its share of the width, and which way its cells lean."""

    title: str
    width: float = 1.0
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first cell of every row is the row's header."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as SVG, what it shows in words, and a caption."""

    svg: str
    alt: str
    caption: str


Block = Heading | Paragraph | Items | Table | Figure


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report.

    Attributes:
        label: goes onto every page: that no verifier of U4SSC has seen this.
        mark: goes onto every page of a demonstration; empty otherwise.
        page, contents: words of the language for "page {n} of {m}" and the list of contents.
        identity, short: which content this is: its hash and versions, in full and for a page's foot.
        front: what stands before the list of contents.
    """

    language: Literal["en", "nb"]
    title: str
    subtitle: str
    label: str
    mark: str
    page: str
    contents: str
    identity: str
    short: str
    front: tuple[Block, ...]
    blocks: tuple[Block, ...]
