"""What a report looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.listing import InCity

ReportFormat = Literal["html", "pdf", "json"]


class ReportsWanted(InCity):
    """Parameters of the list."""

    year: int | None = Field(None, ge=1900, le=2200)
    report_format: ReportFormat | None = Field(None, description="Kind of file.")
    language: Literal["nb", "en"] | None = Field(None, description="Snapshots (json) are of every language.")
    hash: str | None = Field(None, max_length=71, description="Of the content: reports of the same inputs share it.")


class Report(BaseModel):
    """A report that was made."""

    report: int = Field(description="Its number; the file is at /v1/reports/{report}/file.")
    city: str = Field(examples=["trondheim"])
    kind: Literal["city"]
    year: int
    format: ReportFormat
    language: Literal["nb", "en", "mul"] = Field(description="mul: a snapshot, which holds every language.")
    demonstration: bool = Field(description="It holds simulated data and says so on every page.")
    hash: str = Field(description="sha256 of the content; the same inputs give the same.")
    versions: dict[str, Any] = Field(description="Of program, U4SSC catalogue, KPI definitions and standards.")
    bytes: int
    made_at: datetime
