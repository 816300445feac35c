"""Maker profiles: one YAML says how one maker's messages are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Profiles(Mapping[str, Any]):
    """What is shipped in `bypuls/catalogue/profiles`, and a user's own."""

    def __init__(self, by_id: Mapping[str, Any]) -> None:
        self._by_id = by_id

    @classmethod
    def load(cls) -> Profiles:
        """Read the profiles."""
        return cls({})

    def __getitem__(self, key: str) -> Any:
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)
