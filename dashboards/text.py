"""Texts of boards in both languages: a `Text` is its English self and knows its Norwegian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from bypuls.errors import CatalogueError


class Text(str):
    """English, which Grafana's JSON holds, with its Norwegian (bokmål) beside it."""

    __slots__ = ("nb",)

    nb: str

    def __new__(cls, en: str, nb: str) -> Self:
        """Both languages of one text."""
        made = super().__new__(cls, en)
        made.nb = nb
        return made

    def join_all(self, *parts: Text) -> Text:
        """The parts in both languages with this text between them."""
        return Text(self.join(parts), self.nb.join(part.nb for part in parts))


def same(text: str) -> Text:
    """A word that is the same in both languages: a formula, a name, a unit."""
    return Text(text, text)


def of_catalogue(texts: Mapping[str, str]) -> Text:
    """A catalogue's text."""
    return Text(texts["en"], texts["nb"])


def translations(document: Any) -> dict[str, str]:
    """English to Norwegian of every text in a document of `Text`s.

    Raises:
        CatalogueError: one English text has two Norwegian ones, so that a page could not tell which.
    """
    found: dict[str, str] = {}
    for text in _texts(document):
        if found.setdefault(str(text), text.nb) != text.nb:
            message = f"board text {str(text)!r} has two translations: {found[str(text)]!r} and {text.nb!r}"
            raise CatalogueError(message)
    return found


def _texts(node: Any) -> Iterator[Text]:
    if isinstance(node, Text):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _texts(value)
