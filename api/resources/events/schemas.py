"""What a stream takes."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from api.changes import Position
from api.problems import InvalidParameter

_ID = re.compile(r"^(\d{1,20})\.(\d{1,19})$")


class EventsWanted(BaseModel):
    """Parameters of the stream."""

    model_config = ConfigDict(extra="forbid")

    city: str | None = Field(None, max_length=63, description="Every city unless given.", examples=["trondheim"])
    kpi: list[str] = Field(default=[], description="May be given several times.", examples=[["air.pm10.day_mean"]])
    summary: bool = Field(
        default=False,
        description="Instead of the values themselves only what changed: city, KPI, period and how many, put together.",
    )
    after: str | None = Field(
        None,
        description="Begin behind the event with this id; goes before the header Last-Event-ID.",
        examples=["812.44"],
    )


def position_of(text: str) -> Position:
    """The position an event's id stands for.

    Raises:
        InvalidParameter: it is none of ours.
    """
    match = _ID.match(text)
    found = Position(int(match[1]), int(match[2])) if match else None
    if found is None or found.xact >= 1 << 64 or found.seq >= 1 << 63:
        raise InvalidParameter("after (or Last-Event-ID): not the id of an event; leave it out to begin now")
    return found
