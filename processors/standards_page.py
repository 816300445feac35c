"""Writes docs/standards.md from the catalogue: `python -m processors.standards_page`; a test fails on a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from bypuls.standards import documents

PAGE = Path(__file__).parents[1] / "docs/standards.md"

_HEAD = """# Standards

Generated from `bypuls/catalogue/standards` by `python -m processors.standards_page`; do not edit.

What the formulas in `bypuls/formulas` compute with: breakpoints, limits, constants. Editions stand side by side, and an
old one stays usable. Each says how sure it is: *verified* was read in a primary text or in two independent
transcriptions, *single source* read once, *derived* is arithmetic on what is verified, **unverified** was not readable
and has to be checked before a number is published; values that rest on it carry `standard_status` in their evidence.
`bypuls check vectors` compares the formulas with published numbers ([how](how-to/check-vectors.md)).
"""
_KINDS = {"classes": "classes", "index": "index by breakpoints", "limits": "limits", "rules": "rules"}


def page(files: Mapping[str, dict[str, Any]]) -> str:
    """The whole page, of the catalogue's files as they are written."""
    return "\n".join([_HEAD, *_overview(files), *_sections(files)]).rstrip() + "\n"


def _overview(files: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield "| id | title | kind | status |"
    yield "|---|---|---|---|"
    for one in files.values():
        yield f"| [`{one['id']}`](#{one['id']}) | {one['title']['en']} | {_KINDS[one['kind']]} | {_status(one)} |"
    yield ""


def _sections(files: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    for one in files.values():
        yield f"## {one['id']}"
        yield ""
        yield f"{one['title']['en']} (norsk: {one['title']['nb']})"
        yield ""
        facts = {
            "Status": _status(one) + (f": {one['status_note']}" if "status_note" in one else ""),
            "Source": one["source"],
            "Country": one.get("country"),
            "To be attained by": one.get("attain_by"),
            "Unit": one.get("unit"),
            "Averaging": _said(one["averaging"]) if "averaging" in one else None,
            "Note": " ".join(str(one["note"]).split()) if "note" in one else None,
        }
        for name, text in facts.items():
            if text is not None:
                yield f"- {name}: {text}"
        yield ""
        yield from {"classes": _classes, "index": _index, "limits": _limits, "rules": _rules}[one["kind"]](one)


def _classes(one: Mapping[str, Any]) -> Iterator[str]:
    upper = one["edge"] == "upper_inclusive"
    where = (
        "a value on an edge belongs to the lower class" if upper else "a value on an edge belongs to the higher class"
    )
    sure = f" ({_words(one['edge_status'])})" if "edge_status" in one else ""
    names = one.get("labels", {}).get("en", one["names"])
    yield f"Edges between the classes; {where}{sure}."
    yield ""
    yield "| | " + " | ".join(f"{low} / {high}" for low, high in pairwise(names)) + " |"
    yield "|---" * len(names) + "|"
    for pollutant, edges in one["edges"].items():
        yield f"| {pollutant} | " + " | ".join(map(str, edges)) + " |"
    yield ""
    for kind, need in one["complete"].items():
        needs = [*need["all_of"], *([" or ".join(need["any_of"])] if need["any_of"] else [])]
        yield f"- A {kind} station needs {', '.join(needs)}."
    if "complete_status" in one:
        yield f"- What a station needs is {_words(one['complete_status'])}."
    yield ""


def _index(one: Mapping[str, Any]) -> Iterator[str]:
    yield "| | unit | decimals | " + " | ".join(f"index to {top}" for top in one["tops"]) + " |"
    yield "|---" * (len(one["tops"]) + 3) + "|"
    for table in one["tables"]:
        cells = {row[3]: f"{row[0]} to {row[1]}" for row in table["rows"]}
        row = " | ".join(cells.get(top, "") for top in one["tops"])
        name = f"{table['pollutant']} {table['averaging']}"
        yield f"| {name} | {table['unit']} | {table['truncate_decimals']} | {row} |"
    yield ""


def _limits(one: Mapping[str, Any]) -> Iterator[str]:
    yield "| edition | in force from | what | averaging | limit | allowed | interim targets |"
    yield "|---|---|---|---|---|---|---|"
    for edition in one["editions"]:
        for limit in edition["limits"]:
            unit = f" {limit['unit']}" if "unit" in limit else ""
            allowed = limit.get("allowed", "")
            years = f" (mean of {limit['years']} years)" if "years" in limit else ""
            interim = ", ".join(map(str, limit.get("interim", ())))
            what = (limit["pollutant"], limit["averaging"], f"{limit['value']}{unit}", f"{allowed}{years}", interim)
            yield f"| {' | '.join([edition['edition'], str(edition['valid_from'] or ''), *what])} |"
    yield ""


def _rules(one: Mapping[str, Any]) -> Iterator[str]:
    for name, value in one["rules"].items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"- {_words(name)}:"
            yield from (f"  - {_said(row)}" for row in value)
        else:
            yield f"- {_words(name)}: {_said(value)}"
    yield ""


def _status(one: Mapping[str, Any]) -> str:
    return "**unverified**" if one["status"] == "unverified" else _words(one["status"])


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(str(name))} {_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return _words(value) if isinstance(value, str) else str(value)


def _words(text: str) -> str:
    """Words where the file has underscores, and nothing that a table would take for its own."""
    return text.replace("_", " ").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(dict(documents())), encoding="utf-8")
