"""What a city's plans look like in one answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.resources.goals.schemas import Goal
from api.resources.measures.schemas import Measure
from api.resources.targets.schemas import Target
from bypuls.plan import DecisionStatus


class PlanDocument(BaseModel):
    """A plan's file as it was added."""

    plan: str = Field(examples=["clean-air-2030"])
    title: dict[str, str]
    source: str
    status: DecisionStatus
    added_at: datetime
    changed_at: datetime


class GoalWithParts(Goal):
    """A goal with its targets and measures."""

    targets: list[Target]
    measures: list[Measure]


class Plans(BaseModel):
    """Goal by goal: targets, measures, indicators, owner and how it stands."""

    city: str
    plans: list[PlanDocument]
    goals: list[GoalWithParts]
    status: dict[str, int] = Field(description="How many goals stand how.", examples=[{"on_track": 3, "off_track": 1}])
