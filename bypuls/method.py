"""Whether two versions of a KPI's definition compute the same number. Pure; knows no database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

SAID_ONLY = frozenset(
    {
        "bands",
        "direction",
        "domain",
        "id",
        "lateness",
        "periods",
        "question",
        "sdg",
        "source",
        "themes",
        "title",
        "trigger",
        "u4ssc",
    }
)
"""What a definition says about its numbers without changing them. Whatever else it says belongs to the method, members
that a later version adds too."""


def method_of(definition: Mapping[str, Any]) -> str:
    """The fingerprint of how a definition computes: equal for versions that differ in their texts alone.

    >>> method_of({"unit": "d", "title": {"en": "Days"}}) == method_of({"unit": "d", "title": {"en": "Days above"}})
    True
    >>> method_of({"unit": "d"}) == method_of({"unit": "h"})
    False
    """
    computing = {name: value for name, value in definition.items() if name not in SAID_ONLY and value is not None}
    return "sha256:" + hashlib.sha256(msgspec.json.encode(computing, order="sorted")).hexdigest()
