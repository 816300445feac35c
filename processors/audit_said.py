"""What a KPI value says, and in what two of them differ. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from bypuls.clock import isoformat

_TOLERANCE = 1e-9
_MOST, _LONGEST = 3, 120


class Said(NamedTuple):
    """What a value says: `detail` and `evidence` as JSON text.

    `lost`: it was revised, and no history says from what.
    """

    value: float | None
    band: str | None
    quality: str
    reason: str | None = None
    coverage: float | None = None
    unit: str = ""
    ends: datetime | None = None
    final_at: datetime | None = None
    provisional: bool = False
    detail: str | None = None
    evidence: str = "{}"
    version: str = ""
    lost: bool = False


_PLAIN = ("value", "band", "quality")
_MORE = ("reason", "coverage", "unit", "ends", "final_at")


def differing(stored: Said, recomputed: Said) -> dict[str, tuple[Any, Any]]:
    """What both say of each thing in which they differ, by name; parts of the evidence are `evidence.hours` and so on.

    Of another version of its definition only value, band and quality are compared.
    """
    names = _PLAIN if stored.version != recomputed.version else (*_PLAIN, *_MORE)
    found = {
        name: (getattr(stored, name), getattr(recomputed, name))
        for name in names
        if not _alike(getattr(stored, name), getattr(recomputed, name))
    }
    if names == _PLAIN:
        return found
    for name in ("detail", "evidence"):
        one, other = getattr(stored, name), getattr(recomputed, name)
        if one != other:
            found |= _parts(name, json.loads(one or "{}"), json.loads(other or "{}"))
    return found


def _parts(name: str, one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        f"{name}.{key}": (one.get(key), other.get(key))
        for key in sorted(one.keys() | other.keys())
        if not _alike(one.get(key), other.get(key))
    }


def _alike(one: Any, other: Any) -> bool:
    """Equal but for the last bits of numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= _TOLERANCE * (1 + abs(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


def told(stored: Said | None, recomputed: Said | None) -> tuple[str, str]:
    """Both in words: the number, and where that is the same what else differs."""
    one, other = _number(stored), _number(recomputed)
    if stored is None or recomputed is None or one != other:
        return one, other
    found = list(differing(stored, recomputed).items())
    if stored.provisional != recomputed.provisional:
        found.append(("provisional", (stored.provisional, recomputed.provisional)))
    if not found:
        return one, other
    first = found[:_MOST]
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return (
        f"{one} by {', '.join(f'{name} {_short(said)}' for name, (said, _) in first)}{more}",
        f"{other} by {', '.join(f'{name} {_short(said)}' for name, (_, said) in first)}{more}",
    )


def _number(said: Said | None) -> str:
    if said is None:
        return "nothing"
    value = "no value" if said.value is None else f"{said.value:.12g}"
    return f"{value}{f' [{said.band}]' if said.band else ''} ({said.quality})"


def _short(said: Any) -> str:
    text = isoformat(said) if isinstance(said, datetime) else json.dumps(said, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def expects_else(stored: Said, recomputed: Said) -> bool:
    """Whether another number of sites was expected when it was said: a sensor came, went or got an earlier history."""
    one, other = (json.loads(said.evidence).get("sites_expected") for said in (stored, recomputed))
    return one is not None and other is not None and one != other
