"""What a goal looks like in an answer, and what is sent to set one."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.resources.targets.schemas import Titles
from bypuls.plan import DecisionStatus
from bypuls.targets import GoalStatus


class GoalSent(BaseModel):
    """A goal as it is set."""

    model_config = ConfigDict(extra="forbid")

    title: Titles = Field(min_length=1)
    text: dict[str, str] | None = Field(None, description="More of it, by language.")
    sdg: list[str] = Field(default=[], description="Goals and targets of the UN.", examples=[["11.6"]])
    owner: str = Field(min_length=1, max_length=4000, description="Who answers for it.")
    source: str = Field(min_length=1, max_length=4000, description="Where it was decided.")
    status: DecisionStatus = "adopted"


class Goal(BaseModel):
    """A goal and how it stands, which follows from its targets and measures."""

    city: str
    goal: str = Field(description="Slug, unique in its city.", examples=["clean-air"])
    plan: str | None = Field(description="The plan it comes from; null where it was made through the API.")
    title: dict[str, str]
    text: dict[str, str]
    sdg: list[str]
    owner: str
    source: str
    decision: DecisionStatus
    status: GoalStatus = Field(description="The worst of its targets; what is not judged is not on track.")
    targets_by_status: dict[str, int]
    measures_by_status: dict[str, int]
    kpis: list[str] = Field(description="Indicators of its targets and measures.")
    nothing_running: bool = Field(description="Off track, and no measure is running.")
    late_measures: list[str] = Field(description="Planned still, though they should have begun.")
    withdrawn_at: datetime | None
    changed_at: datetime
