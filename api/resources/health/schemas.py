"""What health looks like in an answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.listing import Page


class HealthWanted(BaseModel):
    """Parameters."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv"] | None = Field(None, description=Page.model_fields["format"].description)


class CityHealth(BaseModel):
    """Of one city."""

    city: str = Field(examples=["trondheim"])
    newest_observation: datetime | None
    newest_observation_local: datetime | None
    age_seconds: float | None = Field(description="Of the newest observation.", examples=[2.1])
    silent_datastreams: int = Field(description="GET /v1/silent?city=… names them.", examples=[0])
    datastreams: int = Field(examples=[12])


class QueueHealth(BaseModel):
    """Of one queue."""

    queue: str = Field(examples=["changed_bucket"])
    rows: int = Field(examples=[0])
    oldest_seconds: float | None = Field(description="Age of its oldest row; null when it is empty.", examples=[0.4])


class Refused(BaseModel):
    """Refused messages of one reason."""

    reason: str = Field(examples=["unknown_unit"])
    messages: int = Field(examples=[12])


class SourceHealth(BaseModel):
    """Of one source of messages that was added."""

    source: str = Field(examples=["tts-trondheim"])
    city: str | None = Field(description="null: its topics name it.")
    qos: int = Field(description="What is asked for, or less where the broker grants less.", examples=[1])
    may_lose_while_disconnected: bool = Field(description="At QoS 0 a broker keeps nothing for who is away.")


class AuditHealth(BaseModel):
    """Of the newest audit of a city: what is stored against what it rests on."""

    city: str = Field(examples=["trondheim"])
    night: date | None = Field(description="The local day it ends on; null: a person asked for it.")
    finished_at: datetime
    complete: bool = Field(description="false: its time was over before its end; the next night goes on there.")
    checked: dict[str, int] = Field(description="How many of what.", examples=[{"kpi_values": 4810, "queues": 2}])
    differences: int = Field(examples=[0])
    differences_by_table: dict[str, int] = Field(examples=[{}])
    repaired: int = Field(description="Rows that were queued, or put right in a queue.", examples=[0])
    unreached_days: int = Field(description="Days that it did not reach.", examples=[0])


class Dropping(BaseModel):
    """What a city does not keep for ever, and was announced to be dropped (docs/how-to/keep-and-drop.md)."""

    city: str = Field(examples=["trondheim"])
    kind: str = Field(description="observations, five_minutes or refused.", examples=["observations"])
    parts: int = Field(description="Months, or chunks of TimescaleDB.", examples=[1])
    since: datetime
    until: datetime
    not_before: datetime = Field(description="When the first of them goes.")
    hindrance: str | None = Field(description="Why it did not go when it was last tried.")


class Health(BaseModel):
    """Whether the platform keeps up."""

    time: datetime
    cities: list[CityHealth]
    queues: list[QueueHealth]
    refused_24h: list[Refused] = Field(description="Messages refused within 24 hours, by reason.")
    sources: list[SourceHealth]
    audits: list[AuditHealth] = Field(description="The newest of each city that came to an end.")
    dropping: list[Dropping] = Field(description="What was announced to be dropped and is still there.")
    edition: str = Field(description="Of the database.", examples=["plain"])
    server: str = Field(description="Version of the database server.", examples=["18.1"])
    schema_: int = Field(alias="schema", description="Number of the last migration.", examples=[3])
    version: str = Field(description="Of this software.", examples=["0.1.0"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["live"]


class Ready(BaseModel):
    """Whether the platform does what it is there for."""

    status: Literal["ready", "not ready"]
    problems: list[str] = Field([], description="Reasons in words; only when it is not ready.")
