"""Standards: breakpoints and limits as data with source and status, and the pure rules that read them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from typing import Any, Literal, TypeVar

import yaml

from bypuls.errors import CatalogueError

Edge = Literal["upper_inclusive", "lower_inclusive"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes of a concentration, numbered from 1 (best).

    Attributes:
        edges: pollutant -> edges between the classes, ascending.
        complete: kind of station -> what it must measure before its worst class is the index.
        status: verified, single_source, derived or unverified.
    """

    id: str
    title: Mapping[str, str]
    names: tuple[str, ...]
    edges: Mapping[str, tuple[float, ...]]
    edge: Edge
    complete: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    status: str
    source: str

    def class_of(self, pollutant: str, value: float) -> int:
        """The class of one value; a negative value (noise of an instrument near zero) is in the best.

        Raises:
            CatalogueError: the scale has no such pollutant.
        """
        edges = self.edges_of(pollutant)
        return 1 + (bisect_left(edges, value) if self.edge == "upper_inclusive" else bisect_right(edges, value))

    def edges_of(self, pollutant: str) -> tuple[float, ...]:
        """The edges of one pollutant."""
        try:
            return self.edges[pollutant]
        except KeyError:
            message = f"standard {self.id} has no {pollutant}: only {', '.join(self.edges)}"
            raise CatalogueError(message) from None

    def name(self, number: int) -> str:
        """The name of a class."""
        return self.names[number - 1]

    def is_complete(self, station: str, pollutants: Iterable[str]) -> bool:
        """Whether these pollutants make the index at that kind of station (others are judged as background)."""
        return not self.missing(station, pollutants)

    def missing(self, station: str, pollutants: Iterable[str]) -> list[str]:
        """What these pollutants lack to make the index; where one of several would do: "PM2.5 or PM10"."""
        all_of, any_of = self.complete.get(station) or self.complete["background"]
        present = frozenset(pollutants)
        lacking = [name for name in self.edges if name in all_of - present]
        if any_of and not any_of & present:
            lacking.append(" or ".join(name for name in self.edges if name in any_of))
        return lacking


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit value.

    Attributes:
        averaging: 1h, max_8h, 24h, year (of noise: lden, lnight).
        allowed: exceedances that are allowed in a year, on the average of so many `years`.
        interim: interim targets on the way there, the easiest first.
    """

    pollutant: str
    averaging: str
    value: float
    allowed: int | None = None
    interim: tuple[float, ...] = ()
    years: int = 1

    @property
    def decimals(self) -> int:
        """Of the limit as printed; a statistic is rounded to as many before it is compared."""
        exponent = Decimal(str(self.value)).normalize().as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class Edition:
    """The limits that are in force from a day on."""

    name: str
    valid_from: date | None
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class LimitStandard:
    """A law's or guideline's limits in all their editions, the oldest first."""

    id: str
    title: Mapping[str, str]
    country: str | None
    editions: tuple[Edition, ...]
    status: str
    source: str

    def edition_on(self, day: date) -> Edition:
        """The edition in force on that day."""
        in_force = [edition for edition in self.editions if edition.valid_from is None or edition.valid_from <= day]
        return in_force[-1]

    def limit(self, pollutant: str, averaging: str, day: date) -> Limit | None:
        """The limit in force on that day; None when there is none."""
        for limit in self.edition_on(day).limits:
            if limit.pollutant == pollutant and limit.averaging == averaging:
                return limit
        return None


@dataclass(frozen=True, slots=True)
class Rules:
    """Constants of a standard that is neither a scale nor limits."""

    id: str
    title: Mapping[str, str]
    values: Mapping[str, Any]
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class Standards:
    """Every standard of the catalogue, by id."""

    scales: Mapping[str, Scale]
    limits: Mapping[str, LimitStandard]
    rules: Mapping[str, Rules]

    @classmethod
    def load(cls) -> Standards:
        """Read the shipped catalogue.

        Raises:
            CatalogueError: a file that lacks something, or that is not named as its id.
        """
        found: dict[str, dict[str, Any]] = {"classes": {}, "limits": {}, "rules": {}}
        parsers: dict[str, Callable[[dict[str, Any]], Scale | LimitStandard | Rules]] = {
            "classes": _scale,
            "limits": _limits,
            "rules": _rules,
        }
        for file in files("bypuls").joinpath("catalogue/standards").iterdir():
            if not file.name.endswith(".yaml"):
                continue
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            try:
                standard = parsers[document["kind"]](document)
            except (KeyError, TypeError, ValueError) as error:
                raise CatalogueError(f"standard file {file.name}: {error!r}") from None
            if f"{standard.id}.yaml" != file.name:
                raise CatalogueError(f"standard file {file.name}: its id is {standard.id}")
            found[document["kind"]][standard.id] = standard
        return cls(found["classes"], found["limits"], found["rules"])

    def scale(self, name: str) -> Scale:
        """A class scale.

        Raises:
            CatalogueError: there is none of that id.
        """
        return _existing(self.scales, name, "class scale")

    def limit_standard(self, name: str) -> LimitStandard:
        """A standard of limits.

        Raises:
            CatalogueError: there is none of that id.
        """
        return _existing(self.limits, name, "standard of limits")


def round_half_up(value: float, decimals: int) -> Decimal:
    """Round as the EU's reporting guidance does: a half goes up, judged on the decimal number as it prints.

    The ninth decimal is the last one looked at: what is below it is the noise of adding floats.

    >>> round_half_up(50.5, 0), round_half_up(2.5, 0), round_half_up(50.49, 0)
    (Decimal('51'), Decimal('3'), Decimal('50'))
    """
    return Decimal(repr(round(value, 9))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def exceeds(value: float, limit: float, decimals: int = 0) -> bool:
    """Whether a statistic is above a limit: rounded half up to the limit's decimals, then strictly greater.

    Source: e-Reporting guidance, clarification V4.1; 50.49 is not above 50, 50.5 is.
    """
    return round_half_up(value, decimals) > Decimal(str(limit))


def day_is_valid(valid_hours: int, of: int = 24, share: float = 0.75) -> bool:
    """Whether a day mean may be formed: 18 of 24 hours (2008/50/EC, Annex XI)."""
    return valid_hours >= share * of - 1e-9


def meets(value: float, limit: Limit) -> str | None:
    """What of a guideline a value meets: "AQG", the hardest interim target ("IT-1" is the easiest), or None."""
    if value <= limit.value:
        return "AQG"
    met = [number for number, target in enumerate(limit.interim, start=1) if value <= target]
    return f"IT-{met[-1]}" if met else None


def peak_hour_factor(quarter_hours: Iterable[float]) -> float | None:
    """Volume of an hour over four times its busiest quarter (HCM): 0.25 to 1; None at no flow, which has no peak.

    >>> round(peak_hour_factor([210, 260, 240, 190]), 3)
    0.865
    """
    quarters = list(quarter_hours)
    peak = max(quarters)
    return sum(quarters) / (4 * peak) if peak > 0 else None


def _existing(found: Mapping[str, T], name: str, what: str) -> T:
    try:
        return found[name]
    except KeyError:
        raise CatalogueError(f"no {what} {name!r}: there are {', '.join(sorted(found))}") from None


def _scale(document: dict[str, Any]) -> Scale:
    if document["edge"] not in {"upper_inclusive", "lower_inclusive"}:
        raise ValueError(f"edge {document['edge']}")
    return Scale(
        id=document["id"],
        title=document["title"],
        names=tuple(document["names"]),
        edges={name: tuple(map(float, edges)) for name, edges in document["edges"].items()},
        edge=document["edge"],
        complete={
            kind: (frozenset(need["all_of"]), frozenset(need["any_of"])) for kind, need in document["complete"].items()
        },
        status=document["status"],
        source=document["source"],
    )


def _limits(document: dict[str, Any]) -> LimitStandard:
    editions = [
        Edition(str(entry["edition"]), entry["valid_from"], tuple(_limit(limit) for limit in entry["limits"]))
        for entry in document["editions"]
    ]
    editions.sort(key=lambda edition: edition.valid_from or date.min)
    return LimitStandard(
        document["id"],
        document["title"],
        document.get("country"),
        tuple(editions),
        document["status"],
        document["source"],
    )


def _limit(entry: dict[str, Any]) -> Limit:
    interim = tuple(float(value) for value in entry.get("interim", ()))
    value, allowed = float(entry["value"]), entry.get("allowed")
    return Limit(entry["pollutant"], entry["averaging"], value, allowed, interim, entry.get("years", 1))


def _rules(document: dict[str, Any]) -> Rules:
    return Rules(document["id"], document["title"], document["rules"], document["status"], document["source"])
