"""The house's look: classes, bands and limits out of the catalogue, in the house's colours and both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

from bypuls.breakpoints import IndexStandard
from bypuls.errors import CatalogueError
from bypuls.kpi import KpiDefinition, load_definitions
from bypuls.method import standards_of
from bypuls.standards import Limit, LimitStandard, Rules, Scale, Standards
from dashboards.parts import NO_DATA, Field, Step
from dashboards.text import Text, of_catalogue, same

UGM3 = "µg/m³"
CLASS_COLOURS = ("#a6dcef", "#5fb7a8", "#f4d94e", "#ee8434", "#c22f4b", "#5b2470")
"""Good to extremely poor; apart for readers who are colour-blind, and from light to dark."""

GOOD, WARN, BAD, NEUTRAL, LINE, LIMIT = "#5fb7a8", "#f4d94e", "#c22f4b", "#8894a0", "#58a6ff", "#ee8434"

UNITS: list[tuple[str, Text, str | None]] = [
    ("ug/m3", same(UGM3), None),
    ("{vehicle}", Text("vehicles", "kjøretøy"), None),
    ("kW.h", same("kWh"), None),
    ("dB[A]", same("dB"), None),
    ("Cel", same("°C"), None),
]
"""UCUM as the database has it, and as people write it."""

_CLASSES_NB = {
    "Good": "God",
    "Fair": "Akseptabel",
    "Moderate": "Moderat",
    "Poor": "Dårlig",
    "Very poor": "Svært dårlig",
    "Extremely poor": "Ekstremt dårlig",
}
CURRENT_LAW, COMING_LAW, GUIDELINE = "eu_2008_50", "eu_2024_2881", "who_2021"
_DAY = date(2026, 1, 1)
"""Editions of limits in force on this day are drawn; a constant, so that what is generated stays the same."""

BASIS = Text("Source", "Kilde")
_NOT_READ = Text(
    "Numbers not all verified against the text itself:", "Tall som ikke alle er kontrollert mot teksten selv:"
)


@cache
def standards() -> Standards:
    """The catalogue's standards."""
    return Standards.load()


@cache
def kpis() -> dict[str, KpiDefinition]:
    """The catalogue's indicators, by id."""
    return load_definitions()


def scale() -> Scale:
    """The European index, by which sites are coloured."""
    return standards().scale("eaqi_2025")


def classes() -> list[tuple[str, Text, str | None]]:
    """Class number -> its word and colour."""
    names = scale().names
    return [
        (str(number), Text(name, _CLASSES_NB[name]), colour)
        for number, (name, colour) in enumerate(zip(names, CLASS_COLOURS, strict=True), start=1)
    ]


def class_field(no_value: Text = NO_DATA) -> Field:
    """How a class number is shown: in words, in its colour."""
    return Field(decimals=0, low=1, high=6, names=classes(), steps=class_steps(), no_value=no_value)


def class_steps() -> list[Step]:
    """A colour per class number; below 1 there is none."""
    return [Step(None, NEUTRAL), *(Step(number, colour) for number, colour in enumerate(CLASS_COLOURS, start=1))]


def bands(pollutant: str) -> list[Step]:
    """The classes of one pollutant's hourly value."""
    return [
        Step(above, colour) for above, colour in zip((None, *scale().edges_of(pollutant)), CLASS_COLOURS, strict=True)
    ]


def noise_zones() -> tuple[float, ...]:
    """Where the yellow and the red zone of Lden begin."""
    return standards().scale("norway_t1442").edges_of("road")


def limit(standard: str, pollutant: str, averaging: str) -> Limit:
    """A limit in force.

    Raises:
        CatalogueError: that standard has none.
    """
    found = standards().limit_standard(standard).limit(pollutant, averaging, _DAY)
    if found is None:
        message = f"standard {standard} has no limit for {pollutant} over {averaging}"
        raise CatalogueError(message)
    return found


def asks(question: Text, *ids: str, source: Text | None = None) -> Text:
    """A panel's description: its question, and what the answer rests on (indicators, or `source`)."""
    catalogue = kpis()
    bases = [same(f"{name}: {catalogue[name].source}" if name in catalogue else name) for name in ids]
    if source is not None:
        bases.append(source)
    listed = same("; ").join_all(*bases)
    said = Text(f"{question} {BASIS}: {listed}", f"{question.nb} {BASIS.nb}: {listed.nb}")
    unsure = _unsure([catalogue[name] for name in ids if name in catalogue])
    return said if unsure is None else same(". ").join_all(said, unsure)


def _unsure(definitions: Sequence[KpiDefinition]) -> Text | None:
    """Whose numbers were not all read in the text itself; None where nobody's."""
    known = standards()
    every: dict[str, Scale | LimitStandard | Rules | IndexStandard]
    every = {**known.scales, **known.limits, **known.rules, **known.indices}
    unsure = {name: one.status for name, one in every.items() if one.status != "verified"}
    found = {name: status for one in definitions for name, status in standards_of(one.document, unsure).items()}
    if any(one.parameters.get("standard") == "national" for one in definitions):  # each city's own: one of these
        found |= {name: unsure[name] for name, one in known.limits.items() if name in unsure and one.country}
    if not found:
        return None
    titles = [of_catalogue(every[name].title) for name in sorted(found)]
    return same(" ").join_all(_NOT_READ, same("; ").join_all(*titles))


def title_of(name: str) -> Text:
    """An indicator's name."""
    return of_catalogue(kpis()[name].title)


def own_edges(name: str) -> Sequence[float]:
    """Where the house's own levels of attention begin, ascending."""
    return tuple(float(edge) for edge in standards().rules["own_levels"].values[name])


def own(name: str, *, rising: bool = False) -> Sequence[Step]:
    """The house's own levels of attention (catalogue: own_levels); `rising`: more is better."""
    edges = own_edges(name)
    colours = {2: (GOOD, WARN, BAD), 4: (LIMIT, WARN, GOOD, WARN, LIMIT)}[len(edges)]
    return [Step(above, colour) for above, colour in zip((None, *edges), colours[:: -1 if rising else 1], strict=True)]


def levels(*steps: tuple[float | None, str]) -> Sequence[Step]:
    """Steps written briefly."""
    return [Step(above, colour) for above, colour in steps]
