"""Writes docs/kpis.md from the catalogue: `python -m processors.documentation`; a test fails on a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bypuls.kpi import KpiDefinition
from processors.calculation import Catalogue

PAGE = Path(__file__).parents[1] / "docs/kpis.md"

_HEAD = """# Indicators

Generated from `bypuls/catalogue/kpis` by `python -m processors.documentation`; do not edit.

Every value carries its coverage, quality and evidence. *site*, *district*, *city*: how the sites of a scope combine.
`air` days begin at a fixed offset from UTC all year, `civil` days by the city's clock. The coverage is the least share
of valid hours; less is stored as `insufficient`. An hour or day needs its share of the whole; a running month or year
is judged by what is over, and its evidence says so (`elapsed`). The verdict `within` is only given for a year that is
over and covered, `above` as soon as it is certain, `open` until then.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_overview(catalogue), *_sections(catalogue)]).rstrip() + "\n"


def _overview(catalogue: Catalogue) -> Iterator[str]:
    yield "| id | title | unit | periods |"
    yield "|---|---|---|---|"
    for one in catalogue.definitions.values():
        link = f"[`{one.id}`](#{one.id.replace('.', '')})"
        yield f"| {link} | {one.title['en']} | {one.unit} | {', '.join(one.periods)} |"
    yield ""


def _sections(catalogue: Catalogue) -> Iterator[str]:
    for definition in catalogue.definitions.values():
        yield from _section(definition, catalogue)


def _section(definition: KpiDefinition, catalogue: Catalogue) -> Iterator[str]:
    compute = catalogue.calculator(definition).compute
    method = " ".join((compute.__doc__ or "").split())
    facts = {
        "Question": definition.question["en"],
        "Norsk": f"{definition.title['nb']}. {definition.question['nb']}",
        "Inputs": ", ".join(
            f"`{name}` ({spec.table}{', of the weather sites' if spec.from_site == 'weather' else ''})"
            for name, spec in definition.inputs.items()
        ),
        "Sites": _listed({name: " or ".join(map(str, wanted)) for name, wanted in definition.sites.items()}),
        "Method": f"`{definition.calculator}`: {method}",
        "Parameters": _listed(definition.parameters),
        "Standard": _standard(definition, catalogue),
        "Periods": f"{', '.join(definition.periods)}; {definition.calendar} calendar",
        "Window": _window(definition),
        "Coverage": _listed(definition.coverage),
        "At a site": {
            "best_class": "best class of instruments, duplicates averaged",
            "sum": "sum of all channels",
            "channels": "channels kept apart, the formula combines them",
        }[definition.site_combine],
        "Scopes": ", ".join(f"{kind} {how}" for kind, how in definition.scope.items()),
        "Final": f"{definition.lateness} after the period's end",
        "Bands": _listed(definition.bands or {}),
        "Judges a law": "yes: reference and equivalent instruments that measured" if definition.judges_law else "no",
        "SDG": ", ".join(definition.sdg),
        "Source": definition.source,
    }
    yield f"## {definition.id}"
    yield ""
    yield definition.title["en"]
    yield ""
    for name, text in facts.items():
        if text:
            yield f"- {name}: {text}"
    yield ""


def _window(definition: KpiDefinition) -> str:
    window = definition.window
    if window.last_hours > 1:
        return f"the {window.last_hours} hours that end with each hour"
    said = ["the 12 months that end with each month"] if definition.rolling else []
    said += [f"{name} {'not counted' if name == 'holidays' else only}" for name, only in window.said().items()]
    return ", ".join(said)


def _standard(definition: KpiDefinition, catalogue: Catalogue) -> str:
    """Its id and how far it was checked; nothing where the catalogue has no standard of that name (national)."""
    standards, name = catalogue.standards, str(definition.parameters.get("standard"))
    for known in (standards.scales, standards.limits, standards.rules, standards.indices):
        if name in known:
            return f"`{name}`, {known[name].status.replace('_', ' ')}"
    return "the city's national limits" if name == "national" else ""


def _listed(pairs: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs.items())


if __name__ == "__main__":
    PAGE.write_text(page(Catalogue.load()), encoding="utf-8")
