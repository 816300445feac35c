"""The U4SSC KPIs: what `bypuls/catalogue/u4ssc.yaml` says, read strictly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec
import yaml

from bypuls.errors import CatalogueError, NotFound
from bypuls.typed import convert

Verification = Literal["official_page", "official_partial", "report_table", "secondary"]
Direction = Literal["higher_better", "lower_better", "none_stated"]
Level = Literal["core", "advanced"]
Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
Key = tuple[str, str]
"""Code and data point: ("EN: EN: AQ: 1C", "pm_10"); the data point is "" where the KPI has one value only."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there
_CODE = re.compile(r"^([A-Z]{2}): ?([A-Z]{1,3}): ?([A-Z]{1,3}): ?(\d{1,2}[AC])$")


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    en: Text
    nb: Text


class Themes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Target images and principles of the national roadmap that a KPI tells of."""

    target_images: list[str]
    principles: list[int]


class DenominatorFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The city's fact that is the denominator; `per` 100 000: U4SSC divides it by that."""

    fact: str
    per: int = 1


class ComputedBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The KPI of ours whose year of the whole city is the data point's value.

    Attributes:
        unit: of our KPI; a value in another is not used.
        factor: what our value is multiplied by to be in U4SSC's unit.
        denominator_fact: the city's fact that our value is divided by.
        share_fact: a fact between 0 and 1 that must be at least `share_at_least`: which share of the city our sensors
            cover. Without it the sum over them is not the city's.
        classes: instruments that make the value an accurate measurement; others make it an estimate.
    """

    kpi: str
    unit: str
    factor: float = 1.0
    denominator_fact: str | None = None
    share_fact: str | None = None
    share_at_least: float = 1.0
    classes: list[str] = []


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plausibility rule of one KPI (`bypuls.u4ssc.plausibility` says what each does); exactly one is given.

    Attributes:
        total: what the data points add up to, `within` how much of it.
        descending: data points of which none is above the one before.
        not_above: code of a KPI whose value this one does not exceed.
    """

    total: float | None = None
    within: float = 0.0
    descending: list[str] | None = None
    not_above: str | None = None
    at_least: float | None = None
    usual_at_least: float | None = None
    usual_at_most: float | None = None
    usually_all_or_nothing: bool | None = None


class DataPointEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several data points of a KPI; what it does not say is the KPI's."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.]+$")]
    name: Texts
    unit: Text | None = None
    multiplier: float | None = None
    scored: bool | None = None
    share: bool | None = None
    computed_by: ComputedBy | None = None


