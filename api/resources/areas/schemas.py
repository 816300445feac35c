"""What an area looks like in an answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.listing import InCity

AreaKind = Literal["district", "street", "zone"]


class AreasWanted(InCity):
    """Parameters of the list."""

    kind: AreaKind | None = None
    parent: str | None = Field(None, description="Slug of the area they lie in.")


class Area(BaseModel):
    """A district, street or zone."""

    city: str = Field(examples=["trondheim"])
    area: str = Field(description="Slug, unique in its city.", examples=["midtbyen"])
    name: str = Field(examples=["Midtbyen"])
    kind: AreaKind
    parent: str | None
    population: int | None = Field(description="Inhabitants.", examples=[46123])
    boundary: dict[str, Any] | None = Field(description="GeoJSON geometry.")
