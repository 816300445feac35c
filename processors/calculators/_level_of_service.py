"""Levels of service as the values of hours, which roads of both kinds share: 1 is A (free), 6 is F."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bypuls.standards import Rules
from processors.calculation import Detail, Floats

LEVELS = "ABCDEF"
MILE = 1.609344
"""Kilometres."""


def numbers(levels: Sequence[str | None]) -> Floats:
    """The levels as numbers, NaN where there is none."""
    return np.array([np.nan if level is None else 1.0 + LEVELS.index(level) for level in levels])


def said_of(standard: Rules, **more: object) -> Detail:
    """What the evidence says of the edition."""
    status = {} if standard.status == "verified" else {"standard_status": standard.status}
    return {"standard": standard.id, **status, **more}


def share(value: object) -> float | None:
    """A site's attribute as a share of 0 to 1; None where it is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if known else None  # type: ignore[arg-type]
