"""Decides why there is no number, from what is known. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Reason = Literal[
    "silent", "rejected", "late", "flagged", "invalidated", "low_coverage", "not_computed", "not_defined", "withheld"
]

_TELLING: tuple[Reason, ...] = (
    "withheld", "not_defined", "not_computed", "invalidated", "flagged", "rejected", "low_coverage", "late", "silent",
)  # fmt: skip
"""Of several datastreams: the reason that says most of what can be done comes first."""
_BUT: tuple[tuple[Reason, str], ...] = (("invalidated", "but_invalidated"), ("flagged", "but_flagged"))


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked about: from, to (itself left out), how many of its hours must suffice, and what time it is."""

    since: datetime
    until: datetime
    now: datetime
    hours: float
    """Share of its hours that must suffice."""

    @property
    def needed(self) -> int:
        """Hours that must suffice, of those that are over or have begun."""
        over = max(0.0, (min(self.until, self.now) - self.since).total_seconds() / 3600)
        return max(1, math.ceil(self.hours * max(1.0, over) - 1e-9))


@dataclass(slots=True)
class Series:
    """What is known of one datastream in the span; `hours` as the query gives it."""

    hours: Mapping[str, Any]
    waiting: int = 0
    raw: tuple[int, int, datetime, datetime] | None = None
    """Values, those that came late, first and last arrival; None where nobody looked, or there are none."""
    refused: Sequence[Mapping[str, Any]] = ()
    invalid: Sequence[Mapping[str, Any]] = ()
    event: tuple[datetime, str] | None = None
    withheld: bool = False
    """It is a home's, or may be one's: what came is not this reader's to see."""
    reason: Reason | None = field(default=None)


def reason_of(series: Series, span: Span) -> Reason | None:
    """Why one datastream gives no number for the span; None: it does."""
    if series.withheld:
        return "withheld"
    known = series.hours
    if known["sufficient"] >= span.needed:
        return None
    counted = known["valid"] + known["suspect"] + known["fail"] + known["invalidated"]
    if span.since > span.now or series.waiting or (series.raw is not None and series.raw[0] > counted):
        return "not_computed"
    return _left_out(known, span) if counted else _missing(series, span)


def _left_out(known: Mapping[str, Any], span: Span) -> Reason:
    """Values came, and too few of them count: what would have to be otherwise?"""
    for reason, name in _BUT:
        if known[name] and known["sufficient"] + known[name] >= span.needed:
            return reason
    if known["valid"]:
        return "low_coverage"
    return "invalidated" if known["invalidated"] else "flagged"


def _missing(series: Series, span: Span) -> Reason:
    """Nothing came that could be stored."""
    if series.refused:
        return "rejected"
    last, silent_from = series.hours["last_time"], series.hours["silent_from"]
    # Its newest value is older than the span's end, and it is not yet time to call it silent.
    awaited = last is not None and last < span.until and silent_from is not None and span.now < silent_from
    return "late" if awaited else "silent"


def most_telling(reasons: Sequence[Reason | None]) -> Reason | None:
    """The one reason for several datastreams; None where any of them gives a number."""
    if not reasons or None in reasons:
        return None
    return min((reason for reason in reasons if reason), key=_TELLING.index)
