"""What a site looks like in an answer, and what may be changed of it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from api.listing import InCity
from bypuls.observation import InstrumentClass

_MOST_ATTRIBUTE_BYTES = 65_536


class SitesWanted(InCity):
    """Parameters of the list."""

    kind: str | None = Field(None, examples=["traffic"])
    area: str | None = Field(None, description="Area they lie in, itself or one within it.")
    class_: InstrumentClass | None = Field(None, alias="class")


class Site(BaseModel):
    """A place where something is measured."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    site: str = Field(description="Slug, unique in its city.", examples=["elgeseter"])
    name: str = Field(examples=["Elgeseter"])
    kind: str = Field(examples=["traffic"])
    area: str | None = Field(examples=["midtbyen"])
    latitude: float | None = Field(description="Degrees, WGS 84.", examples=[63.4196])
    longitude: float | None = Field(description="Degrees, WGS 84.", examples=[10.3951])
    class_: InstrumentClass = Field(alias="class", description="Of its instruments, unless a device says otherwise.")
    attributes: dict[str, Any] = Field(
        description="Floor area, lanes, free-flow speed, height …", examples=[{"lanes": 4}]
    )


def _storable(attributes: dict[str, JsonValue] | None) -> dict[str, JsonValue] | None:
    try:
        size = len(msgspec.json.encode(attributes))
    except (OverflowError, ValueError, RecursionError):
        raise ValueError(
            "attributes must be JSON of whole characters and finite numbers, not too deeply nested"
        ) from None
    if size > _MOST_ATTRIBUTE_BYTES:
        message = f"attributes may take {_MOST_ATTRIBUTE_BYTES} bytes as JSON, these take {size}"
        raise ValueError(message)
    return attributes


class SiteChange(BaseModel):
    """What is to change; what is left out stays (JSON merge patch)."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"examples": [{"class": "reference", "attributes": {"lanes": 4, "height": None}}]},
    )

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    kind: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    class_: InstrumentClass | None = Field(
        None,
        alias="class",
        description="Its datastreams follow, unless their device says otherwise, and their KPIs are computed again.",
    )
    attributes: Annotated[dict[str, JsonValue] | None, AfterValidator(_storable)] = Field(
        None, description="Merged into those there are; null takes one away."
    )
