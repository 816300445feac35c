"""What an entry of the audit log looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.listing import Page


class AuditWanted(Page):
    """Parameters of the list."""

    city: str | None = Field(None, max_length=63)
    who: str | None = Field(None, description="Name of a token, or of the account that ran a command.")
    what: str | None = Field(None, examples=["device.activate"])
    target: str | None = Field(None, examples=["elgeseter"])


class AuditEntry(BaseModel):
    """Who changed what."""

    id: int
    time: datetime
    time_local: datetime | None = Field(description="In the city; null for what belongs to none.")
    who: str = Field(examples=["operations"])
    city: str | None
    what: str = Field(examples=["device.activate"])
    target: str = Field(examples=["elgeseter"])
    before: dict[str, Any] | None = Field(examples=[{"status": "pending", "site": None}])
    after: dict[str, Any] | None = Field(examples=[{"status": "active", "site": "elgeseter"}])
