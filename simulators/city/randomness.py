"""Chance without a state: numbers that depend on a key and a place in time alone, so that every run gets the same.

Counter-based, as Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11) argue for; the mixing function is
SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). No cryptography.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


def key_of(seed: int, *words: str) -> int:
    """A 64-bit key for one purpose; other words give another, independent sequence."""
    text = "\0".join((str(seed), *words))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(key: int, index: Integers) -> Floats:
    """One number between 0 and 1 (both excluded) for each index."""
    mixed = (index.astype(np.uint64) + np.uint64(1)) * _GOLDEN ^ np.uint64(key)
    mixed = mixed * _GOLDEN + np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT


def normal(key: int, index: Integers) -> Floats:
    """Standard normal numbers, one for each index (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform(key, index)))
    angle: Floats = 2.0 * np.pi * uniform(key ^ 0x5DEECE66D, index)
    return radius * np.cos(angle)


def smooth(key: int, times: Integers, period: int) -> Floats:
    """A slow random curve of mean 0 and variance 1 at these times (s): it forgets itself in about `period` seconds.

    Normal numbers at the multiples of `period`, joined by smoothstep weights that keep the variance at 1.
    """
    knot = times // period
    part = (times - knot * period) / period
    weight = part * part * (3.0 - 2.0 * part)
    before, after = normal(key, knot), normal(key, knot + 1)
    return ((1.0 - weight) * before + weight * after) / np.sqrt((1.0 - weight) ** 2 + weight**2)
