"""Units as devices spell them: alias table -> canonical UCUM code -> factor and offset, exact and computed once.

It does not decide which unit a reading without one is in: that is the source's and the registry's business.
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bypuls.errors import CatalogueError, UnitError

if TYPE_CHECKING:
    import pint

GAS_CONSTANT = 8.314462618
"""J/(mol K), CODATA 2018."""

MOLAR_MASS: Mapping[str, float] = {
    "no2": 46.0055,
    "no": 30.006,
    "o3": 47.998,
    "so2": 64.064,
    "co": 28.010,
    "co2": 44.009,
    "nox": 46.0055,  # reported as NO2 (Directive 2008/50/EC, article 2)
    "nh3": 17.031,
    "h2s": 34.08,
    "benzene": 78.114,
}
"""Grams per mole, by observed property (IUPAC atomic weights; the values air-quality networks use)."""


class Conditions(NamedTuple):
    """To which temperature (K) and pressure (kPa) a gas's concentration refers.

    EU: 293.15 K and 101.325 kPa; US EPA: 298.15 K and 101.325 kPa. Never assumed: a source or the registry says so.
    """

    temperature: float
    pressure: float


# Which dimensions a property of a dimension may be sent in. Finer than physics on purpose: a reactive energy is no
# energy and a flow is no count, although pint would convert them. Levels convert to each other as identities only.
_ACCEPTS: Mapping[str, frozenset[str]] = {
    "a_weighted_level": frozenset({"a_weighted_level", "level"}),
    "battery_level": frozenset({"battery_level", "ratio", "one"}),
    "count": frozenset({"count", "one"}),
    "index": frozenset({"index", "one"}),
    "mole_fraction": frozenset({"mole_fraction", "ratio"}),
    "one": frozenset({"one", "count", "index"}),
    "ph": frozenset({"ph", "one"}),
    "precipitation": frozenset({"precipitation", "length"}),
    "ratio": frozenset({"ratio", "one"}),
    "relative_humidity": frozenset({"relative_humidity", "ratio", "one"}),
    "signal_level": frozenset({"signal_level", "level"}),
    "sound_level": frozenset({"sound_level", "level"}),
}
_IDENTITIES = frozenset({"a_weighted_level", "index", "level", "ph", "signal_level", "sound_level", "turbidity"})
# A prefix in the wrong case is another unit (MW is no mW), so these first letters never match without case.
_CASE_MATTERS = frozenset("mMpPnN")
# Spellings come from outside: whoever varies the case of letters does not fill the memory.
_CACHED = 10_000


class Unit(NamedTuple):
    """One unit: canonical code (UCUM), what pint calls it, and its dimension in the catalogue's words."""

    ucum: str
    expression: str
    dimension: str


class Conversion(NamedTuple):
    """Canonical value = value x factor + offset."""

    factor: float
    offset: float

    def apply(self, value: float) -> float:
        """Convert one value.

        >>> Conversion(5 / 9, -160 / 9).apply(212.0)
        100.0
        """
        return value * self.factor + self.offset


IDENTITY = Conversion(1.0, 0.0)


class Measured(Protocol):
    """What a conversion needs to know of an observed property."""

    @property
    def id(self) -> str:
        """Its name, for the error message."""

    @property
    def unit(self) -> str:
        """Canonical unit (UCUM) in which its values are stored."""

    @property
    def dimension(self) -> str:
        """Dimension, in the words of `catalogue/units.csv`."""


def _key(spelling: str) -> str:
    # U+00B5 (micro sign) and U+03BC (Greek mu) look the same and both are used.
    return spelling.strip().replace("\u00b5", "\u03bc")


def _rows(lines: Iterable[str]) -> Iterable[dict[str, str]]:
    return csv.DictReader(line for line in lines if not line.startswith("# ") and line.strip() not in {"", "#"})


