"""What a measure looks like in an answer, and what is sent to set one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.given import OfPlans
from api.resources.targets.schemas import Slugged, Titles
from bypuls.plan import MeasureStatus


class MeasuresWanted(OfPlans):
    """Parameters of the list."""

    goal: str | None = Field(None, description="Only of this goal.")
    status: MeasureStatus | None = None


class Nearby(BaseModel):
    """Something else that may move the number."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    what: str = Field(min_length=1, max_length=4000)
    kind: Literal["measure", "instrument", "other"] = "other"
    from_: date | None = Field(None, alias="from")
    to: date | None = None
    sites: list[Slugged] = []


class MeasureSent(BaseModel):
    """A measure as it is set."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    goal: Slugged = Field(description="The goal it belongs to.")
    title: Titles = Field(min_length=1)
    text: dict[str, str] | None = None
    sites: list[Slugged] = Field(default=[], description="Where; with areas empty too: the whole city.")
    areas: list[Slugged] = []
    from_: date = Field(alias="from")
    to: date | None = None
    kpi: str = Field(description="The primary indicator, which its effect is to be judged by.")
    direction: Literal["increase", "decrease"] = Field(description="Which way the indicator is expected to go.")
    control_sites: list[Slugged] = Field(default=[], description="Where nothing is done.")
    nearby: list[Nearby] = []
    owner: str = Field(min_length=1, max_length=4000)
    source: str = Field(min_length=1, max_length=4000)
    status: MeasureStatus = "planned"


class Measure(BaseModel):
    """A measure. Once locked only status and owner change; nothing is said of its effect."""

    model_config = ConfigDict(populate_by_name=True)

    city: str
    measure: str = Field(description="Slug, unique in its city.", examples=["studded-tyre-fee"])
    goal: str
    plan: str | None
    title: dict[str, str]
    text: dict[str, str]
    sites: list[str]
    areas: list[str]
    from_: date = Field(alias="from")
    to: date | None
    kpi: str
    direction: Literal["increase", "decrease"]
    control_sites: list[str]
    nearby: list[Nearby]
    owner: str
    source: str
    status: MeasureStatus
    late: bool = Field(description="Planned still, though it should have begun.")
    locked_at: datetime | None
    locked_by: str | None
    withdrawn_at: datetime | None
    changed_at: datetime
