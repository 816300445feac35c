"""How readings of one quantity and unit become values of an observed property; worked out once, then looked up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from bypuls.observation import Quality
from bypuls.properties import ObservedProperty, Properties
from bypuls.units import Conditions, Units, needs_conditions
from ingest.decoding import Reading, Registered, Source
from ingest.reasons import refusal, shortened

SENTINELS = frozenset(
    {-127.0, 85.0, 327.67, 3276.7, 32767.0, -32768.0, -3276.8, -327.68, 655.35, 6553.5, 65535.0}
    | {-999.0, -9999.0, 9999.0, 99999.0, 2147483647.0, -2147483648.0, 4294967295.0}
)
"""Numbers, as sent, with which devices say "no value". Only where they are implausible for the property: DS18B20 sends
85 and -127 degrees, ends of 16 and 32 bit integers stand for a broken probe."""

_CACHED = 10_000


class Converted(NamedTuple):
    """How a share of volume was made a mass per volume, or the reverse; sent was the stored value / factor."""

    unit: str
    factor: float
    conditions: Conditions


class Rule(NamedTuple):
    """How readings of one quantity and unit are taken.

    Attributes:
        unit: of the property, in which the value is stored: value x factor + offset.
        low, high: values in this span are good without another look.
        converted: where a share of volume becomes a mass per volume.
    """

    property: str
    channel: str
    unit: str
    factor: float
    offset: float
    low: float
    high: float
    diagnostic: bool
    observed: ObservedProperty
    converted: Converted | None


class Rules:
    """The rules of one source; where the source says nothing of a unit, those of its devices in the registry.

    `shared` holds those that are the same for all devices, by quantity and unit: what is in it needs no call.
    """

    def __init__(
        self,
        source: Source,
        properties: Properties,
        units: Units,
        registered: Callable[[str], Registered | None],
    ) -> None:
        self._source, self._properties, self._units, self._registered = source, properties, units, registered
        self.shared: dict[tuple[str | None, str | None], Rule] = {}
        self._own: dict[tuple[str, str | None, str | None], tuple[Registered, Rule]] = {}

    def of(self, reading: Reading, device: str) -> Rule:
        """Work out how a device's quantity in a unit is taken.

        Raises:
            Refusal: `unknown_property`, `unit_missing`, `unknown_unit` or `unit_dimension_mismatch`.
        """
        key = (device, reading.quantity, reading.unit)
        own = self._own.get(key)
        if own is not None and own[0] is self._registered(device):
            return own[1]
        observed, channel = self._observed(reading)
        source = self._source
        unit = reading.unit or source.units.get(observed.id) or (observed.unit if source.canonical_units else None)
        conditions, known = source.conditions, None
        if unit is None:
            known = self._registered(device)
            unit = None if known is None else _unit_of(known, observed.id, reading.channel or channel)
        if unit is None:
            raise refusal(
                "unit_missing",
                f"{shortened(reading.quantity)} comes without a unit",
                hint=f"send it ({observed.unit}), or set units.{observed.id} of the source {source.name}",
            )
        between = needs_conditions(self._units.canonical(unit), observed)
        if between and conditions is None:
            known = known or self._registered(device)
            conditions = None if known is None else known.conditions.get(observed.id)
        factor, offset = self._units.conversion(unit, observed, conditions if between else None)
        low, high = _good_span(observed)
        rule = Rule(
            observed.id,
            channel,
            observed.unit,
            factor,
            offset,
            low,
            high,
            observed.diagnostic,
            observed,
            Converted(unit, factor, conditions) if between and conditions is not None else None,
        )
        self._keep(reading, device, rule, known)
        return rule

    def _observed(self, reading: Reading) -> tuple[ObservedProperty, str]:
        quantity = reading.quantity
        found = None if quantity is None else self._properties.find(quantity)
        if found is None:
            named = "the message does not say what was measured" if quantity is None else f"{shortened(quantity)}"
            raise refusal("unknown_property", f"{named} is not in the catalogue" if quantity else named)
        return found

    def _keep(self, reading: Reading, device: str, rule: Rule, known: Registered | None) -> None:
        if known is not None:
            if len(self._own) >= _CACHED:
                self._own.clear()
            self._own[device, reading.quantity, reading.unit] = (known, rule)
            return
        if len(self.shared) >= _CACHED:
            self.shared.clear()
        self.shared[reading.quantity, reading.unit] = rule


def judge(observed: ObservedProperty, reading: Reading, value: float) -> Quality:
    """The flag of a value outside the good span (QARTOD gross range).

    Raises:
        Refusal: `sentinel` or `non_finite`.
    """
    fail, suspect = observed.qc.gross_fail, observed.qc.gross_suspect
    outside = fail is not None and not fail[0] <= value <= fail[1]
    if reading.value in observed.sentinels or (outside and reading.value in SENTINELS):
        raise refusal("sentinel", f"{observed.id} {reading.value:g} is a code for 'no value', not a measurement")
    if not math.isfinite(value):
        raise refusal("non_finite", f"{reading.value:g} {reading.unit} is no finite number of {observed.unit}")
    if outside:
        return Quality.FAIL
    if suspect is not None and not suspect[0] <= value <= suspect[1]:
        return Quality.SUSPECT
    return Quality.NOT_EVALUATED if fail is None and suspect is None else Quality.GOOD


def _unit_of(known: Registered, observed: str, channel: str) -> str | None:
    return known.units.get(f"{observed}/{channel}") or known.units.get(observed)


def _good_span(observed: ObservedProperty) -> tuple[float, float]:
    """Values in it are good without another look; an empty span where each needs one."""
    spans = [span for span in (observed.qc.gross_fail, observed.qc.gross_suspect) if span is not None]
    if not spans or observed.sentinels:
        return math.inf, -math.inf
    return max(low for low, _ in spans), min(high for _, high in spans)
