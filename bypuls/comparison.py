"""Which values may stand beside each other, and why others may not. Pure; knows no database.

Two values are comparable when nothing but what they tell of differs: same indicator, computed the same way, in the same
unit, over the same kind of period, with instruments and data of the same kind, covered about equally well. Whatever
else differs is an obstacle, and an obstacle is a refusal with its reason. Ranks exist only among values that are all
comparable with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Literal, get_args

from bypuls.kpi_value import KpiValue, Texts

Code = Literal[
    "no_value",
    "insufficient",
    "provisional",
    "indicator_differs",
    "unit_differs",
    "period_differs",
    "time_differs",
    "scope_differs",
    "simulated",
    "origin_differs",
    "class_differs",
    "definition_differs",
    "coverage_differs",
]
CODES: tuple[Code, ...] = get_args(Code)

COVERAGE_APART = 0.10
"""How far apart the shares of two periods that were measured may lie."""

_LAW = frozenset({"reference", "equivalent"})
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {"site": "a site", "district": "a district", "city": "a whole city"},
    "nb": {
        "site": "et målested",
        "district": "en bydel",
        "city": "en hel by",
        "low_coverage": "lav dekning",
        "measured": "målt",
        "modelled": "modellert",
        "register": "register",
        "reported": "rapportert",
        "reference": "referanse",
        "equivalent": "likeverdig",
        "indicative": "indikativ",
        "unknown": "ukjent",
        "no definition": "ingen definisjon",
    },
}
"""Words of the data as a sentence has them; others stand as they are."""

SENTENCES: Mapping[Code, Texts] = MappingProxyType(
    {
        "no_value": {"en": "{a} has no value", "nb": "{a} har ingen verdi"},
        "insufficient": {
            "en": "{a}: too little was measured ({x})",
            "nb": "{a}: for lite er målt ({x})",
        },
        "provisional": {
            "en": "{a}: the period is not over, or its data are still coming",
            "nb": "{a}: perioden er ikke over, eller data kommer fortsatt inn",
        },
        "indicator_differs": {
            "en": "they are different indicators: {a} {x}, {b} {y}",
            "nb": "de er ulike indikatorer: {a} {x}, {b} {y}",
        },
        "unit_differs": {
            "en": "their units differ: {a} {x}, {b} {y}",
            "nb": "enhetene er ulike: {a} {x}, {b} {y}",
        },
        "period_differs": {
            "en": "one is of a period {x}, the other of a period {y}",
            "nb": "den ene gjelder en periode {x}, den andre en periode {y}",
        },
        "time_differs": {
            "en": "they are of different times: {a} {x}, {b} {y}",
            "nb": "de gjelder ulik tid: {a} {x}, {b} {y}",
        },
        "scope_differs": {
            "en": "one is of {x}, the other of {y}",
            "nb": "den ene gjelder {x}, den andre {y}",
        },
        "simulated": {
            "en": "{a} is simulated and {b} is not: the two are never compared",
            "nb": "{a} er simulert, {b} ikke: slikt sammenlignes aldri",
        },
        "origin_differs": {
            "en": "their data come from different kinds of origin: {a} {x}, {b} {y}",
            "nb": "dataene har ulik opprinnelse: {a} {x}, {b} {y}",
        },
        "class_differs": {
            "en": "their instruments are of different classes: {a} {x}, {b} {y}",
            "nb": "instrumentene er av ulik klasse: {a} {x}, {b} {y}",
        },
        "definition_differs": {
            "en": "they are not computed the same way: {a} by {x}, {b} by {y}",
            "nb": "de er ikke beregnet på samme måte: {a} etter {x}, {b} etter {y}",
        },
        "coverage_differs": {
            "en": "unequal shares of the period were measured: {a} {x}, {b} {y}",
            "nb": "ulik andel av perioden er målt: {a} {x}, {b} {y}",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why two values are not comparable: a code for programs, a sentence for people."""

    code: Code
    text: Texts


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values and what stands between them; comparable where nothing does."""

    first: int
    second: int
    obstacles: tuple[Obstacle, ...]

    @property
    def comparable(self) -> bool:
        """Nothing stands between them."""
        return not self.obstacles


@dataclass(frozen=True, slots=True)
class Ranked:
    """A value in its group: 1 is best, equal values share a rank; None where the indicator has no better and worse."""

    index: int
    rank: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a set of values allows.

    Attributes:
        pairs: every pair, by position in the values.
        groups: values that are all comparable with each other, at least two, best first.
        alone: positions of values that are comparable with no group; their pairs say why.
    """

    pairs: tuple[Pair, ...]
    groups: tuple[tuple[Ranked, ...], ...]
    alone: tuple[int, ...]


def obstacles(first: KpiValue, second: KpiValue, *, over_time: bool = False) -> tuple[Obstacle, ...]:
    """What keeps two values from being compared, all of it.

    Args:
        first: a value.
        second: another.
        over_time: the same place at different times: that the times differ is the point.
    """
    found = [one for value in (first, second) for one in _own(value)]
    found += [_obstacle(code, first, second, x, y) for code, x, y in _differences(first, second, over_time=over_time)]
    return tuple(found)


def compare(values: Sequence[KpiValue], direction: str, *, over_time: bool = False) -> Comparison:
    """Compare values with each other, and rank those that may be ranked.

    Args:
        values: of one indicator; positions in the answer are theirs.
        direction: lower_is_better, higher_is_better or neutral.
        over_time: see `obstacles`.
    """
    pairs = tuple(
        Pair(one, other, obstacles(values[one], values[other], over_time=over_time))
        for one, other in combinations(range(len(values)), 2)
    )
    groups = tuple(_ranked(values, group, direction) for group in _groups(values, pairs))
    taken = {one.index for group in groups for one in group}
    return Comparison(pairs, groups, tuple(index for index in range(len(values)) if index not in taken))


