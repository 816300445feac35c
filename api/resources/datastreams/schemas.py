"""What a datastream looks like in an answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.listing import InCity
from bypuls.observation import DeviceStatus, InstrumentClass, Origin


class DatastreamsWanted(InCity):
    """Parameters of the list."""

    device: str | None = Field(None, description="External id.")
    property: list[str] = Field(default=[], description="May be given several times.", examples=[["pm10"]])
    site: str | None = None
    area: str | None = Field(None, description="Area its site lies in, itself or one within it.")
    domain: str | None = Field(None, examples=["air"])
    class_: InstrumentClass | None = Field(None, alias="class")
    origin: Origin | None = None
    status: DeviceStatus | None = Field(None, description="Of its device.")


class UnitConversion(BaseModel):
    """A gas was sent as a share of volume and is kept as mass per volume, or the other way round."""

    valid_from: datetime
    unit: str = Field(description="As sent.", examples=["ppb"])
    factor: float = Field(description="A value as sent is the value given divided by this.", examples=[1.9125])
    temperature_k: float | None = Field(description="Declared; null, with factor 1: sent as kept.", examples=[293.15])
    pressure_kpa: float | None = Field(description="Declared.", examples=[101.325])


class Datastream(BaseModel):
    """One device, one property, one channel, one site."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    datastream: int = Field(examples=[17])
    device: str = Field(examples=["elgeseter"])
    property: str = Field(examples=["pm10"])
    channel: str = Field(description="Lane, phase, sensor …; empty for the only one.", examples=[""])
    site: str | None = Field(examples=["elgeseter"])
    unit: str = Field(description="Of its values, as kept and given.", examples=["ug/m3"])
    interval_seconds: float | None = Field(description="null: instantaneous values.", examples=[3600])
    stamp: str = Field(description="Which end of the interval the device stamps; values are kept at its start.")
    class_: InstrumentClass = Field(alias="class", description="What the instrument may judge.")
    origin: Origin
    expected_spacing_seconds: float | None = Field(description="Between two values; null until known.", examples=[3600])
    spacing_learned: bool
    device_status: DeviceStatus
    conversions: list[UnitConversion] | None = Field(
        description="Which conditions its values were converted at, from when on; null: they never were."
    )
    first_time: datetime | None
    first_time_local: datetime | None
    last_time: datetime | None
    last_time_local: datetime | None
    added_at: datetime
