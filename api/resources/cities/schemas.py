"""What a city looks like in an answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.listing import Page


class CitiesWanted(Page):
    """Parameters of the list."""


class City(BaseModel):
    """A city."""

    city: str = Field(description="Slug: its name in every address.", examples=["trondheim"])
    name: dict[str, str] = Field(description="Language -> name.", examples=[{"nb": "Trondheim", "en": "Trondheim"}])
    country: str | None = Field(examples=["NO"])
    time_zone: str = Field(description="Of its civil calendar and of every `…_local`.", examples=["Europe/Oslo"])
    air_day_offset_seconds: int = Field(
        description="Offset of the air-quality calendar from UTC, all year.", examples=[3600]
    )
    languages: list[str] = Field(examples=[["nb", "en"]])
    national_limits: str | None = Field(description="Standard whose limits come first.")
    licence: str | None = Field(description="Under which its data are open.", examples=["NLOD"])
    county: str | None
    network: str | None
    simulated: bool = Field(description="Whether any of its data are simulated.", examples=[False])
    added_at: datetime
    changed_at: datetime
