"""What may be asked about, and what the answer looks like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.dropped import RawDropped
from api.resources.kpi_values.schemas import PeriodName, ScopeKind
from api.resources.why.reasons import Reason
from api.times import Moment


class WhyWanted(BaseModel):
    """Of what: a datastream; a site and a property; a KPI with scope and period; or of all a city's datastreams."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(max_length=63, examples=["trondheim"])
    start: Moment = Field(description="The hour (the one it falls into), or the start of the KPI's period.")
    datastream: int | None = Field(None, ge=1, le=2**31 - 1, examples=[17])
    site: str | None = Field(None, examples=["elgeseter"])
    property: str | None = Field(None, examples=["pm10"])
    kpi: str | None = Field(None, examples=["air.pm10.day_mean"])
    scope_kind: ScopeKind | None = None
    scope: str | None = None
    period: PeriodName | None = None
    as_of: Moment | None = Field(
        None, description="Of a KPI's value: why it was empty in what was said at that time. Of hours that is not kept."
    )


class Refused(BaseModel):
    """A message that was refused, and how to mend it."""

    id: int = Field(description="GET /v1/quarantine/{id}")
    device: str | None
    received_at: datetime
    last_received_at: datetime
    occurrences: int
    reason: str
    detail: str
    hint: str


class SeriesFacts(BaseModel):
    """One datastream in the span."""

    datastream: int
    device: str
    site: str | None
    property: str
    channel: str
    reason: Reason | None = Field(description="null: it gives a number.")
    device_status: str
    first_time: datetime | None = Field(description="Its first value ever.")
    last_time: datetime | None = Field(description="Its newest value.")
    silent_from: datetime | None = Field(description="When it counts as silent unless it speaks; null: not known.")
    last_event: dict[str, Any] | None = Field(description="The last thing its device said of itself: kind and time.")
    valid: int = Field(description="Values that count.")
    suspect: int
    fail: int
    invalidated: int = Field(description="Values that people left out.")
    expected: int | None = Field(description="Values its hours should hold; null while nobody knows.")
    waiting: int = Field(description="Rows in the queue of what is to be rolled up.")
    arrived_late: dict[str, Any] | None = Field(
        description="Values that came over ten minutes after the span: how many, and the last arrival."
    )
    refused: list[Refused] = Field(description="Refused messages of its device in the span, newest first, at most 20.")
    invalidations: list[dict[str, Any]] = Field(description="Periods that people left out: id, why, who.")


class Why(BaseModel):
    """Why there is no number."""

    model_config = ConfigDict(populate_by_name=True)

    city: str
    from_: datetime = Field(alias="from")
    to: datetime
    reason: Reason | None = Field(description="null: there is a number.", examples=["silent"])
    sentence: dict[str, str] = Field(
        description="For people, en and nb.",
        examples=[{"en": "Nothing came from meter-1: last heard 2026-03-01 11:50."}],
    )
    value: dict[str, Any] | None = Field(description="Of a KPI: quality, reason and coverage of what is stored.")
    sites: list[dict[str, Any]] = Field(description="Of a district or city: what its sites say.")
    series: list[SeriesFacts] = Field(description="The datastreams it rests on, at most 100.")
    raw_dropped: RawDropped | None = Field(description="null: raw data of its time is there, or never was.")