@dataclass(frozen=True)
class Units:
    """The alias table and the conversions computed from it so far."""

    exact: Mapping[str, Unit]
    folded: Mapping[str, tuple[str, Unit]]
    _conversions: dict[tuple[str, str, Conditions | None], Conversion] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def load(cls) -> Units:
        """Read the table that is shipped with the platform.

        Raises:
            CatalogueError: a spelling stands twice with different meanings.
        """
        text = (files("bypuls") / "catalogue" / "units.csv").read_text(encoding="utf-8")
        return cls.of(_rows(text.splitlines()))

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str]]) -> Units:
        """Build from rows with `spelling`, `ucum`, `pint` and `dimension`.

        Raises:
            CatalogueError: a spelling stands twice with different meanings.
        """
        exact: dict[str, Unit] = {}
        for row in rows:
            unit = Unit(row["ucum"], row["pint"], row["dimension"])
            spelling = _key(row["spelling"])
            if exact.setdefault(spelling, unit) != unit:
                raise CatalogueError(f"units.csv: {spelling!r} is both {exact[spelling].ucum} and {unit.ucum}")
        candidates: dict[str, dict[Unit, str]] = {}
        for spelling, unit in exact.items():
            if len(spelling) > 1:
                candidates.setdefault(spelling.casefold(), {}).setdefault(unit, spelling)
        folded = {
            fold: (next(iter(units.values())), next(iter(units)))
            for fold, units in candidates.items()
            if len({unit.ucum for unit in units}) == 1
        }
        return cls(exact, folded)

    def canonical(self, spelling: str) -> Unit:
        """What a device means by `spelling`.

        Raises:
            UnitError: `unknown_unit`.
        """
        wanted = _key(spelling)
        unit = self.exact.get(wanted)
        if unit is not None:
            return unit
        match = self.folded.get(wanted.casefold())
        if match is not None and not (match[0][0] != wanted[0] and wanted[0] in _CASE_MATTERS):
            return match[1]
        raise UnitError(
            "unknown_unit",
            f"unit {spelling[:40]!r} is not in the table of units",
            hint="send a UCUM code such as ug/m3, Cel, % or kW.h; docs/formats.md lists the spellings that are read",
        )

    def conversion(self, spelling: str, measured: Measured, conditions: Conditions | None = None) -> Conversion:
        """How a value sent in `spelling` becomes one in the property's canonical unit.

        A known pair costs one dictionary look-up; pint is loaded at the first pair that is no identity.

        Args:
            spelling: as the device writes it.
            measured: what was measured.
            conditions: where declared, shares of volume (ppb, ppm) and masses per volume convert to each other.

        Raises:
            UnitError: `unknown_unit`, or `unit_dimension_mismatch` when the unit measures something else.
        """
        known = self._conversions.get((spelling, measured.id, conditions))
        if known is not None:
            return known
        unit, target = self.canonical(spelling), self.canonical(measured.unit)
        if unit.dimension in _ACCEPTS.get(measured.dimension, frozenset({measured.dimension})):
            same = unit.ucum == target.ucum or measured.dimension in _IDENTITIES
            conversion = IDENTITY if same else _compute(unit.expression, target.expression)
        elif needs_conditions(unit, measured) and conditions is not None:
            conversion = self._between_mass_and_volume(unit, target, measured, conditions)
        else:
            raise UnitError("unit_dimension_mismatch", _mismatch(spelling, unit, measured), hint=_hint(unit, measured))
        if len(self._conversions) < _CACHED:
            self._conversions[(spelling, measured.id, conditions)] = conversion
        return conversion

    def _between_mass_and_volume(
        self, unit: Unit, target: Unit, measured: Measured, conditions: Conditions
    ) -> Conversion:
        per_ppb = mass_concentration_factor(measured.id, *conditions)
        mass, share = self.exact["ug/m3"].expression, self.exact["ppb"].expression
        if unit.dimension == _SHARE:
            factor = _compute(unit.expression, share).factor * per_ppb * _compute(mass, target.expression).factor
        else:
            factor = _compute(unit.expression, mass).factor / per_ppb * _compute(share, target.expression).factor
        return Conversion(factor, 0.0)


_SHARE, _MASS = "mole_fraction", "mass_concentration"


def needs_conditions(unit: Unit, measured: Measured) -> bool:
    """Whether the unit becomes the property's only at a declared temperature and pressure (ppb and µg/m³)."""
    return {unit.dimension, measured.dimension} == {_SHARE, _MASS}


def _mismatch(spelling: str, unit: Unit, measured: Measured) -> str:
    return (
        f"{spelling!r} ({unit.ucum}) is a {unit.dimension}; {measured.id} is a {measured.dimension} in {measured.unit}"
    )


def _hint(unit: Unit, measured: Measured) -> str:
    if needs_conditions(unit, measured):
        return (
            f"send {measured.unit}, or declare in the source to which conditions its concentrations refer "
            "(EU: concentrations: {temperature: 293.15, pressure: 101.325})"
        )
    return f"send {measured.unit} or another unit of {measured.dimension}, or name another property"


@functools.cache
def _registry() -> pint.UnitRegistry[Fraction]:
    # pint takes 0.4 s to load, so it is imported when it is first needed. Fractions keep 5/9 exact.
    import pint

    return pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)


@functools.cache
def _compute(expression: str, target: str) -> Conversion:
    registry = _registry()
    scale_from, unit_from = _split(expression)
    scale_to, unit_to = _split(target)

    def convert(number: int) -> Fraction:
        quantity = registry.Quantity(Fraction(number) * scale_from, unit_from)
        return Fraction(quantity.to(unit_to).magnitude) / scale_to

    offset = convert(0)
    return Conversion(float(convert(1) - offset), float(offset))


def _split(expression: str) -> tuple[Fraction, str]:
    # "1e-9" is a dimensionless unit that pint has no name for.
    try:
        return Fraction(expression), "dimensionless"
    except ValueError:
        return Fraction(1), expression


def mass_concentration_factor(gas: str, temperature_k: float, pressure_kpa: float) -> float:
    """Micrograms per cubic metre for 1 ppb of `gas`: M p / (R T), the ideal gas law.

    Reference conditions: EU 293.15 K and 101.325 kPa (Directive (EU) 2024/2881, Annex VI, says 293 K and 101.3 kPa),
    US EPA 298.15 K and 101.325 kPa. Nothing calls this without being told the conditions.

    >>> round(mass_concentration_factor("no2", 293.15, 101.325), 4)
    1.9125

    Raises:
        UnitError: `unit_dimension_mismatch` for a gas without a molar mass here, or conditions that are none.
    """
    mass = MOLAR_MASS.get(gas.casefold())
    if mass is None:
        raise UnitError("unit_dimension_mismatch", f"no molar mass for {gas!r}; known: {', '.join(MOLAR_MASS)}")
    if not (math.isfinite(temperature_k) and math.isfinite(pressure_kpa) and temperature_k > 0 and pressure_kpa > 0):
        raise UnitError(
            "unit_dimension_mismatch", f"{temperature_k} K and {pressure_kpa} kPa are no reference conditions"
        )
    return mass * pressure_kpa / (GAS_CONSTANT * temperature_k)
