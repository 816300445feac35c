"""What a comparison looks like in an answer."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bypuls.comparison import Code


class ComparisonWanted(BaseModel):
    """What is to be compared."""

    model_config = ConfigDict(extra="forbid")

    kpi: str = Field(description="A KPI, or a U4SSC code with its data point.", examples=["air.no2.mean"])
    year: int | None = Field(
        None, ge=1900, le=2200, description="Of all cities alike. Without it one city is compared with itself."
    )
    period: Literal["P1M", "P1Y"] = Field("P1Y", description="A month needs start.")
    start: date | None = Field(None, description="A day of the month or year, instead of year.")
    city: str | None = Field(None, max_length=63, description="Slug of the city that asks.", examples=["trondheim"])
    cities: list[str] = Field(default=[], description="Slugs; several times.", examples=[["trondheim", "bergen"]])
    network: str | None = Field(None, description="All cities of this network; `own`: of the asking city's.")
    county: str | None = Field(None, description="All cities of this county; `own`: of the asking city's.")
    site: str | None = Field(None, description="With one city and no year: this site instead of the whole city.")


class ComparedName(BaseModel):
    """Which value."""

    city: str
    period: str = Field(examples=["2024"])
    made_in: str | None = Field(description="The snapshot file it comes from, if any.")


class ComparedValue(ComparedName):
    """A value with what decides whether it may be compared."""

    scope_kind: str
    scope: str
    value: float | None = Field(description="In `unit`.")
    unit: str
    status: str
    quality: str
    reason: str | None
    coverage: float | None
    classes: list[str]
    origins: list[str]
    simulated: bool
    version: str | None
    standard_status: str | None
    estimate: bool = Field(description="Worked out from something else than what it tells of.")
    evidence: str | None


class ComparisonObstacle(BaseModel):
    """Why two values are not comparable."""

    code: Code
    text: dict[str, str]


class ComparedPair(BaseModel):
    """Two values and what stands between them."""

    first: ComparedName
    second: ComparedName
    comparable: bool
    obstacles: list[ComparisonObstacle]


class RankedValue(ComparedName):
    """A value in its group."""

    value: float = Field(description="In the comparison's unit.")
    simulated: bool
    rank: int | None = Field(description="1 is best; null where the indicator has no better and worse.")
    of: int


class NotRanked(ComparedName):
    """A value that is comparable with no group, and why."""

    obstacles: list[ComparisonObstacle]


class ComparisonAnswer(BaseModel):
    """Which values may stand beside each other, and how they rank among themselves."""

    kpi: str
    title: dict[str, str] | None
    unit: str
    direction: str
    label: dict[str, str] | None = Field(description="Of U4SSC's KPIs: not verified by U4SSC.")
    unverified: bool | None = Field(description="The U4SSC definition was not fully read in ITU documents.")
    year: int | None
    values: list[ComparedValue]
    groups: list[list[RankedValue]] = Field(description="Comparable throughout, best first.")
    not_ranked: list[NotRanked]
    without_value: list[str] = Field(description="Cities that have none.")
    pairs: list[ComparedPair]
    warning: dict[str, str]
