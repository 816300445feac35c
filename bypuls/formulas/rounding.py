"""Rounding as the EU's guidance does it (half up), truncation as US EPA does it: of the decimal number as it prints."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

NOISE = 9
"""Decimals: what is below is the noise of adding floats."""


def exact(value: float) -> Decimal:
    """The decimal number that a float stands for: 9.1 is 9.1, and 45.49999999999999 (a sum of floats) is 45.5."""
    return Decimal(repr(round(value, NOISE)))


def round_half_up(value: float, decimals: int) -> Decimal:
    """Round as the EU's reporting guidance does: a half goes up (away from nought), judged on the number as it prints.

    The ninth decimal is the last one looked at: what is below it is the noise of adding floats.

    >>> round_half_up(50.5, 0), round_half_up(2.5, 0), round_half_up(50.49, 0)
    (Decimal('51'), Decimal('3'), Decimal('50'))
    """
    return exact(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def truncate(value: float, decimals: int) -> Decimal:
    """Cut off what comes after so many decimals (EPA-454/B-24-002): never rounded.

    >>> truncate(9.05, 1), truncate(9.1, 1), truncate(66.57, 0)
    (Decimal('9.0'), Decimal('9.1'), Decimal('66'))
    """
    return exact(value).quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
