"""What a KPI definition looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.listing import InCity, Page
from api.resources.kpi_values.schemas import PeriodName, ScopeKind
from api.resources.rollups.schemas import Rollup
from api.times import Moment


class KpisWanted(Page):
    """Parameters of the list."""

    domain: str | None = Field(None, examples=["air"])


class Kpi(BaseModel):
    """A KPI definition in short."""

    kpi: str = Field(description="The one word for it everywhere.", examples=["air.pm10.day_mean"])
    version: str = Field(description="Hash of the definition.", examples=["sha256:9f2c…"])
    title: dict[str, str] = Field(examples=[{"en": "PM10, day mean", "nb": "PM10, døgnmiddel"}])
    question: dict[str, str] = Field(examples=[{"en": "How much PM10 was in the air that day?"}])
    domain: str = Field(examples=["air"])
    unit: str = Field(description="Of its values.", examples=["ug/m3"])
    periods: list[str] = Field(examples=[["P1D"]])
    calendar: str | None = Field(description="Which days, months and years: air or civil.", examples=["air"])
    direction: str | None = Field(examples=["lower_is_better"])
    judges_law: bool | None = Field(description="Whether a legal limit is judged by it.")
    bands: dict[str, Any] | None
    sdg: list[str] | None = Field(examples=[["11.6.2"]])
    u4ssc: str | None
    source: str | None = Field(description="Where the method comes from.")
    current: bool
    loaded_at: datetime


class KpiVersion(BaseModel):
    """One version of a definition."""

    version: str
    loaded_at: datetime
    current: bool


class KpiDetail(BaseModel):
    """A KPI definition, whole."""

    kpi: str
    version: str
    current: bool
    loaded_at: datetime
    definition: dict[str, Any] = Field(description="The catalogue's file as it was loaded.")
    versions: list[KpiVersion] = Field(description="Every version there was, newest first.")


class InputsWanted(InCity):
    """Which value's inputs are asked for: the parameters that name it."""

    scope_kind: ScopeKind
    scope: str = Field(description="Slug of the site, the area or the city.", examples=["elgeseter"])
    period: PeriodName
    start: Moment = Field(description="Of the value's period. A day: its midnight in the city.")
    as_of: Moment | None = Field(
        None, description="The hours of what was said at that time, as they stood when it was computed."
    )


class Input(Rollup):
    """One hour (or five minutes) that a value rests on, with everything its hash covers."""

    sum: float | None = Field(description="Of the values that count; of a register the sum of its readings.")
    energy_sum: float | None = Field(description="Of levels: the sum of 10^(L/10).")
    sin_sum: float | None = Field(description="Of directions: the sums of their unit vectors.")
    cos_sum: float | None
    covered: float | None = Field(description="Of a register: the share of the hour between readings.")
    superseded_at: datetime | None = Field(description="When the hour became another; null: it stands so.")
