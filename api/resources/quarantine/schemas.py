"""What a refused message looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.listing import Page
from api.times import Moment


class QuarantineWanted(Page):
    """Parameters of the list."""

    city: str | None = Field(None, max_length=63, description="Every message, also of no known city, unless given.")
    reason: list[str] = Field(default=[], description="Reason codes; several times.", examples=[["unknown_unit"]])
    device: str | None = Field(None, description="External id, as the message says.")
    source: str | None = None
    replay: Literal["none", "asked", "done"] | None = Field(None, description="How far its replay is.")
    from_: Moment | None = Field(None, alias="from", description="Last received then or later. A day: its midnight.")
    to: Moment | None = Field(None, description="Last received before then. A day: its midnight.")


class Quarantined(BaseModel):
    """A message that was refused, whole or in part."""

    id: int = Field(examples=[4711])
    city: str | None = Field(description="As its topic says; null when that names none we know.")
    received_at: datetime
    received_at_local: datetime | None = Field(description="In the city; null without one.")
    last_received_at: datetime = Field(description="The same message, redelivered, is one row.")
    last_received_at_local: datetime | None
    occurrences: int = Field(examples=[1])
    source: str
    topic: str = Field(examples=["bypuls/v1/trondheim/elgeseter/observations"])
    device: str | None
    decoder: str | None = Field(examples=["own_json"])
    reason: str = Field(description="Code of the first refusal.", examples=["unknown_unit"])
    detail: str = Field(examples=["pm10: no unit is written 'ug/cm'"])
    hint: str = Field(description="How to mend it.", examples=["send ug/m3"])
    refusals: list[dict[str, Any]] = Field(description="All of them: code, detail, hint, field.")
    stored: int = Field(description="Readings of the message that were stored all the same.", examples=[2])
    payload_bytes: int = Field(description="Length of the whole payload.", examples=[61])
    payload: str | None = Field(description="In a list its first 4096 bytes, alone the whole; null when withheld.")
    payload_encoding: Literal["text", "base64", "withheld"] = Field(
        description="withheld: the client is not on this machine and sent no token for it."
    )
    payload_erased_at: datetime | None = Field(description="Raw messages are kept for a time only.")
    replay_asked_at: datetime | None
    replayed_at: datetime | None
    replay_outcome: str | None
