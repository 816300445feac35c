"""What a verifier would ask about reported values, asked before.

Rules of the U4SSC KPIs Verification Manual (2022), pages 28, 31 and 32, and scoping rules printed on KPI pages (the
catalogue's `checks`); `source` of a finding says which page, or that the rule is ours. A finding is a question: it
stores nothing and forbids nothing. What contradicts arithmetic is `wrong`, anything else a `query`.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from bypuls.u4ssc.catalogue import Check, Key, Point, U4sscCatalogue
from bypuls.u4ssc.scoring import value_of
from bypuls.u4ssc.sentences import SENTENCES, SOURCES, fill

PREFILLED_APART = 0.05
"""VM31: population and household figures that differ by more are investigated."""
DENOMINATORS_APART = 0.10
"""VM28: for denominators in the later consistency check."""
UNREPORTED = 0.20
"""VM32: more KPIs without a value than this, and the city is asked."""
JUMP = 0.5
"""Ours: a change against last year by more than this share of it."""
_ROUNDING = 0.005
_AIR_UNITS = frozenset({"µg/m3", "μg/m3", "ug/m3"})  # the micro sign and the Greek letter


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is stated for a data point; yes is 1, no is 0. `unit` None: the catalogue's."""

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    unit: str | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What entries are compared with.

    Attributes:
        facts: what the template prefills (population, households), by name.
        last_year: values of the year before.
    """

    facts: Mapping[str, float] = {}
    last_year: Mapping[Key, float] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one KPI, or, without a code, about the whole."""

    rule: str
    severity: Literal["wrong", "query"]
    code: str = ""
    data_point: str = ""
    text: dict[str, str]
    source: str


Entries = Mapping[Key, Entry]


def check_values(catalogue: U4sscCatalogue, entries: Entries, known: Known | None = None) -> list[Finding]:
    """Every question about these entries, in the catalogue's order; a value left out is taken from its parts.

    Entries of data points that the catalogue does not have are overlooked.
    """
    given = known or Known()
    whole = {key: _with_value(point, entries[key]) for key, point in catalogue.points.items() if key in entries}
    found = [
        finding
        for key, entry in whole.items()
        for rule in _OF_ONE
        for finding in rule(catalogue.points[key], entry, given)
    ]
    found += [
        finding
        for kpi in catalogue.kpis.values()
        for check in kpi.checks
        for finding in _checked(catalogue, whole, kpi.code, check)
    ]
    found += _disagreeing_denominators(catalogue, whole)
    order = {key: number for number, key in enumerate(catalogue.points)}
    return sorted(found, key=lambda finding: order.get((finding.code, finding.data_point), len(order)))


def check_reporting(catalogue: U4sscCatalogue, with_value: set[Key]) -> list[Finding]:
    """Whether more than 20 % of the KPIs have no value at all (VM32)."""
    reported = {code for code, _ in with_value if code in catalogue.kpis}
    missing, total = len(catalogue.kpis) - len(reported), len(catalogue.kpis)
    if missing <= UNREPORTED * total:
        return []
    return [_finding("over_20_percent_unreported", None, missing=missing, total=total, share=100 * missing / total)]


def _with_value(point: Point, entry: Entry) -> Entry:
    if entry.value is not None:
        return entry
    return msgspec.structs.replace(entry, value=value_of(entry.numerator, entry.denominator, point.multiplier))


# --- rules of one data point -----------------------------------------------------------------------------------------


def _range(point: Point, entry: Entry, _: Known) -> Iterator[Finding]:
    value = entry.value
    if value is None:
        return
    if not math.isfinite(value):
        yield _finding("not_a_number", point)
    elif point.yes_or_no and value not in (0, 1):
        yield _finding("not_yes_or_no", point, value=value)
    elif value < 0:
        yield _finding("negative", point, value=value)
    elif point.share and value > 100 + 1e-9:
        yield _finding("over_100_percent", point, value=value)


def _parts(point: Point, entry: Entry, _: Known) -> Iterator[Finding]:
    numerator, denominator = entry.numerator, entry.denominator
    if numerator is None or denominator is None:
        return
    if denominator == 0:
        yield _finding("denominator_is_zero", point)
        return
    if point.share and numerator > denominator:
        yield _finding("numerator_above_denominator", point, numerator=numerator, denominator=denominator)
    computed = value_of(numerator, denominator, point.multiplier)
    if computed is not None and entry.value is not None and _apart(entry.value, computed) > _ROUNDING:
        yield _finding("value_is_not_of_its_parts", point, value=entry.value, computed=computed)


def _prefilled(point: Point, entry: Entry, known: Known) -> Iterator[Finding]:
    wanted = point.kpi.denominator_fact
    fact = known.facts.get(wanted.fact) if wanted else None
    if wanted is None or fact is None or entry.denominator is None or point.kpi.multiplier != point.multiplier:
        return
    expected = fact / wanted.per
    numbers: dict[str, float | str] = {"denominator": entry.denominator, "expected": expected, "fact": wanted.fact}
    if wanted.per != 1 and _apart(entry.denominator, fact) <= DENOMINATORS_APART:
        yield _finding("not_divided_by_100_000", point, **numbers)
    elif _apart(entry.denominator, expected) > PREFILLED_APART:
        yield _finding("prefilled_apart_by_5_percent", point, **numbers)
    elif _apart(entry.denominator, expected) > 1e-4:  # noqa: PLR2004 - what a template's rounding may do
        yield _finding("prefilled_changed", point, **numbers)


