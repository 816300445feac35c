"""What a round of collection looks like in an answer and in a request."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.listing import InCity, Page

State = Literal["asked", "entered", "checked", "signed"]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]


class RoundsWanted(InCity):
    """Parameters of the list of rounds."""

    year: int | None = Field(None, ge=1900, le=2200)


class AssignmentsWanted(Page):
    """Parameters of the list of a round's KPIs."""

    code: str | None = Field(None, max_length=40, examples=["EN: EN: AQ: 1C"])
    state: State | None = None
    unit: str | None = Field(None, max_length=200, examples=["Environment"])


class Round(BaseModel):
    """A round: one city's year, and how many of U4SSC's KPIs have come how far."""

    city: str
    year: int = Field(examples=[2024])
    deadline: date
    closed: bool = Field(description="Nothing is entered in it any more.")
    note: str | None
    opened_at: datetime
    opened_at_local: datetime
    kpis: int = Field(examples=[91])
    asked: int
    entered: int
    checked: int
    signed: int
    open_questions: int


class Assignment(BaseModel):
    """One KPI of a round: which unit is asked, and how far it is. Names of persons need a token: `…/people`."""

    city: str
    year: int
    code: str = Field(examples=["EN: EN: AQ: 1C"])
    unit: str | None = Field(description="Of the organisation; null: nobody is asked.", examples=["Environment"])
    state: State
    asked_at: datetime
    asked_at_local: datetime
    entered_at: datetime | None
    entered_at_local: datetime | None
    checked_at: datetime | None
    checked_at_local: datetime | None
    signed_at: datetime | None
    signed_at_local: datetime | None
    reopened_at: datetime | None
    reopened_at_local: datetime | None
    open_questions: int


class WhomToAsk(BaseModel):
    """The unit of the organisation that is asked, and a person there."""

    model_config = ConfigDict(extra="forbid")

    unit: Annotated[str, Field(max_length=200)] = Field("", examples=["Environment"])
    contact: Line | None = Field(None, description="Personal data: shown to tokens of the city only.")


class RoundOpened(BaseModel):
    """A round to open, or to change; what is left out stays, and who is not named is who was asked last time."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "deadline": "2025-03-01",
                    "asked": {"EN: EN: AQ: 1C": {"unit": "Environment", "contact": "Kari Nordmann, kari@example.org"}},
                }
            ]
        },
    )

    deadline: date | None = Field(None, description="Needed to open the round.")
    asked: dict[str, WhomToAsk] = Field({}, description="KPI code -> who.", max_length=200)
    note: Annotated[str, Field(max_length=4000)] | None = Field(None, description="Is published: name no person.")
    closed: bool | None = None


class People(BaseModel):
    """Who is behind one KPI of a round."""

    code: str
    unit: str
    contact: str | None
    state: State
    asked_by: str
    entered_by: str | None
    checked_by: str | None
    signed_by: str | None
    reopened_by: str | None
    reopened_why: str | None


class Why(BaseModel):
    """A reason."""

    model_config = ConfigDict(extra="forbid")

    why: Text = Field(examples=["two schools were left out"])


class QuestionAsked(BaseModel):
    """A question about a KPI."""

    model_config = ConfigDict(extra="forbid")

    question: Text
    data_point: str | None = Field(None, max_length=40)


class AnswerGiven(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")

    answer: Text


class Question(BaseModel):
    """A question and its answer."""

    id: int
    code: str
    data_point: str | None
    question: str
    asked_by: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


class Finding(BaseModel):
    """What a verifier would ask."""

    rule: str = Field(examples=["numerator_above_denominator"])
    severity: Literal["wrong", "query"] = Field(description="wrong: it contradicts arithmetic, and cannot be checked.")
    code: str
    data_point: str
    text: dict[str, str] = Field(description="In both languages.")
    source: str = Field(description="Which page of U4SSC's manuals, or that the rule is ours.")


class Checks(BaseModel):
    """Every question about what is reported for a city's year."""

    city: str
    year: int
    label: dict[str, str]
    wrong: int
    queries: int
    findings: list[Finding]


class MissingPoint(BaseModel):
    """A data point without a value."""

    code: str
    data_point: str
    name: dict[str, str]
    measure_unit: str = Field(description="What its value would be in.", examples=["%"])
    unit: str | None = Field(description="Of the organisation: who is asked; null: nobody.")
    contact: str | None = Field(description="null without a token of the city for reporting.")
    state: State | None = Field(description="null: no round was opened.")
    deadline: date | None
    late: bool = Field(description="The deadline is over and nobody answered.")
    answer: Literal["NR"] | None = Field(description="NR: the city said that it has no value.")
    unverified: bool = Field(description="U4SSC's definition was not read in full.")
    reason: str | None = Field(description="Why our sensors give no value, where they might.")


class MissingList(BaseModel):
    """What a city's year lacks."""

    city: str
    year: int
    label: dict[str, str]
    deadline: date | None
    missing: int
    late: int
    data: list[MissingPoint]


class Forgotten(BaseModel):
    """In how many assignments a person stood."""

    assignments: int
