"""What a calibration looks like in an answer, and how one is added."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.audit import Why
from api.listing import InCity
from api.times import Moment


class CalibrationsWanted(InCity):
    """Parameters of the list."""

    datastream: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], description="Ids; several times.")
    site: str | None = None
    include: Literal["removed"] | None = Field(None, description="Also those that were taken back.")


class Calibration(BaseModel):
    """Values count as slope * value as sent + intercept, from then until the datastream's next one."""

    city: str = Field(examples=["trondheim"])
    id: int = Field(examples=[3])
    datastream: int = Field(examples=[17])
    device: str = Field(examples=["elgeseter"])
    site: str | None
    property: str = Field(examples=["pm10"])
    channel: str = Field(examples=[""])
    valid_from: datetime
    valid_from_local: datetime
    valid_until: datetime | None = Field(description="null: until further notice, or it changes nothing.")
    slope: float = Field(examples=[0.87])
    intercept: float = Field(description="In the property's unit.", examples=[-1.2])
    unit: str = Field(examples=["ug/m3"])
    who: str
    why: str = Field(examples=["two weeks beside the reference instrument"])
    added_at: datetime
    removed_at: datetime | None
    removed_by: str | None
    removed_why: str | None


class NewCalibration(BaseModel):
    """A calibration to be added."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "datastream": 17,
                    "valid_from": "2026-03-01",
                    "slope": 0.87,
                    "intercept": -1.2,
                    "why": "two weeks beside the reference instrument",
                }
            ]
        },
    )

    datastream: int = Field(ge=1, le=2**31 - 1)
    valid_from: Moment = Field(description="A day: its midnight in the city.")
    slope: float = Field(1.0, gt=0, le=1e6, allow_inf_nan=False, description="1 of levels in dB and of directions.")
    intercept: float = Field(0.0, ge=-1e9, le=1e9, allow_inf_nan=False, description="0 of amounts that are added up.")
    why: Why
