"""Bands in which the Environmental Noise Directive has levels reported: 5 dB wide, the last one open."""

from __future__ import annotations

BELOW = "below"
BANDS = 5
"""With the open one: of Lden up to 75 and more, of Lnight up to 70 and more (EEA)."""


def end_band(level: float, begin: float, width: float, count: int = BANDS) -> str:
    """The band of a level (dB): `below` the first, else as "55-59", the last as "75-".

    A level belongs to the band whose lower edge it has reached; it is not rounded before.

    >>> end_band(59.9, 55, 5), end_band(60.0, 55, 5), end_band(81.2, 55, 5), end_band(54.9, 55, 5)
    ('55-59', '60-64', '75-', 'below')
    """
    if level < begin:
        return BELOW
    low = begin + width * min(int((level - begin) // width), count - 1)
    return f"{low:g}-" if low >= begin + width * (count - 1) else f"{low:g}-{low + width - 1:g}"
