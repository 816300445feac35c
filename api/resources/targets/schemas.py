"""What a target looks like in an answer, and what is sent to set one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.given import OfPlans
from bypuls.plan import BaseOrigin
from bypuls.targets import Direction, Reason, Status

Titles = Annotated[dict[str, str], Field(examples=[{"en": "Clean air", "nb": "Ren luft"}])]
Slugged = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]


class TargetsWanted(OfPlans):
    """Parameters of the list."""

    goal: str | None = Field(None, description="Only of this goal.")
    kpi: str | None = Field(None, description="Only of this KPI.", examples=["air.no2.mean"])
    status: Status | None = None
    forecast: bool = Field(
        default=False, description="Also where the line through past years would lead, labelled as such."
    )


class TargetPoint(BaseModel):
    """A year's value, in the target's unit."""

    model_config = ConfigDict(extra="forbid")

    year: Annotated[int, Field(ge=1900, le=2200)]
    value: float = Field(description="In the target's unit.")


class TargetBase(TargetPoint):
    """Where the path begins."""

    origin: BaseOrigin = Field("measured", description="A simulated base is held against simulated values only.")


class TargetAim(BaseModel):
    """What is to be reached, and by which day."""

    model_config = ConfigDict(extra="forbid")

    value: float = Field(description="In the target's unit.")
    by: date


class TargetScope(BaseModel):
    """Where: the whole city unless a site or district is named."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["site", "district", "city"] = "city"
    slug: Slugged | None = None


class TargetSent(BaseModel):
    """A target as it is set."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "goal": "clean-air",
                    "kpi": "air.no2.mean",
                    "unit": "ug/m3",
                    "base": {"year": 2024, "value": 24.5},
                    "points": [{"year": 2027, "value": 22}],
                    "target": {"value": 20, "by": "2029-12-31"},
                    "source": "Air quality plan 2025-2030, table 4",
                }
            ]
        },
    )

    goal: Slugged = Field(description="The goal it belongs to.")
    kpi: str | None = Field(None, description="A KPI's id; or:")
    u4ssc: str | None = Field(None, description="A U4SSC code.", examples=["EC: I: T: 4A"])
    data_point: str | None = Field(None, description="Where the U4SSC KPI has several.", examples=["cycling"])
    title: Titles | None = None
    scope: TargetScope | None = None
    period: Literal["P1M", "P1Y"] = "P1Y"
    direction: Direction | None = Field(None, description="The KPI's own unless it has none.")
    unit: str = Field(description="The KPI's.", examples=["ug/m3"])
    base: TargetBase
    points: list[TargetPoint] = Field(default=[], description="Values on the way, in order.")
    target: TargetAim
    source: str = Field(min_length=1, max_length=4000, description="Where it was decided.")
    note: str | None = Field(None, max_length=4000)


class TargetValue(BaseModel):
    """A value that a target is held against."""

    period: str = Field(examples=["2025"])
    start: datetime
    ends: datetime
    value: float | None = Field(description="In `unit`.")
    unit: str
    status: str
    quality: str
    reason: str | None
    coverage: float | None = Field(description="Share of the period that was measured, 0 to 1.")
    classes: list[str]
    origins: list[str]
    version: str | None = Field(description="Of the definition.")
    standard_status: str | None
    estimate: bool = Field(description="Worked out from something else than what it tells of.")
    evidence: str | None = Field(description="Address of the value with its evidence.")


class TargetForecast(BaseModel):
    """Where the line through past years would lead: no measured value, and labelled so."""

    label: dict[str, str]
    method: Literal["theil_sen"]
    n: int = Field(description="Years it rests on.")
    due: date
    value: float | None = Field(description="On that day, in the target's unit; null where years are too few.")
    low: float | None = None
    high: float | None = None
    would_be_reached: bool | None = None
    reason: str | None = None
    least: int | None = None


class Target(BaseModel):
    """A target and how it stands."""

    city: str
    target: str = Field(description="Slug, unique in its city.", examples=["no2-torget"])
    goal: str
    plan: str | None
    title: dict[str, str]
    kpi: str | None = Field(examples=["air.no2.mean"])
    u4ssc: str | None
    data_point: str
    scope_kind: Literal["site", "district", "city"]
    scope: str
    period: Literal["P1M", "P1Y"]
    direction: Direction
    unit: str
    base: TargetBase
    points: list[TargetPoint]
    value: float = Field(description="To be reached, in `unit`.")
    due: date
    source: str
    note: str | None
    status: Status
    reason: Reason | None = Field(description="Why it is not judged.")
    sentence: dict[str, str] | None = Field(description="The same for people, in English and Norwegian.")
    latest: TargetValue | None = Field(description="The newest finished value: it is judged by this one.")
    running: TargetValue | None = Field(description="Of the period that is not over; never judged.")
    required: float | None = Field(description="At the end of the latest value's period, in `unit`.")
    required_this_year: float = Field(description="At the end of this year, in `unit`.")
    distance: float | None = Field(description="By how much the latest misses the required; negative where better.")
    progress: float | None = Field(description="Share of the way from base to target; 1 at the target.")
    overdue: bool
    stale: bool = Field(description="A whole period has ended since, without a value of its own.")
    simulated: bool
    label: dict[str, str] | None = Field(None, description="Of U4SSC's KPIs: not verified by U4SSC.")
    unverified: bool | None = Field(None, description="The U4SSC definition was not fully read in ITU documents.")
    forecast: TargetForecast | None = None
    version: str | None = Field(description="Of the KPI's definition when the base was set.")
    withdrawn_at: datetime | None
    changed_at: datetime