class Kpi(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the 91 KPIs.

    Attributes:
        kind: smart, structural or sustainable; None where the page was not seen.
        multiplier: value = numerator / denominator x multiplier.
        share: the numerator is part of the denominator.
        scored: U4SSC has a benchmark for it (its number is not published).
        beside: KPIs of ours that tell of the same matter and are not its value.
        unverified: unit, numerator or denominator was not read in an ITU document.
    """

    code: str
    name: Texts
    definition: Texts
    dimension: str
    sub_dimension: str
    category: str
    level: Level
    kind: Literal["smart", "structural", "sustainable"] | None
    unit: Text
    numerator: Text
    denominator: Text | None
    denominator_fact: DenominatorFact | None = None
    multiplier: float
    direction: Direction
    share: bool = False
    scored: bool = True
    sdg: list[str]
    sdg_indicators: list[str]
    data_points: list[DataPointEntry] = []
    computed_by: ComputedBy | None = None
    beside: list[str] = []
    benchmark: Text
    rules: list[Text] = []
    checks: list[Check] = []
    sensor_computable: Literal["yes", "partly", "no"]
    sensor_note: Text
    themes: Themes
    reported_examples: dict[str, Any] = {}
    verification: Verification
    unverified: bool
    unverified_fields: list[str] = []
    remark: str | None = None
    source: Annotated[list[Text], msgspec.Meta(min_length=1)]

    @property
    def formula(self) -> str:
        """How the value comes from what is counted."""
        if self.denominator is None:
            return self.numerator
        times = "" if self.multiplier == 1 else f" x {self.multiplier:g}"
        return f"{self.numerator} / {self.denominator}{times}"


class Roadmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Target images and principles of the national roadmap."""

    source: Text
    target_images: dict[str, Texts]
    target_images_status: str
    principles: dict[int, Texts]


class Meta(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About the catalogue: the label of every output, how sure it is, names of groups in Norwegian."""

    title: Text
    label: Texts
    counts: dict[str, int]
    open_questions: list[str]
    verification_levels: dict[Verification, str]
    scoring_source: Text
    sources: dict[str, str]
    groups: dict[str, Text]


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    meta: Meta
    roadmap: Roadmap
    kpis: list[Kpi]


@dataclass(frozen=True, slots=True)
class Point:
    """One data point, with what it takes from its KPI."""

    kpi: Kpi
    data_point: str
    name: Texts
    unit: str
    multiplier: float
    scored: bool
    share: bool
    computed_by: ComputedBy | None

    @property
    def key(self) -> Key:
        """Code and data point."""
        return self.kpi.code, self.data_point

    @property
    def yes_or_no(self) -> bool:
        """Whether its value is 1 or 0 for yes or no."""
        return self.unit.startswith("yes/no")


@dataclass(frozen=True, slots=True)
class U4sscCatalogue:
    """The catalogue; KPIs and points in its order.

    Attributes:
        version: "sha256:…" of the file's bytes.
    """

    version: str
    meta: Meta
    roadmap: Roadmap
    kpis: Mapping[str, Kpi]
    points: Mapping[Key, Point] = field(repr=False)

    def kpi(self, code: str) -> Kpi:
        """The KPI of a code, however its spaces are.

        Raises:
            NotFound: there is none.
        """
        return self.kpis[self.code(code)]

    def code(self, text: str) -> str:
        """The code as the catalogue spells it.

        Raises:
            NotFound: no such KPI.
        """
        found = as_code(text)
        if found not in self.kpis:
            message = f"U4SSC has no KPI {text!r}: a code is like 'EN: EN: AQ: 1C'; `bypuls u4ssc catalogue` lists them"
            raise NotFound(message)
        return found

    def point(self, code: str, data_point: str = "") -> Point:
        """A data point.

        Raises:
            NotFound: no such KPI, or it has other data points.
        """
        found = self.code(code)
        point = self.points.get((found, data_point.strip().lower()))
        if point is None:
            there = [name for other, name in self.points if other == found]
            of = f"one of {', '.join(there)}" if there != [""] else "none to name: it has one value"
            message = f"U4SSC KPI {found} has no data point {data_point!r}: {of}"
            raise NotFound(message)
        return point

    def of(self, code: str) -> Iterator[Point]:
        """The data points of a KPI."""
        return (point for key, point in self.points.items() if key[0] == code)

    def group(self, name: str) -> dict[str, str]:
        """A dimension, sub-dimension or category in both languages."""
        return {"en": name, "nb": self.meta.groups[name]}


def as_code(text: str) -> str:
    """A code as the catalogue spells it; what is none comes back as it is.

    >>> as_code("en:en:aq:1c")
    'EN: EN: AQ: 1C'
    """
    match = _CODE.match(re.sub(r"\s+", " ", text.strip()).replace(" :", ":").upper())
    return ": ".join(match.groups()) if match else text


@cache
def load_catalogue() -> U4sscCatalogue:
    """The catalogue that is shipped.

    Raises:
        CatalogueError: the file contradicts itself.
    """
    return parse_catalogue(files("bypuls").joinpath("catalogue/u4ssc.yaml").read_bytes())


def parse_catalogue(content: bytes) -> U4sscCatalogue:
    """Read a catalogue file.

    Raises:
        CatalogueError: what is wrong in it.
    """
    try:
        document = convert(yaml.load(content, Loader=_LOADER), _Document)  # noqa: S506 - a safe one
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        message = f"u4ssc.yaml: {str(error).splitlines()[0]}"
        raise CatalogueError(message) from None
    kpis = {kpi.code: kpi for kpi in document.kpis}
    points = {point.key: point for kpi in document.kpis for point in _points(kpi)}
    found = U4sscCatalogue(
        "sha256:" + hashlib.sha256(content).hexdigest(),
        document.meta,
        document.roadmap,
        MappingProxyType(kpis),
        MappingProxyType(points),
    )
    wrong = [*_contradictions(document, found)]
    if wrong:
        message = f"u4ssc.yaml: {wrong[0]}"
        raise CatalogueError(message)
    return found


def _points(kpi: Kpi) -> Iterator[Point]:
    if not kpi.data_points:
        yield Point(kpi, "", kpi.name, kpi.unit, kpi.multiplier, kpi.scored, kpi.share, kpi.computed_by)
    for entry in kpi.data_points:
        yield Point(
            kpi,
            entry.id,
            entry.name,
            entry.unit or kpi.unit,
            kpi.multiplier if entry.multiplier is None else entry.multiplier,
            kpi.scored if entry.scored is None else entry.scored,
            kpi.share if entry.share is None else entry.share,
            entry.computed_by or kpi.computed_by,
        )


def _contradictions(document: _Document, found: U4sscCatalogue) -> Iterator[str]:
    if len(found.kpis) != len(document.kpis):
        yield "a code stands twice"
    for kpi in document.kpis:
        for wrong in _wrong_in(kpi, found):
            yield f"{kpi.code}: {wrong}"
    levels = [kpi.level for kpi in document.kpis]
    counted = {
        "kpis": len(found.kpis),
        "data_points": len(found.points),
        "core": levels.count("core"),
        "advanced": levels.count("advanced"),
    }
    if counted != document.meta.counts:
        yield f"counts say {document.meta.counts}, there are {counted}"


def _wrong_in(kpi: Kpi, found: U4sscCatalogue) -> Iterator[str]:
    if not _CODE.match(kpi.code) or kpi.code.endswith("C") != (kpi.level == "core"):
        yield "is no code of its level (…C core, …A advanced)"
    for group in (kpi.dimension, kpi.sub_dimension, kpi.category):
        if group not in found.meta.groups:
            yield f"group {group!r} is not in meta.groups"
    ids = [entry.id for entry in kpi.data_points]
    if len(set(ids)) != len(ids):
        yield "a data point stands twice"
    unknown = {*kpi.themes.target_images} - {*found.roadmap.target_images}
    if unknown or {*kpi.themes.principles} - {*found.roadmap.principles}:
        yield "themes are none of the roadmap's"
    for check in kpi.checks:
        given = {name: value for name, value in msgspec.structs.asdict(check).items() if value is not None}
        if len(given.keys() - {"within"}) != 1:
            yield "a check is one rule"
        if {*(check.descending or [])} - {*ids} or (check.not_above and check.not_above not in found.kpis):
            yield "a check names what is not there"
