"""What a check takes and answers."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class MessageToCheck(BaseModel):
    """A message as a device would publish it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "topic": "bypuls/v1/trondheim/elgeseter/observations",
                    "payload": '{"time": "2020-01-01T12:00:00Z", "pm10": {"value": 23.4, "unit": "ug/m3"}}',
                }
            ]
        },
    )

    topic: str = Field(min_length=1, max_length=1000)
    payload: str | None = Field(None, description="As text.")
    payload_base64: str | None = Field(None, description="As bytes, when it is no text.")

    @model_validator(mode="after")
    def _one_payload(self) -> Self:
        if (self.payload is None) == (self.payload_base64 is None):
            raise ValueError("give the message as payload or as payload_base64, one of the two")
        self.content()
        return self

    def content(self) -> bytes:
        """The payload's bytes."""
        if self.payload_base64 is None:
            return (self.payload or "").encode()
        try:
            return base64.b64decode(self.payload_base64, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("payload_base64 is not base64") from None


class CheckResult(BaseModel):
    """What would become of the message: one entry per reading, or why there is none."""

    readings: list[dict[str, Any]] = Field(
        examples=[
            [
                {
                    "device": "elgeseter",
                    "field": "pm10",
                    "property": "pm10",
                    "channel": "",
                    "value": 23.4,
                    "unit": "ug/m3",
                    "stored": {"value": 23.4, "unit": "ug/m3"},
                    "time": "2020-01-01T12:00:00Z",
                    "flag": 1,
                }
            ]
        ]
    )


class Guessed(BaseModel):
    """One guess of a draft."""

    path: str = Field(description="Where in message or topic.", examples=["outTemp_C"])
    guess: str = Field(description="What it is taken for; empty where nothing can be guessed.")
    reason: str = Field(description="Why, or what to do where it is open.")
    certainty: Literal["sure", "likely", "open"]


class DraftedProfile(BaseModel):
    """A maker profile, drafted from one message."""

    id: str = Field(examples=["draft-garden-shed-3-data"])
    profile: str = Field(description="YAML, each guess with its reason as a comment.")
    guesses: list[Guessed]
    readings: list[dict[str, Any]] = Field(
        description="What the draft makes of this message, as /v1/check/decode says it."
    )
