"""What a bridge's station looks like in an answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.listing import Page


class BridgesWanted(Page):
    """Parameters of the list."""

    city: str | None = Field(None, max_length=63, description="Every city unless given.")
    bridge: str | None = Field(None, max_length=63, description="As it was set up.")
    failed: bool | None = Field(None, description="Only those whose last run failed, or only the others.")


class BridgeStation(BaseModel):
    """One station of a bridge, and how far it is."""

    bridge: str = Field(examples=["trondheim-air"])
    service: str = Field(description="Which of docs/bridges.md.", examples=["nilu"])
    city: str = Field(examples=["trondheim"])
    enabled: bool
    station: str = Field(description="As the service calls it.", examples=["Elgeseter"])
    device: str = Field(description="What it is here.", examples=["elgeseter"])
    newest: datetime | None = Field(description="End of the newest value there was; null: none yet.")
    newest_local: datetime | None
    behind_seconds: float | None = Field(description="Since then.", examples=[2580])
    complete_to: datetime = Field(description="Nothing before it is asked for again.")
    last_run: datetime | None
    last_success: datetime | None
    last_error: str | None = Field(description="Of the last run; null when it went well.")
    failures: int = Field(description="Runs in a row that failed.", examples=[0])
    next_run: datetime
    published: int = Field(description="Values published since it was set up.", examples=[8760])
    corrected: int = Field(description="Corrections among them.", examples=[12])
    left_out: dict[str, int] = Field(description="Values of the last run that were left out: why, and how many.")