def _own(value: KpiValue) -> Iterable[Obstacle]:
    """What keeps a value from being compared with anything."""
    if value.quality != "ok":
        yield _obstacle("insufficient", value, value, value.reason or value.quality)
    elif value.value is None:
        yield _obstacle("no_value", value, value)
    elif value.status == "provisional":
        yield _obstacle("provisional", value, value)


_Difference = tuple[Code, str, str]


def _differences(first: KpiValue, second: KpiValue, *, over_time: bool) -> Iterable[_Difference]:
    if first.kpi != second.kpi:
        yield "indicator_differs", first.kpi, second.kpi
        return
    yield from _of_subject(first, second, over_time=over_time)
    yield from _of_making(first, second)


def _of_subject(first: KpiValue, second: KpiValue, *, over_time: bool) -> Iterable[_Difference]:
    """What they tell of."""
    if first.unit != second.unit:
        yield "unit_differs", first.unit, second.unit
    if first.period != second.period:
        yield "period_differs", first.period, second.period
    elif not over_time and first.label != second.label:
        yield "time_differs", first.label, second.label
    if first.scope_kind != second.scope_kind:
        yield "scope_differs", first.scope_kind, second.scope_kind


def _of_making(first: KpiValue, second: KpiValue) -> Iterable[_Difference]:
    """How they came about."""
    if first.simulated != second.simulated:
        yield "simulated", "", ""
    elif first.origins != second.origins:
        yield "origin_differs", _list(first.origins), _list(second.origins)
    if _kind(first.classes) != _kind(second.classes):
        yield "class_differs", _list(first.classes), _list(second.classes)
    if not _same_method(first, second):
        yield "definition_differs", *_versions(first, second)
    if _apart(first.coverage, second.coverage):
        yield "coverage_differs", _percent(first.coverage), _percent(second.coverage)


def _same_method(first: KpiValue, second: KpiValue) -> bool:
    """One version, or versions that compute the same; reported values have none and are alike in that.

    Where both say by which numbers of standards they were computed, these are the same, too.
    """
    if first.full_method is not None and second.full_method is not None:
        return first.full_method == second.full_method
    if first.version == second.version:
        return True
    return first.method is not None and first.method == second.method


def _kind(classes: frozenset[str]) -> frozenset[str]:
    """Reference and equivalent instruments count the same before the law (2008/50/EC, Annex VI; 2024/2881)."""
    return frozenset("reference" if one in _LAW else one for one in classes)


def _apart(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return (first is None) != (second is None)
    return abs(first - second) > COVERAGE_APART + 1e-9


def _groups(values: Sequence[KpiValue], pairs: Sequence[Pair]) -> list[list[int]]:
    """Sets that are comparable throughout: the connected ones, less those that contradict most, covered least."""
    friends: dict[int, set[int]] = {index: set() for index in range(len(values))}
    for pair in pairs:
        if pair.comparable:
            friends[pair.first].add(pair.second)
            friends[pair.second].add(pair.first)
    groups: list[list[int]] = []
    left = set(friends)
    while left:
        group = _connected(min(left), friends, left)
        while any(other not in friends[one] for one, other in combinations(sorted(group), 2)):
            group.discard(min(group, key=lambda one: (len(friends[one] & group), values[one].coverage or 0, -one)))
        left -= group
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


def _connected(start: int, friends: Mapping[int, set[int]], among: set[int]) -> set[int]:
    found, new = {start}, {start}
    while new:
        new = {other for one in new for other in friends[one] if other in among} - found
        found |= new
    return found


def _ranked(values: Sequence[KpiValue], group: Sequence[int], direction: str) -> tuple[Ranked, ...]:
    sign = -1 if direction == "higher_is_better" else 1
    order = sorted(group, key=lambda one: (sign * (values[one].value or 0.0), one))
    if direction not in ("lower_is_better", "higher_is_better"):
        return tuple(Ranked(one, None) for one in order)
    ranked: list[Ranked] = []
    for place, one in enumerate(order, start=1):
        equal = ranked and values[one].value == values[ranked[-1].index].value
        ranked.append(Ranked(one, ranked[-1].rank if equal else place))
    return tuple(ranked)


def _obstacle(code: Code, first: KpiValue, second: KpiValue, x: str = "", y: str = "") -> Obstacle:
    if code == "simulated" and second.simulated:
        first, second = second, first
    a, b = _name(first, second), _name(second, first)
    said = {
        language: text.format(a=a, b=b, x=_WORDS[language].get(x, x), y=_WORDS[language].get(y, y))
        for language, text in SENTENCES[code].items()
    }
    return Obstacle(code, said)


def _name(value: KpiValue, other: KpiValue) -> str:
    """The city; with scope, time or file where the city alone does not tell the two apart."""
    name = value.city if value.scope_kind == "city" else f"{value.city}/{value.scope}"
    if (value.city, value.scope) == (other.city, other.scope) and value.label != other.label:
        name = f"{name} {value.label}"
    return f"{name} ({value.made_in})" if value.made_in else name


def _versions(first: KpiValue, second: KpiValue) -> tuple[str, str]:
    """Of one version, but by other numbers of a standard: the fingerprints of the methods."""
    by_method = first.version == second.version
    return _version(first, by_method=by_method), _version(second, by_method=by_method)


def _version(value: KpiValue, *, by_method: bool) -> str:
    said = value.full_method if by_method else value.version
    return "no definition" if said is None else said[:19]


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "-"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
