"""What an observation looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.dropped import RawDropped
from api.listing import Listed
from api.series import OfSeries, SeriesWanted
from bypuls.observation import InstrumentClass, Origin

Flag = Literal[1, 2, 3, 4, 9]


class ObservationsWanted(SeriesWanted):
    """Parameters of the list."""

    flag: list[Annotated[int, Field(ge=1, le=9)]] = Field(
        default=[],
        description="QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing. Several times.",
        examples=[[1, 2]],
    )
    order: Literal["asc", "desc"] = Field("asc", description="By datastream, then time; desc: newest first.")


class Observation(OfSeries):
    """One value as it is stored."""

    time: datetime = Field(description="Start of its interval, or its instant.", examples=["2020-01-01T11:00:00Z"])
    time_local: datetime = Field(description="The same in the city.", examples=["2020-01-01T12:00:00+01:00"])
    value: float | None = Field(description="As it was sent, in the property's unit.", examples=[23.4])
    calibrated: float | None = Field(
        description="What counts instead (GET /v1/calibrations); null: the value as sent does.", examples=[19.2]
    )
    invalidated: bool = Field(description="People left it out (GET /v1/invalidations); it does not count.")
    unit: str = Field(examples=["ug/m3"])
    flag: Flag = Field(description="QARTOD flag of the value as it was sent.", examples=[1])
    quality: Literal["good", "not_evaluated", "suspect", "fail", "missing"] = Field(description="The flag in a word.")
    class_: InstrumentClass = Field(alias="class")
    origin: Origin
    rank: int = Field(description="1 live, 2 imported or corrected, 3 verified.", examples=[1])
    received_at: datetime


class Observations(Listed[Observation]):
    """One page of values."""

    raw_dropped: RawDropped | None = Field(description="null: nothing of the time that is asked for was dropped.")
