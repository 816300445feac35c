"""What an observed property looks like in an answer."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.listing import Page


class PropertiesWanted(Page):
    """Parameters of the list."""

    domain: str | None = Field(None, examples=["air"])


class Property(BaseModel):
    """An observed property of the catalogue."""

    property: str = Field(description="The one word for it everywhere.", examples=["pm10"])
    name: dict[str, str] = Field(examples=[{"en": "PM10", "nb": "Svevestøv PM10"}])
    domain: str = Field(examples=["air"])
    unit: str = Field(description="Canonical unit (UCUM): every value is kept in it.", examples=["ug/m3"])
    aggregation: str = Field(description="How its values combine over time.", examples=["mean"])
    diagnostic: bool = Field(description="Whether it tells of the device, not of the city.")
    valid_range: list[float] | None = Field(description="In `unit`; a value outside fails.", examples=[[-5, 6000]])
