"""The catalogue of observed properties: what each is, its unit, how it aggregates, and which values are plausible.

It does not convert units and judges no value: `bypuls.units` and `bypuls.qc` do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bypuls.errors import CatalogueError


class Aggregation(StrEnum):
    """How values of a property combine over time."""

    MEAN = "mean"
    SUM = "sum"
    COUNTER = "counter"
    ENERGY_MEAN = "energy_mean"
    CIRCULAR_MEAN = "circular_mean"
    MAX = "max"
    LAST = "last"


Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the QARTOD tests of `bypuls.qc` compare with, in the property's canonical unit. None: test not made.

    Attributes:
        gross_fail, gross_suspect: inclusive spans; outside the first a value fails, outside the second it is suspect.
        spike_suspect, spike_fail: largest distance from the neighbours; `spike_method` average or differential.
        rate_suspect, rate_fail: largest change per second.
        flat_tolerance: a range below it is flat; for `flat_suspect` seconds suspect, for `flat_fail` seconds fail.
        max_gap: seconds; neighbours further apart are not compared (the tests are meant for frequent sampling).
        sources: test -> where its thresholds come from; "unverified" where they are our choice.
    """

    gross_fail: Span | None = None
    gross_suspect: Span | None = None
    spike_method: str = "average"
    spike_suspect: float | None = None
    spike_fail: float | None = None
    rate_suspect: float | None = None
    rate_fail: float | None = None
    flat_tolerance: float | None = None
    flat_suspect: float | None = None
    flat_fail: float | None = None
    max_gap: float = 900.0
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedProperty:
    """One entry of the catalogue.

    Attributes:
        id: the one string for it in code, database, API and dashboards.
        names: language -> name (en and nb at least).
        domain: air, weather, traffic, energy, noise, water, building, waste, radiation or device.
        unit: canonical unit (UCUM) in which values are stored.
        dimension: in the words of `catalogue/units.csv`.
        diagnostic: tells of the device (battery, rssi, position), not of the city.
        sentinels: values as sent with which devices of this property say "no value", although plausible elsewhere.
    """

    id: str
    names: Mapping[str, str]
    domain: str
    unit: str
    dimension: str
    aggregation: Aggregation
    diagnostic: bool = False
    note: str = ""
    aliases: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    sentinels: frozenset[float] = frozenset()
    qc: Thresholds = Thresholds()