def _unit(point: Point, entry: Entry, _: Known) -> Iterator[Finding]:
    if entry.unit is None or _plain(entry.unit) == _plain(point.unit):
        return
    if is_air(point):
        if not is_ug_m3(entry.unit):
            yield _finding("air_not_in_ug_m3", point, unit=entry.unit)
    else:
        yield _finding("other_unit", point, unit=entry.unit, expected=point.unit)


def is_air(point: Point) -> bool:
    """Whether the data point is a concentration in µg/m3."""
    return is_ug_m3(point.unit)


def is_ug_m3(unit: str) -> bool:
    """Whether a unit is µg/m3, however it is spelled."""
    return _plain(unit) in _AIR_UNITS


def _jump(point: Point, entry: Entry, known: Known) -> Iterator[Finding]:
    before = known.last_year.get(point.key)
    if not before or entry.value is None or point.yes_or_no:
        return
    if abs(entry.value - before) > JUMP * abs(before):
        yield _finding("jump", point, value=entry.value, before=before)


_OF_ONE: tuple[Callable[[Point, Entry, Known], Iterator[Finding]], ...] = (_unit, _range, _parts, _prefilled, _jump)


# --- rules of a KPI and between KPIs ---------------------------------------------------------------------------------


def _checked(catalogue: U4sscCatalogue, entries: Entries, code: str, check: Check) -> Iterator[Finding]:
    points = [point for point in catalogue.of(code) if _value(entries, point.key) is not None]
    if not points:
        return
    values = {point.data_point: _value(entries, point.key) or 0.0 for point in points}
    if check.total is not None:
        complete = len(points) == len(list(catalogue.of(code)))
        total = sum(values.values())
        if total > check.total + check.within + 1e-9 or (complete and total < check.total - check.within - 1e-9):
            yield _finding("does_not_total", points[0], total=total, expected=check.total, within=check.within)
    there = [name for name in check.descending or [] if name in values]
    for above, below in itertools.pairwise(there):
        if values[below] > values[above]:
            point = catalogue.point(code, below)
            yield _finding("above_the_step_before", point, value=values[below], before=values[above], step=above)
    if check.not_above and (other := _value(entries, (check.not_above, ""))) is not None and values[""] > other:
        yield _finding("above_the_wider_kpi", points[0], value=values[""], other=other, wider=check.not_above)
    for point in points:
        yield from _usual(point, values[point.data_point], check)


def _usual(point: Point, value: float, check: Check) -> Iterator[Finding]:
    if check.at_least is not None and value < check.at_least:
        yield _finding("under_its_least", point, value=value, least=check.at_least)
    if check.usual_at_least is not None and value < check.usual_at_least:
        yield _finding("unusually_low", point, value=value, usual=check.usual_at_least)
    if check.usual_at_most is not None and value > check.usual_at_most:
        yield _finding("unusually_high", point, value=value, usual=check.usual_at_most)
    if check.usually_all_or_nothing and value not in (0, 100):
        yield _finding("usually_all_or_nothing", point, value=value)


def _disagreeing_denominators(catalogue: U4sscCatalogue, entries: Entries) -> Iterator[Finding]:
    """VM28: what is one denominator (all households, city GDP) should be one number in every KPI."""
    same: dict[str, list[tuple[float, Point]]] = defaultdict(list)
    for key, entry in entries.items():
        point = catalogue.points[key]
        if point.kpi.denominator is not None and entry.denominator:
            same[point.kpi.denominator].append((entry.denominator, point))
    for name, given in same.items():
        middle = sorted(denominator for denominator, _ in given)[len(given) // 2]
        for denominator, point in given:
            if _apart(denominator, middle) > DENOMINATORS_APART:
                yield _finding("denominators_disagree", point, denominator=denominator, others=middle, name=name)


# --- small print -----------------------------------------------------------------------------------------------------


def _value(entries: Entries, key: Key) -> float | None:
    entry = entries.get(key)
    return None if entry is None else entry.value


def _apart(one: float, other: float) -> float:
    """By which share of the other the one differs."""
    if one == other:
        return 0.0
    return abs(one - other) / abs(other) if other else math.inf


def _plain(unit: str) -> str:
    return " ".join(
        unit.replace("(unit not confirmed)", "").replace("³", "3").replace("²", "2").replace("₂", "2").split()
    ).lower()


def _finding(rule: str, point: Point | None, **numbers: float | str) -> Finding:
    severity, texts = SENTENCES[rule]
    code, data_point = point.key if point else ("", "")
    return Finding(
        rule=rule,
        severity=severity,
        code=code,
        data_point=data_point,
        text={language: fill(text, language, numbers) for language, text in texts.items()},
        source=SOURCES[rule],
    )
