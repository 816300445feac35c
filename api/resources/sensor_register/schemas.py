"""What an entry of the register looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.listing import InCity


class RegisterWanted(InCity):
    """Parameters of the list."""

    site: str | None = None
    domain: str | None = Field(None, description="air, traffic, energy, noise …")
    personal_data: bool | None = Field(None, description="Only what tells of persons, or only what does not.")
    language: Literal["nb", "en"] = Field("en", description="Of names that have several; purposes come in all.")


class Entry(BaseModel):
    """One device; or the meters of a group of households, which are not told apart."""

    city: str = Field(examples=["trondheim"])
    entry: str = Field(description="External id of the device, slug of the group.", examples=["nilu-torget"])
    entry_kind: Literal["device", "household_group"]
    devices: int = Field(examples=[1])
    site: str | None
    place: str | None = Field(description="Name of the place or group.", examples=["Torget"])
    kind: str = Field(examples=["background"])
    area: str | None
    latitude: float | None
    longitude: float | None
    properties: list[str] = Field(description="What it measures.", examples=[["no2", "pm10"]])
    domains: list[str] = Field(examples=[["air"]])
    class_: str | None = Field(alias="class", examples=["reference"])
    origin: str | None = Field(examples=["measured"])
    status: str = Field(examples=["active"])
    purpose: dict[str, dict[str, str]] | dict[str, str] | None = Field(
        description="Why it hangs there, by language; by domain first where the file says nothing of the device."
    )
    owner: str | None
    contact: str | None
    legal_basis: str | None
    privacy_statement: str | None = Field(description="Address of the text.")
    personal_data: bool
    personal_data_why: str | None
    profile: str | None = Field(description="Maker or format, where it is known.")
    first_time: datetime | None
    last_time: datetime | None
