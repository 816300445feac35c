"""One value of a KPI, as it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from bypuls.kpi import KpiDefinition
from processors.calculation import Detail


@dataclass(slots=True)
class Value:
    """`value` is None where there is none; `content` the mark of all it says, None where that is not known."""

    definition: KpiDefinition
    city: str
    scope_kind: str
    scope: str
    period: str
    start: int
    end: int
    value: float | None
    band: str | None
    detail: Detail | None
    quality: str
    reason: str | None
    coverage: float | None
    evidence: Detail
    content: int | None = None


def minimum_band(definition: KpiDefinition, value: float | None) -> str | None:
    """The band of a KPI that only asks for a minimum."""
    if definition.bands is None or value is None or "minimum" not in definition.bands:
        return None
    return "enough" if value >= definition.bands["minimum"] else "too_little"
