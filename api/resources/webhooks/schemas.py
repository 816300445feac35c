"""What a webhook is answered."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Receipt(BaseModel):
    """The message is kept and will be put on the broker; ingest reads it as it reads every message."""

    receipt: int = Field(description="The same for the same message sent again.", examples=[4711])
    source: str = Field(examples=["tts-hook"])
    topic: str = Field(description="Where it is published.", examples=["bypuls/webhook/tts-hook/up"])
    bytes: int = Field(examples=[1843])
    received_at: datetime = Field(description="First received, if it was sent before.")
    repeated: bool = Field(description="The message names itself and was received before: it is not published again.")
