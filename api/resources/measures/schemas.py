"""What a measure looks like in an answer, and what is sent to set one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.given import OfCity, OfPlans
from api.resources.targets.schemas import Slugged, Titles
from bypuls.comparison import Code
from bypuls.effect_words import Caution
from bypuls.effects import Finding, Refusal, Verdict
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


class Expected(BaseModel):
    """How far the primary indicator is expected to move: one of the two."""

    model_config = ConfigDict(extra="forbid")

    percent: float | None = Field(None, gt=-100, description="Of what it was, in percent.", examples=[-10])
    difference: float | None = Field(None, description="In the indicator's unit.")
    source: str | None = Field(None, min_length=1, max_length=4000)


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
    kpis: list[str] = Field(default=[], description="Other indicators that its effect is shown in.")
    expected: Expected | None = None
    transition_months: int = Field(
        default=0, ge=0, le=24, description="After it began, which count neither before nor after."
    )
    control_sites: list[Slugged] = Field(default=[], description="Where nothing is done.")
    nearby: list[Nearby] = []
    owner: str = Field(min_length=1, max_length=4000)
    source: str = Field(min_length=1, max_length=4000)
    status: MeasureStatus = "planned"


class Measure(BaseModel):
    """A measure. Once locked only status and owner change; `/v1/measures/effects` says what changed after it."""

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
    kpis: list[str]
    expected: Expected | None
    transition_months: int
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


class EffectsWanted(OfCity):
    """Parameters of the list of effects."""

    measure: str | None = Field(None, description="Only of this measure.", examples=["studded-tyre-fee"])
    goal: str | None = Field(None, description="Only of measures of this goal.")
    kpi: str | None = Field(None, description="Only by this indicator.", examples=["air.pm10.mean"])


class EffectScope(BaseModel):
    """A place."""

    scope_kind: Literal["site", "city"]
    scope: str


class EffectChange(BaseModel):
    """How far months and their like lie apart: Hodges-Lehmann estimates with 95 % intervals."""

    verdict: Verdict = Field(description="By the interval in percent where there is one, else by that in the unit.")
    n: int = Field(description="Pairs of months.")
    months: list[str] = Field(description="The months after that count.", examples=[["2026-01", "2026-02"]])
    before: float | None = Field(description="Median of the months before, in `unit`; null beside control sites.")
    after: float | None = Field(description="Median of the months after, in `unit`; null beside control sites.")
    difference: float | None = Field(
        description="After less before, in `unit`; null beside control sites where there is a percentage: places of "
        "different size have only ratios in common."
    )
    difference_low: float | None = Field(
        description="Of its 95 % interval; null where fewer than twelve dependent months allow none."
    )
    difference_high: float | None
    percent: float | None = Field(description="Of before; null for dB, degrees, classes, and where a month is 0.")
    percent_low: float | None
    percent_high: float | None
    p: float | None = Field(
        description="Of Wilcoxon's signed rank test, two-sided; null where neighbouring months depend on each other."
    )
    exact: bool = Field(description="p is of the exact distribution, not of the normal one.")
    dependence: float = Field(
        description="Correlation of neighbouring months that the interval reckons with, 0 to 0.9."
    )


class EffectExpected(Expected):
    """What the plan expected."""

    within: bool | None = Field(description="Whether the interval holds it; null where there is no interval.")


class EffectCaution(BaseModel):
    """What to keep in mind."""

    code: Caution
    text: dict[str, str]


class ChangedToo(BaseModel):
    """What else changed in the months that count."""

    model_config = ConfigDict(populate_by_name=True)

    what: str = Field(description="A measure's slug, or in words.")
    kind: Literal[
        "measure", "instrument", "other", "calibration", "invalidation", "moved", "swapped_meter", "new_instrument"
    ]
    from_: date | None = Field(alias="from")
    to: date | None
    sites: list[str]


class EffectLeftOut(EffectScope):
    """Months that have their like, and may not be compared with it."""

    codes: list[Code]
    months: list[str]


class MeasureEffect(BaseModel):
    """What changed after a measure, by one indicator; never what made it change."""

    model_config = ConfigDict(populate_by_name=True)

    city: str
    measure: str = Field(examples=["studded-tyre-fee"])
    goal: str
    title: dict[str, str]
    from_: date = Field(alias="from")
    to: date | None
    transition_months: int
    status: MeasureStatus
    direction: Literal["increase", "decrease"] = Field(description="Which way it is expected to go.")
    locked_at: datetime | None
    withdrawn_at: datetime | None
    kpi: str = Field(examples=["air.pm10.mean"])
    kpi_title: dict[str, str]
    primary: bool = Field(description="The indicator that the measure is judged by.")
    unit: str = Field(description="Of every number here that is no percentage.", examples=["ug/m3"])
    finding: Finding = Field(
        description="By the change beside the control sites where there are any, else by the change; not shown where "
        "the time before or a control site moved as far, though nothing was done."
    )
    refusal: Refusal | None = Field(description="Why nothing is said.")
    sentence: dict[str, str] = Field(description="What changed, or why nothing is said, in English and Norwegian.")
    years_apart: int | None = Field(description="How many years lie between a month and its like.")
    scopes: list[EffectScope] = Field(description="That count.")
    dropped: list[EffectScope] = Field(description="Places of the measure with too few months.")
    change: EffectChange | None
    control_sites: list[str] = Field(description="That count.")
    control_chosen: Literal["declared", "same_kind"] | None = Field(description="By the plan, or all of the same kind.")
    no_control: dict[str, str] | None = Field(description="Why there is none.")
    control: EffectChange | None = Field(description="Of the control sites in the same months.")
    beside_control: EffectChange | None = Field(description="The change less that of the control sites.")
    placebo: EffectChange | None = Field(description="The same of the time before, when nothing was done.")
    expected: EffectExpected | None
    cautions: list[EffectCaution]
    changed_too: list[ChangedToo]
    left_out: list[EffectLeftOut]
    simulated: bool
    method: dict[str, str]
