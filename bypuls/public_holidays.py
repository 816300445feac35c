"""The public holidays of a country."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=500)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Those of a year; none of a country that the library does not know.

    Args:
        country: ISO 3166-1, two letters.
        year: of the calendar.

    >>> date(2026, 5, 17) in public_holidays("NO", 2026)
    True
    """
    try:
        return frozenset(holidays.country_holidays(country, years=[year]))
    except NotImplementedError:
        return frozenset()
