"""What an invalid period looks like in an answer, how one is told and how it is lifted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.audit import Why
from api.listing import InCity
from api.times import Moment


class InvalidationsWanted(InCity):
    """Parameters of the list."""

    datastream: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Those that it falls under: its own, its device's and its site's."
    )
    device: str | None = Field(None, description="External id.")
    site: str | None = None
    from_: Moment | None = Field(None, alias="from", description="Periods that end after then.")
    to: Moment | None = Field(None, description="Periods that begin before then.")
    include: Literal["lifted"] | None = Field(None, description="Also those that were lifted.")


class Invalidation(BaseModel):
    """A period of which values do not count: of a datastream, of all of a device, or of all at a site."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    id: int = Field(examples=[5])
    datastream: int | None = Field(examples=[17])
    device: str | None
    site: str | None
    from_: datetime = Field(alias="from")
    from_local: datetime
    to: datetime
    to_local: datetime
    why: str = Field(examples=["ants in the inlet"])
    who: str
    added_at: datetime
    lifted_at: datetime | None = Field(description="null: it is in force.")
    lifted_by: str | None
    lifted_why: str | None


class NewInvalidation(BaseModel):
    """A period to be left out."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "datastream": 17,
                    "from": "2026-03-01T10:00:00Z",
                    "to": "2026-03-01T14:00:00Z",
                    "why": "ants in the inlet",
                }
            ]
        },
    )

    datastream: int | None = Field(None, ge=1, le=2**31 - 1, description="One of datastream, device and site.")
    device: str | None = Field(None, max_length=200, description="External id.")
    site: str | None = Field(None, max_length=63)
    from_: Moment = Field(alias="from", description="A day: its midnight in the city.")
    to: Moment = Field(description="Itself left out. A day: its midnight in the city.")
    why: Why

    @model_validator(mode="after")
    def _of_one(self) -> NewInvalidation:
        if sum(one is not None for one in (self.datastream, self.device, self.site)) != 1:
            raise ValueError("of what? give one of datastream, device and site")
        return self


class Lifting(BaseModel):
    """Why a period counts again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "the wrong week"}]})

    why: Why
