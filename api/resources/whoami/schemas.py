"""What the API says of a token's holder."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Whoami(BaseModel):
    """Whose token it is and what it may do; never its text."""

    name: str = Field(description="As the audit log and collection rounds name them.", examples=["ola"])
    scopes: list[str] = Field(examples=[["report"]])
    city: str | None = Field(description="null: every city.", examples=["trondheim"])
