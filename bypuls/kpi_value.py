"""A value as it is judged and compared: with what it rests on, wherever it comes from. Pure; knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bypuls.periods import Period

Texts = Mapping[str, str]
"""Language -> text, `en` and `nb`."""


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One value of one city's KPI or U4SSC data point.

    Attributes:
        kpi: a KPI's id, or a U4SSC code with its data point.
        value: None where there is none; `reason` says why.
        status: provisional, final or revised.
        quality: ok, insufficient or undefined.
        coverage: share of what the period should hold, 0 to 1; None where nothing is counted (reported values).
        classes, origins: of the instruments and the data it rests on.
        judges_law: the KPI is one that judges a legal limit.
        version: of the definition; None for reported values.
        method: fingerprint of how the definition computes (`bypuls.method`); None where the definition is not known.
        full_method: fingerprint of that and of the numbers of the standards it is judged by; None where not known.
        standard_status: of the standard it is judged by: whether its numbers are verified.
        estimate: it is worked out from something else than what it tells of (CO2 from traffic).
        evidence: address of the value with its evidence.
        made_in: where it comes from, when that is another installation's snapshot.
    """

    city: str
    kpi: str
    scope_kind: str
    scope: str
    period: Period
    start: datetime
    ends: datetime
    value: float | None
    unit: str
    status: str = "final"
    quality: str = "ok"
    reason: str | None = None
    coverage: float | None = None
    classes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset({"measured"})
    judges_law: bool = False
    version: str | None = None
    method: str | None = None
    standard_status: str | None = None
    estimate: bool = False
    evidence: str | None = None
    made_in: str | None = None
    full_method: str | None = None

    @property
    def _middle(self) -> datetime:
        """Falls on the right day in whichever calendar the period begins."""
        return self.start + (self.ends - self.start) / 2

    @property
    def year(self) -> int:
        """The calendar year it belongs to."""
        return self._middle.year

    @property
    def month(self) -> int:
        """The month it belongs to."""
        return self._middle.month

    @property
    def label(self) -> str:
        """The period in short: 2024, 2024-03, 2024-03-01 or the hour."""
        if self.period == "P1Y":
            return f"{self.year}"
        if self.period == "P1M":
            return f"{self.year}-{self.month:02}"
        return f"{self._middle:%Y-%m-%d}" if self.period == "P1D" else f"{self.start:%Y-%m-%dT%H}"

    @property
    def simulated(self) -> bool:
        """Some of it is simulated."""
        return "simulated" in self.origins
