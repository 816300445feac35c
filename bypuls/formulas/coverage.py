"""Whether there is enough of a period to speak of it (2008/50/EC, Annexes I, VII and XI)."""

from __future__ import annotations

from collections.abc import Collection


def is_covered(valid: float, of: float, share: float) -> bool:
    """Whether so many valid hours (days, values) of those expected are at least this share; never of none.

    >>> is_covered(18, 24, 0.75), is_covered(17, 24, 0.75), is_covered(0, 0, 0.75)
    (True, False, False)
    """
    return of > 0 and valid >= share * of - 1e-9


def reported_as_valid(code: object, valid: Collection[int]) -> bool | None:
    """Whether a value with this validity code (EU e-Reporting) counts; an unknown code does not. None: no code."""
    if code is None:
        return None
    return str(code).strip() in {str(one) for one in valid}


def day_is_valid(valid_hours: int, of: int = 24, share: float = 0.75) -> bool:
    """Whether a day mean may be formed: 18 of 24 hours (2008/50/EC, Annex XI)."""
    return is_covered(valid_hours, of, share)
