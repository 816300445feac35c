"""What a device looks like in an answer, and what may be changed of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.listing import InCity
from bypuls.observation import DeviceStatus, InstrumentClass, Origin


class DevicesWanted(InCity):
    """Parameters of the list."""

    status: DeviceStatus | None = Field(None, examples=["pending"])
    site: str | None = None
    area: str | None = Field(None, description="Area its site lies in, itself or one within it.")
    origin: Origin | None = None
    profile: str | None = None


class Frames(BaseModel):
    """Radio frames of a LoRaWAN device, by their counter."""

    received: int = Field(examples=[1440])
    lost: int = Field(description="Counters that are missing between those that came.", examples=[12])
    repeated: int = Field(description="Came once more, and were stored once.", examples=[3])
    restarts: int = Field(description="Times that the counter began anew.", examples=[1])


class Device(BaseModel):
    """What publishes."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    device: str = Field(description="External id: the name it publishes under.", examples=["elgeseter"])
    status: DeviceStatus
    site: str | None = Field(description="Where it hangs now.", examples=["elgeseter"])
    class_: InstrumentClass | None = Field(alias="class", description="null: that of its site.")
    origin: Origin
    profile: str | None = Field(description="How its maker's messages are read.")
    zone: str | None = Field(description="Time zone of its clock, where it gives none itself.")
    keys: dict[str, Any] = Field(description="Other names of it (EUI …).")
    readings: dict[str, Any] = Field(description="Property -> how its values are meant.")
    clock_offset_seconds: float | None = Field(
        description="Arrival minus stated time, median of its last 21 live messages. Negative: its clock is "
        "ahead. Positive: its clock is behind, or its messages come late. Beyond a minute its clock is to be set.",
        examples=[1.4],
    )
    frames: Frames | None = Field(description="Of a LoRaWAN device; null: it is none.")
    first_seen: datetime | None
    first_seen_local: datetime | None
    last_seen: datetime | None
    last_seen_local: datetime | None
    added_at: datetime


class RecentMessage(BaseModel):
    """One of the last messages of a device."""

    city: str
    received_at: datetime
    received_at_local: datetime
    topic: str = Field(examples=["bypuls/v1/trondheim/elgeseter/up"])
    decoder: str | None = Field(examples=["own_json"])
    outcome: dict[str, Any] = Field(
        description="How many readings were stored and what was refused, with its reason.",
        examples=[{"stored": 3, "refused": []}],
    )
    payload_bytes: int = Field(description="Length of the whole payload.", examples=[53])
    payload: str | None = Field(description="Its first 4096 bytes; null when withheld.")
    payload_encoding: Literal["text", "base64", "withheld"] = Field(
        description="withheld: the client is not on this machine and sent no token."
    )


class DeviceDetail(Device):
    """A device with its last messages."""

    recent_messages: list[RecentMessage] = Field(description="The last 20, newest first.")


class DeviceChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "active", "site": "elgeseter"}]}
    )

    status: Literal["active", "disabled", "retired"] | None = Field(
        None, description="active: its messages count; disabled, retired: they no longer do."
    )
    site: str | None = Field(
        None,
        description="Where it hangs from now on. Its first site is also that of what it sent before; when it moves, "
        "what it sent stays where it was measured.",
    )
