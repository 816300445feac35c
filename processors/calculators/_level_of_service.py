"""Levels of service as the values of hours, which roads of both kinds share: 1 is A (free), 6 is F."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bypuls.standards import Rules
from processors.calculation import Detail, Floats, Inputs, Outcome
from processors.calculators._paces import NO_FLOW, covered_hours, paces

LEVELS = "ABCDEF"
MILE = 1.609344
"""Kilometres."""

Judge = Callable[[int, float, float | None], tuple[str | None, Detail, Detail]]
"""(site, vehicles, mi/h or None where it was not measured) -> level, detail and evidence of an hour."""


def levels(inputs: Inputs, lacks: Sequence[str | None], judge: Judge, *, speed_needed: bool) -> Outcome:
    """The level of every hour that was counted.

    Args:
        inputs: of the calculator.
        lacks: per site, the attribute that is missing, in words: then its level is undefined. Without a vehicle it is,
            too: an empty road may be a broken detector.
        judge: asked for hours with vehicles at sites that lack nothing.
        speed_needed: whether an hour with vehicles is covered only where their speed was measured.
    """
    cells, hours = inputs.cells, paces(inputs)
    needed = hours if speed_needed else hours.assign(pace=hours["pace"].fillna(0.0))
    covered, expected = covered_hours(inputs, needed)
    band: list[str | None] = [None] * len(cells)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    evidence: list[Detail | None] = [None] * len(cells)
    for at, volume, pace in zip(*(hours[name].tolist() for name in ("cell", "volume", "pace")), strict=True):
        site = int(cells.site[at])
        undefined[at] = lacks[site] or (None if volume else NO_FLOW)
        if undefined[at] is None:
            speed = None if np.isnan(pace) else 1 / (pace * MILE)
            band[at], detail[at], evidence[at] = judge(site, volume, speed)
    return Outcome(
        _numbers(band),
        band=band,
        detail=detail,
        covered=covered,
        expected=expected,
        undefined=undefined,
        evidence=evidence,
    )


def _numbers(levels: Sequence[str | None]) -> Floats:
    """NaN where there is none."""
    return np.array([np.nan if level is None else 1.0 + LEVELS.index(level) for level in levels])


def said_of(standard: Rules, **more: object) -> Detail:
    """What the evidence says of the edition."""
    status = {} if standard.status == "verified" else {"standard_status": standard.status}
    return {"standard": standard.id, **status, **more}


def share(value: object) -> float | None:
    """A site's attribute as a share of 0 to 1; None where it is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if known else None  # type: ignore[arg-type]
