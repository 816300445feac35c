"""What a trend looks like in an answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.resources.kpi_values.schemas import ScopeKind
from bypuls.kpi_trend import LeftOut, Refusal, Verdict


class TrendWanted(BaseModel):
    """Which series is asked for."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, description="Slug of the city.", examples=["trondheim"])
    kpi: str = Field(examples=["air.no2.mean"])
    scope_kind: ScopeKind | None = Field(None, description="The whole city unless a scope is named.")
    scope: str | None = Field(None, description="Slug of the site or area; a site unless scope_kind says district.")
    period: Literal["PT1H", "P1D", "P1M", "P1Y"] = Field("P1Y", description="Months or years; others are refused.")
    since: int | None = Field(None, ge=1900, le=2200, description="Only from this year on.")
    until: int | None = Field(None, ge=1900, le=2200, description="Only to the end of this year.")


class TrendPoint(BaseModel):
    """A value that counts."""

    period: str = Field(examples=["2024"])
    value: float = Field(description="In the trend's unit.")
    coverage: float | None
    evidence: str | None


class TrendLeftOut(BaseModel):
    """A value that does not count."""

    period: str
    why: LeftOut
    reason: str | None = Field(description="What the value itself says.")


class TrendAnswer(BaseModel):
    """A trend with what it rests on, or why there is none."""

    city: str
    kpi: str
    scope_kind: str
    scope: str
    period: str
    unit: str = Field(description="Of the values; the slope is in this unit per year.")
    direction: str | None
    verdict: Verdict = Field(description="rising or falling where p < 0.05; none: no trend is shown.")
    better: bool | None = Field(description="Whether it goes the right way.")
    refusal: Refusal | None
    sentence: dict[str, str] | None = Field(description="Why there is none, in English and Norwegian.")
    changes: list[str] = Field(description="Periods in which what is refused began to differ.")
    n: int = Field(description="Values that count.")
    tau: float | None = Field(description="Kendall's tau-b, -1 to 1.")
    p: float | None = Field(description="Of the Mann-Kendall test, two-sided.")
    exact: bool | None = Field(description="p is of the exact distribution, not of the normal one.")
    seasonal: bool | None = Field(description="January was compared with January.")
    slope_per_year: float | None = Field(description="Theil-Sen, in `unit` per year.")
    slope_low: float | None = Field(description="Of its 95 % interval.")
    slope_high: float | None
    confidence: float | None = Field(examples=[0.95])
    simulated: bool
    method: dict[str, str]
    values: list[TrendPoint]
    left_out: list[TrendLeftOut]
