"""KPI definitions: what a catalogue file says, read strictly. Computing is the processors' business."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

import yaml

from bypuls.errors import CatalogueError
from bypuls.kpi_window import EVERY_HOUR, KpiWindow, parse_window
from bypuls.observation import COUNTING_FLAGS, InstrumentClass
from bypuls.periods import CalendarKind, Period, as_period

SiteCombine = Literal["best_class", "sum", "channels"]
FromSite = Literal["own", "weather"]
HourStatistic = Literal["own", "min", "max"]
ScopeCombine = Literal["own", "worst_site", "mean_of_sites", "sum_of_sites"]
Direction = Literal["lower_is_better", "higher_is_better", "neutral"]
Trigger = Literal["change", "schedule"]

SCOPE_KINDS = ("site", "district", "city")
COVERAGE_OF: Mapping[Period, str] = MappingProxyType({"PT1H": "hour", "P1D": "day", "P1M": "month", "P1Y": "year"})
"""Which coverage threshold a period's value must reach."""

# libyaml's form of the safe loader, which is in the wheels: ten times as fast, and there are hundreds of files.
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ID = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
_LATENESS = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")


@dataclass(frozen=True, slots=True)
class KpiInput:
    """One observed property that a KPI rests on.

    Attributes:
        table: the rollup it is read from.
        classes: instruments that count. A KPI that judges a law computes the others beside it, marked indicative;
            any other KPI leaves them out.
        statistic: what of an hour is its value: the property's own aggregation, or its least or largest observation.
        from_site: measured at the value's own site, or at the city's weather sites.
    """

    property: str
    table: Literal["rollup_1h", "rollup_5m"]
    classes: frozenset[InstrumentClass]
    statistic: HourStatistic = "own"
    from_site: FromSite = "own"


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """One catalogue file.

    Attributes:
        version: "sha256:…" of the file's bytes.
        coverage: least share of valid hours (days for statistics of days) by hour, day, month, year; `sites`: least
            share of a scope's sites that must have a value of their own.
        lateness: how long after its end a period stays provisional.
        trigger: computed when its hours change, or on the schedule at each period's end.
        sites: only sites whose kind or attribute is one of these; all where it is empty.
        document: the file as read.
        window: which hours count, where they are not simply those of the period.
    """

    id: str
    version: str
    title: Mapping[str, str]
    question: Mapping[str, str]
    domain: str
    inputs: Mapping[str, KpiInput]
    calculator: str
    parameters: Mapping[str, Any]
    periods: tuple[Period, ...]
    calendar: CalendarKind
    coverage: Mapping[str, float]
    site_combine: SiteCombine
    scope: Mapping[str, ScopeCombine]
    lateness: timedelta
    trigger: Trigger
    unit: str
    direction: Direction
    bands: Mapping[str, float] | None
    judges_law: bool
    sdg: tuple[str, ...]
    u4ssc: str | None
    themes: Mapping[str, Any]
    source: str
    document: Mapping[str, Any]
    sites: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    window: KpiWindow = EVERY_HOUR

    @property
    def own_inputs(self) -> list[str]:
        """Properties that are measured at the value's own site."""
        return [name for name, spec in self.inputs.items() if spec.from_site == "own"]

    @property
    def weather_inputs(self) -> list[str]:
        """Properties that the city's weather sites give."""
        return [name for name, spec in self.inputs.items() if spec.from_site == "weather"]

    @property
    def table(self) -> Literal["rollup_1h", "rollup_5m"]:
        """The rollup all inputs are read from."""
        return next(iter(self.inputs.values())).table if self.inputs else "rollup_1h"

    def needed_coverage(self, period: Period) -> float:
        """The share of the period that must be valid."""
        return self.coverage[COVERAGE_OF[period]]

    @property
    def rolling(self) -> bool:
        """Whether a month's value is that of the year that ends with it."""
        return self.window.last_months > 1


ANY_PROPERTY = "*"
"""Input of a KPI about the sensors themselves."""

