"""What a silent datastream looks like in an answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.listing import InCity
from bypuls.observation import InstrumentClass, Origin


class SilentWanted(InCity):
    """Parameters of the list."""

    site: str | None = None
    property: list[str] = Field(default=[], description="May be given several times.")


class Silent(BaseModel):
    """A datastream that should have spoken by now."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    datastream: int = Field(examples=[17])
    device: str = Field(examples=["elgeseter"])
    site: str | None
    property: str = Field(examples=["pm10"])
    channel: str
    last_time: datetime = Field(description="Its newest observation.")
    last_time_local: datetime
    silent_seconds: float = Field(description="Since then.", examples=[2580])
    expected_spacing_seconds: float = Field(description="Between two values.", examples=[600])
    class_: InstrumentClass = Field(alias="class")
    origin: Origin
