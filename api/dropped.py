"""That raw data of a time was dropped, as its city keeps it: an answer with nothing in it then says why."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from bypuls.clock import isoformat
from bypuls.storage.database import Connection
from bypuls.storage.retention import kept_from

HEADER = "Bypuls-Raw-Dropped-Before"
"""Says it beside CSV, which has no place for it."""


class RawDropped(BaseModel):
    """Raw data of the beginning of the time was dropped; its hours stand (docs/how-to/keep-and-drop.md)."""

    before: datetime = Field(description="Raw data is there from then on.", examples=["2025-01-01T00:00:00Z"])
    note: dict[str, str] = Field(
        description="For people, en and nb.",
        examples=[{"en": "Raw data before 2025-01-01 01:00 was dropped; hours of it are kept: GET /v1/rollups."}],
    )


def raw_dropped(connection: Connection, city: str, since: datetime | None, zone: ZoneInfo) -> dict[str, Any] | None:
    """What to say of a time that begins at `since` (None: with the first value); None: nothing of it was dropped."""
    before = kept_from(connection, city)
    if before is None or (since is not None and since >= before):
        return None
    local = f"{before.astimezone(zone):%Y-%m-%d %H:%M}"
    note = {
        "en": f"Raw data before {local} was dropped; hours of it are kept: GET /v1/rollups.",
        "nb": f"Rådata før {local} er slettet; timene er bevart: GET /v1/rollups.",
    }
    return {"before": isoformat(before), "note": note}
