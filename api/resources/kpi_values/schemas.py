"""What a KPI value looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.listing import InCity
from api.times import Moment

ScopeKind = Literal["site", "district", "city", "group"]
PeriodName = Literal["PT1H", "P1D", "P1M", "P1Y"]


class KpiValuesWanted(InCity):
    """Parameters of the list."""

    kpi: list[str] = Field(default=[], description="May be given several times.", examples=[["air.pm10.day_mean"]])
    scope_kind: ScopeKind | None = None
    scope: list[str] = Field(
        default=[], description="Slugs of sites, areas or the city; several times.", examples=[["elgeseter"]]
    )
    period: PeriodName | None = Field(None, description="Hour, day, month or year.")
    from_: Moment | None = Field(
        None, alias="from", description="Periods that start then or later. A day: its midnight."
    )
    to: Moment | None = Field(None, description="Periods that start before then. A day: its midnight.")
    latest: bool = Field(default=False, description="Only the newest value of each KPI, scope and period.")
    include: Literal["insufficient"] | None = Field(
        None, description="Give insufficient and undefined values too, with their reason; they are left out otherwise."
    )
    as_of: Moment | None = Field(None, description="What was said at that time, whatever became of it since.")


class KpiValue(BaseModel):
    """A KPI value and what it rests on."""

    city: str = Field(examples=["trondheim"])
    kpi: str = Field(examples=["air.pm10.day_mean"])
    scope_kind: ScopeKind
    scope: str = Field(examples=["elgeseter"])
    period: PeriodName = Field(examples=["P1D"])
    start: datetime = Field(examples=["2020-01-01T23:00:00Z"])
    start_local: datetime = Field(examples=["2020-01-02T00:00:00+01:00"])
    ends: datetime = Field(examples=["2020-01-02T23:00:00Z"])
    ends_local: datetime = Field(examples=["2020-01-03T00:00:00+01:00"])
    value: float | None = Field(examples=[31.7])
    unit: str = Field(examples=["ug/m3"])
    band: str | None
    status: Literal["provisional", "final", "revised"]
    quality: Literal["ok", "insufficient", "undefined"] = Field(description="Only ok may be shown without its reason.")
    reason: str | None = Field(description="Why it is not ok.")
    coverage: float | None = Field(description="Share of the period that was measured, 0 to 1.", examples=[0.96])
    detail: dict[str, Any] | list[Any] | None = Field(description="Parts of a value that is more than a number.")
    evidence: dict[str, Any] = Field(
        description="Sites, hours, what was left out, classes, origins, standard; `inputs` leads to the hours.",
        examples=[{"sites": 1, "hours": {"expected": 24, "valid": 23}, "class": ["reference"], "origin": ["measured"]}],
    )
    version: str = Field(description="Of the definition.", examples=["sha256:9f2c…"])
    final_at: datetime
    computed_at: datetime
