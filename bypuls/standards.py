"""Standards: breakpoints, limits and constants as data with source and status. `bypuls.formulas` computes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import yaml

from bypuls.breakpoints import IndexStandard, read_index
from bypuls.errors import CatalogueError

_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's; the plain one takes seconds for all files

Edge = Literal["upper_inclusive", "lower_inclusive"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes of a concentration, numbered from 1 (best).

    Attributes:
        edges: pollutant -> edges between the classes, ascending.
        averaging: of which means it speaks, of all pollutants or of each.
        complete: kind of station -> what it must measure before its worst class is the index.
        status: verified, single_source, derived or unverified.
        unverified: what is not verified although the edges are: `edge` (on which side of it a value lies), `complete`.
    """

    id: str
    title: Mapping[str, str]
    names: tuple[str, ...]
    edges: Mapping[str, tuple[float, ...]]
    edge: Edge
    averaging: str | Mapping[str, str]
    complete: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    status: str
    source: str
    unverified: tuple[str, ...] = ()

    def class_of(self, pollutant: str, value: float) -> int:
        """The class of one value; a negative value (noise of an instrument near zero) is in the best.

        Raises:
            CatalogueError: the scale has no such pollutant.
        """
        return int(self.classes_of(pollutant, np.array([value], dtype=np.float64))[0])

    def classes_of(self, pollutant: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
        """The class of each value, 0 where it is NaN. The one place that knows on which side of an edge it lies.

        Raises:
            CatalogueError: the scale has no such pollutant.
        """
        side: Literal["left", "right"] = "left" if self.edge == "upper_inclusive" else "right"
        numbers = 1 + np.searchsorted(np.array(self.edges_of(pollutant)), values, side=side)
        return np.where(np.isnan(values), 0, numbers).astype(np.int8)

    def edges_of(self, pollutant: str) -> tuple[float, ...]:
        """The edges of one pollutant."""
        try:
            return self.edges[pollutant]
        except KeyError:
            message = f"standard {self.id} has no {pollutant}: only {', '.join(self.edges)}"
            raise CatalogueError(message) from None

    def averaging_of(self, pollutant: str) -> str:
        """Of which mean the classes speak: 1h, 24h_running, 24h."""
        return self.averaging if isinstance(self.averaging, str) else self.averaging[pollutant]

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
        unit: of the value.
    """

    pollutant: str
    averaging: str
    value: float
    allowed: int | None = None
    interim: tuple[float, ...] = ()
    years: int = 1
    unit: str = ""

    @property
    def decimals(self) -> int:
        """Of the limit as printed; a statistic is rounded to as many before it is compared."""
        return decimals_of(self.value)


@dataclass(frozen=True, slots=True)
class Edition:
    """The limits that are in force from a day on."""

    name: str
    valid_from: date | None
    limits: tuple[Limit, ...]

    def limit(self, pollutant: str, averaging: str) -> Limit | None:
        """Its limit; None where it has none."""
        for limit in self.limits:
            if limit.pollutant == pollutant and limit.averaging == averaging:
                return limit
        return None


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
        return self.edition_on(day).limit(pollutant, averaging)


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
    indices: Mapping[str, IndexStandard]

    @classmethod
    def load(cls) -> Standards:
        """Read the shipped catalogue.

        Raises:
            CatalogueError: a file that lacks something, or that is not named as its id.
        """
        found: dict[str, dict[str, Any]] = {kind: {} for kind in _KINDS}
        for name, document in documents():
            kind = _KINDS.get(document.get("kind", ""))
            if kind is None:
                raise CatalogueError(
                    f"standard file {name}: kind {document.get('kind')!r} is none of {', '.join(_KINDS)}"
                )
            try:
                _check(document, kind)
                standard = kind.parse(document)
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                raise CatalogueError(f"standard file {name}: {error!r}") from None
            if f"{standard.id}.yaml" != name:
                raise CatalogueError(f"standard file {name}: its id is {standard.id}")
            found[document["kind"]][standard.id] = standard
        return cls(found["classes"], found["limits"], found["rules"], found["index"])

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

    def index(self, name: str) -> IndexStandard:
        """An index by breakpoints.

        Raises:
            CatalogueError: there is none of that id.
        """
        return _existing(self.indices, name, "index by breakpoints")

    def rule(self, name: str) -> Rules:
        """Constants of a standard.

        Raises:
            CatalogueError: there are none of that id.
        """
        return _existing(self.rules, name, "set of rules")


def decimals_of(limit: float) -> int:
    """How many decimals a limit is printed with.

    >>> decimals_of(3.4), decimals_of(50.0)
    (1, 0)
    """
    exponent = Decimal(str(limit)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """The shipped files as they are written, by name."""
    folder = files("bypuls").joinpath("catalogue/standards")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            yield file.name, yaml.load(file.read_text(encoding="utf-8"), _FAST_LOADER)  # noqa: S506 - it is the safe one


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
        averaging=document["averaging"],
        complete={
            kind: (frozenset(need["all_of"]), frozenset(need["any_of"])) for kind, need in document["complete"].items()
        },
        status=document["status"],
        source=document["source"],
        unverified=tuple(part for part in ("edge", "complete") if document.get(f"{part}_status") == "unverified"),
    )


def _limits(document: dict[str, Any]) -> LimitStandard:
    editions = [
        Edition(
            str(entry["edition"]),
            entry["valid_from"],
            tuple(_limit(limit, document["unit"]) for limit in entry["limits"]),
        )
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


def _limit(entry: dict[str, Any], unit: str) -> Limit:
    if unknown := entry.keys() - {"pollutant", "averaging", "value", "allowed", "interim", "years", "unit"}:
        raise ValueError(f"a limit has unknown {', '.join(sorted(unknown))}")
    interim = tuple(float(value) for value in entry.get("interim", ()))
    value, allowed = float(entry["value"]), entry.get("allowed")
    years, unit = entry.get("years", 1), entry.get("unit", unit)
    return Limit(entry["pollutant"], entry["averaging"], value, allowed, interim, years, unit)


def _rules(document: dict[str, Any]) -> Rules:
    return Rules(document["id"], document["title"], document["rules"], document["status"], document["source"])


class _Kind(NamedTuple):
    """How a kind of file is read: what it must have, what else it may have."""

    parse: Callable[[dict[str, Any]], Scale | LimitStandard | Rules | IndexStandard]
    needs: frozenset[str]
    may: frozenset[str] = frozenset()


_ALWAYS = frozenset({"id", "kind", "title", "status", "source"})
_MAY = frozenset({"status_note", "note"})
STATUSES = ("verified", "single_source", "derived", "unverified")
_KINDS: Mapping[str, _Kind] = {
    "classes": _Kind(
        _scale,
        frozenset({"unit", "averaging", "names", "edges", "edge", "complete"}),
        frozenset({"colours", "colours_status", "labels", "edge_status", "complete_status", "tops"}),
    ),
    "limits": _Kind(_limits, frozenset({"unit", "editions"}), frozenset({"country", "attain_by", "thresholds"})),
    "rules": _Kind(_rules, frozenset({"rules"}), frozenset({"unit", "country"})),
    "index": _Kind(read_index, frozenset({"names", "tops", "tables"}), frozenset({"colours"})),
}


def _check(document: dict[str, Any], kind: _Kind) -> None:
    lacking = (_ALWAYS | kind.needs) - document.keys()
    unknown = document.keys() - _ALWAYS - _MAY - kind.needs - kind.may
    if lacking or unknown:
        what = "lacks " + ", ".join(sorted(lacking)) if lacking else "has unknown " + ", ".join(sorted(unknown))
        raise ValueError(what)
    if document["title"].keys() != {"en", "nb"}:
        raise ValueError(f"title must be in en and nb, not {', '.join(document['title'])}")
    if document["status"] not in STATUSES:
        raise ValueError(f"status {document['status']!r} is none of {', '.join(STATUSES)}")