_REQUIRED = frozenset(
    {
        "bands",
        "calculator",
        "calendar",
        "coverage",
        "direction",
        "domain",
        "id",
        "inputs",
        "judges_law",
        "lateness",
        "parameters",
        "periods",
        "question",
        "scope",
        "sdg",
        "site_combine",
        "source",
        "themes",
        "title",
        "u4ssc",
        "unit",
    }
)
_OPTIONAL = frozenset({"sites", "trigger", "window"})


def load_definitions() -> dict[str, KpiDefinition]:
    """Every KPI of the catalogue, by id.

    Raises:
        CatalogueError: a file that cannot be read as DATA.md says, or that is not named as its id.
    """
    folder = files("bypuls").joinpath("catalogue/kpis")
    found = [parse_definition(file) for file in _yaml_files(folder)]
    return {definition.id: definition for definition in found}


def parse_definition(file: Traversable) -> KpiDefinition:
    """Read one file.

    Raises:
        CatalogueError: naming the file and what is wrong.
    """
    content = file.read_bytes()
    try:
        document = yaml.load(content, FAST_LOADER)  # noqa: S506 - it is the safe one
        definition = _parse(document, "sha256:" + hashlib.sha256(content).hexdigest())
    except (yaml.YAMLError, CatalogueError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"KPI file {file.name}: {reason}"
        raise CatalogueError(message) from None
    if definition.id != file.name.removesuffix(".yaml"):
        message = f"KPI file {file.name}: its id is {definition.id}; file and id must have one name"
        raise CatalogueError(message)
    return definition


def _yaml_files(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)


def _parse(document: dict[str, Any], version: str) -> KpiDefinition:
    _check_keys(document)
    periods = tuple(as_period(text) for text in document["periods"])
    window = parse_window(document.get("window"), periods)
    coverage = _coverage(document["coverage"], ("P1Y",) if window.last_months > 1 else periods)
    inputs = {name: _input(name, spec) for name, spec in document["inputs"].items()}
    if window.last_months > 1 and any(one.from_site == "weather" for one in inputs.values()):
        raise CatalogueError("window last_months does not go with inputs of weather sites")
    return KpiDefinition(
        id=_matching(_ID, document["id"], "id"),
        version=version,
        title=_texts(document["title"], "title"),
        question=_texts(document["question"], "question"),
        domain=str(document["domain"]),
        inputs=MappingProxyType(inputs),
        calculator=str(document["calculator"]),
        parameters=MappingProxyType(dict(document["parameters"] or {})),
        periods=periods,
        calendar=cast("CalendarKind", _one_of(get_args(CalendarKind), document["calendar"], "calendar")),
        coverage=coverage,
        site_combine=cast("SiteCombine", _one_of(get_args(SiteCombine), document["site_combine"], "site_combine")),
        scope=_scope(document["scope"]),
        lateness=_lateness(document["lateness"]),
        trigger=cast("Trigger", _one_of(get_args(Trigger), document.get("trigger", "change"), "trigger")),
        unit=str(document["unit"]),
        direction=cast("Direction", _one_of(get_args(Direction), document["direction"], "direction")),
        bands=_bands(document["bands"]),
        judges_law=_boolean(document["judges_law"], "judges_law"),
        sdg=tuple(str(goal) for goal in document["sdg"]),
        u4ssc=document["u4ssc"],
        themes=MappingProxyType(dict(document["themes"] or {})),
        source=_text(document["source"], "source"),
        document=MappingProxyType(document),
        sites=_sites(document.get("sites") or {}),
        window=window,
    )


def _check_keys(document: object) -> None:
    if not isinstance(document, dict):
        raise CatalogueError("is no mapping")
    missing, unknown = _REQUIRED - document.keys(), document.keys() - _REQUIRED - _OPTIONAL
    if missing:
        raise CatalogueError(f"lacks {', '.join(sorted(missing))}")
    if unknown:
        raise CatalogueError(f"has unknown {', '.join(sorted(map(str, unknown)))}")
    if not document["periods"] or not document["inputs"]:
        raise CatalogueError("needs at least one input and one period")


def _input(name: str, spec: dict[str, Any]) -> KpiInput:
    unknown = spec.keys() - {"from", "flags", "class", "from_site", "statistic"}
    if unknown:
        raise CatalogueError(f"input {name} has unknown {', '.join(sorted(unknown))}")
    table = _one_of(("rollup_1h", "rollup_5m"), spec.get("from", "rollup_1h"), f"input {name}: from")
    # Rollups hold sums over counting flags only; other choices would need the raw data.
    if sorted(spec.get("flags", [1, 2])) != sorted(int(flag) for flag in COUNTING_FLAGS):
        raise CatalogueError(f"input {name}: flags must be [1, 2], the ones rollups are made of")
    from_site = cast("FromSite", _one_of(get_args(FromSite), spec.get("from_site", "own"), f"input {name}: from_site"))
    classes = frozenset(InstrumentClass(text) for text in spec.get("class", list(InstrumentClass)))
    statistic = _one_of(get_args(HourStatistic), spec.get("statistic", "own"), f"input {name}: statistic")
    return KpiInput(
        name, cast("Literal['rollup_1h', 'rollup_5m']", table), classes, cast("HourStatistic", statistic), from_site
    )


def _sites(spec: dict[str, Any]) -> Mapping[str, tuple[Any, ...]]:
    return MappingProxyType({name: tuple(one) if isinstance(one, list) else (one,) for name, one in spec.items()})


def _coverage(spec: dict[str, Any], periods: tuple[Period, ...]) -> Mapping[str, float]:
    known = {*COVERAGE_OF.values(), "sites"}
    found = {str(name): float(share) for name, share in spec.items()}
    wrong = [name for name, share in found.items() if name not in known or not 0 <= share <= 1]
    if wrong:
        raise CatalogueError(f"coverage {', '.join(wrong)}: one of {', '.join(sorted(known))}, between 0 and 1")
    missing = [COVERAGE_OF[period] for period in periods if COVERAGE_OF[period] not in found]
    if missing:
        raise CatalogueError(f"coverage lacks {', '.join(missing)}")
    return MappingProxyType(found)


def _scope(spec: dict[str, Any]) -> Mapping[str, ScopeCombine]:
    if spec.get("site") != "own" or not spec.keys() <= set(SCOPE_KINDS):
        raise CatalogueError("scope needs site: own, and may have district and city")
    return MappingProxyType(
        {
            kind: cast("ScopeCombine", _one_of(get_args(ScopeCombine), how, f"scope {kind}"))
            for kind, how in spec.items()
        }
    )


def _bands(spec: dict[str, Any] | None) -> Mapping[str, float] | None:
    if spec is None:
        return None
    if not spec.keys() <= {"allowed", "minimum"} or len(spec) != 1:
        raise CatalogueError("bands is null, {allowed: n} or {minimum: n}")
    return MappingProxyType({name: float(edge) for name, edge in spec.items()})


def _lateness(text: object) -> timedelta:
    match = _LATENESS.match(str(text))
    if match is None or not any(match.groups()):
        raise CatalogueError(f"lateness {text!r} is no duration like PT6H or P2D")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _texts(spec: dict[str, Any], name: str) -> Mapping[str, str]:
    return MappingProxyType({str(language): _text(text, name) for language, text in spec.items()})


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CatalogueError(f"{name} is no text")
    return value


def _boolean(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise CatalogueError(f"{name} is true or false")
    return value


def _one_of(allowed: tuple[str, ...], value: object, name: str) -> str:
    if value not in allowed:
        raise CatalogueError(f"{name} {value!r} is none of {', '.join(allowed)}")
    return str(value)


def _matching(pattern: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise CatalogueError(f"{name} {value!r} must be lower-case words joined by dots")
    return value