_SEPARATORS = re.compile(r"[\s.\-]+")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_DURATION = re.compile(r"PT?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


def normalised(quantity: str) -> str:
    """A device's word in the form in which names are compared.

    >>> normalised("PM2.5"), normalised("Relative-Humidity")
    ('pm2_5', 'relative_humidity')
    """
    return _SEPARATORS.sub("_", quantity.strip()).casefold()


@dataclass(frozen=True, slots=True)
class Properties(Mapping[str, ObservedProperty]):
    """The catalogue: id -> property, and the devices' words for them."""

    by_id: Mapping[str, ObservedProperty]
    words: Mapping[str, tuple[str, str]]

    @classmethod
    def load(cls) -> Properties:
        """The catalogue that is shipped with the platform; read once in a process.

        Raises:
            CatalogueError: an entry that contradicts itself or another.
        """
        return _shipped()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Properties:
        """Build from a document of the catalogue's form (`properties`, `words`).

        Raises:
            CatalogueError: an entry that contradicts itself or another.
        """
        by_id = {name: _property(name, entry) for name, entry in document["properties"].items()}
        words: dict[str, tuple[str, str]] = {}

        def claim(word: str, name: str, channel: str) -> None:
            taken = words.setdefault(normalised(word), (name, channel))
            if taken != (name, channel):
                raise CatalogueError(f"properties.yaml: {word!r} means both {taken} and {(name, channel)}")

        for name, prop in by_id.items():
            for word in (name, *prop.aliases):
                claim(word, name, "")
                for channel in prop.channels:
                    claim(f"{word}_{channel}", name, channel)
        for word, (name, channel) in document.get("words", {}).items():
            if name not in by_id:
                raise CatalogueError(f"properties.yaml: the word {word!r} names the unknown property {name!r}")
            claim(word, name, channel)
        return cls(by_id, words)

    def __getitem__(self, key: str) -> ObservedProperty:
        return self.by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def find(self, quantity: str) -> tuple[ObservedProperty, str] | None:
        """Property and channel that a device's word means, or None.

        The word is looked up without case and with `-`, space and `.` read as `_`; a word that is not in the table
        may be `<word>.<channel>` (`vehicle_count.lane_2`).
        """
        found = self.words.get(normalised(quantity))
        if found is not None:
            return self.by_id[found[0]], found[1]
        head, dot, channel = quantity.strip().rpartition(".")
        if dot and _CHANNEL.fullmatch(channel):
            found = self.words.get(normalised(head))
            if found is not None and not found[1]:
                return self.by_id[found[0]], channel.casefold()
        return None


@cache
def _shipped() -> Properties:
    text = (files("bypuls") / "catalogue" / "properties.yaml").read_text(encoding="utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # It is the safe loader, in C where there is one.
    return Properties.of(yaml.load(text, Loader=loader))  # noqa: S506


def find(quantity: str) -> tuple[ObservedProperty, str] | None:
    """`Properties.find` on the shipped catalogue, which is read at the first call."""
    return _shipped().find(quantity)


def _property(name: str, entry: Mapping[str, Any]) -> ObservedProperty:
    unknown = set(entry) - _ENTRY
    if unknown:
        raise CatalogueError(f"properties.yaml: {name} has unknown keys {sorted(unknown)}")
    if not all(isinstance(text, str) for text in entry.get("name", {}).values()):
        raise CatalogueError(f"properties.yaml: {name}: a name with a comma needs quotes")
    try:
        return ObservedProperty(
            id=name,
            names=entry["name"],
            domain=entry["domain"],
            unit=entry["unit"],
            dimension=entry["dimension"],
            aggregation=Aggregation(entry["aggregation"]),
            diagnostic=bool(entry.get("diagnostic", False)),
            note=str(entry.get("note", "")),
            aliases=tuple(str(word) for word in entry.get("aliases", ())),
            channels=tuple(str(channel) for channel in entry.get("channels", ())),
            sentinels=frozenset(float(number) for number in entry.get("sentinels", ())),
            qc=_thresholds(name, entry.get("qc", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogueError(f"properties.yaml: {name}: {error!r}") from error


_ENTRY = frozenset(
    {
        "aggregation",
        "aliases",
        "channels",
        "diagnostic",
        "dimension",
        "domain",
        "name",
        "note",
        "qc",
        "sentinels",
        "unit",
    }
)
_TESTS = frozenset({"gross_range", "spike", "rate_of_change", "flat_line", "max_gap"})


def _thresholds(name: str, qc: Mapping[str, Any]) -> Thresholds:
    unknown = set(qc) - _TESTS
    if unknown:
        raise CatalogueError(f"properties.yaml: {name} has unknown tests {sorted(unknown)}")
    gross, spike = qc.get("gross_range", {}), qc.get("spike", {})
    rate, flat = qc.get("rate_of_change", {}), qc.get("flat_line", {})
    tests = {"gross_range": gross, "spike": spike, "rate_of_change": rate, "flat_line": flat}
    return Thresholds(
        gross_fail=_span(gross.get("fail")),
        gross_suspect=_span(gross.get("suspect")),
        spike_method=spike.get("method", "average"),
        spike_suspect=_number(spike.get("suspect")),
        spike_fail=_number(spike.get("fail")),
        rate_suspect=_number(rate.get("suspect")),
        rate_fail=_number(rate.get("fail")),
        flat_tolerance=_number(flat.get("tolerance")),
        flat_suspect=_seconds(flat.get("suspect")),
        flat_fail=_seconds(flat.get("fail")),
        max_gap=_seconds(qc.get("max_gap", "PT15M")) or 0.0,
        sources={test: str(given["source"]) for test, given in tests.items() if given},
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _span(value: Any) -> Span | None:
    if value is None:
        return None
    low, high = (float(edge) for edge in value)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{value} is no span")
    return low, high


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    match = _DURATION.fullmatch(str(value))
    if match is None or not any(match.groups()):
        raise ValueError(f"{value!r} is no duration such as PT15M")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
