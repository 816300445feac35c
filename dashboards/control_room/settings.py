"""Settings of the control room."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ControlRoomSettings(BaseSettings):
    """Where map tiles come from: nowhere unless told, so that nothing outside learns who looks."""

    model_config = SettingsConfigDict(env_prefix="BYPULS_CONTROL_ROOM_", extra="ignore")

    tile_url: str | None = None
    """https://host/{z}/{x}/{y}.png"""
    tile_attribution: str = ""
    """What their licence wants said."""

    @field_validator("tile_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "https://host")
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or any(sign in parts.netloc for sign in " ;,'\"")
        ):
            message = "it is an address like https://host/{z}/{x}/{y}.png"
            raise ValueError(message)
        return url or None

    @property
    def tile_hosts(self) -> tuple[str, ...]:
        """For the page's security policy; `{s}` stands for any subdomain."""
        if self.tile_url is None:
            return ()
        parts = urlsplit(self.tile_url)
        return (f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}",)

    @property
    def public(self) -> dict[str, Any]:
        """What the page gets."""
        tiles = {"url": self.tile_url, "attribution": self.tile_attribution} if self.tile_url else None
        return {"tiles": tiles, "default_city": None}
