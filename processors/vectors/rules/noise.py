"""Sound levels."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from bypuls.formulas import noise
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, InputError, rule


@rule("levels")
def laeq(_standards: Standards, given: Given) -> Answer:
    """Of levels that last equally long."""
    levels = given.numbers("levels")
    return {"leq": noise.energy_mean(levels), "coverage": noise.coverage(levels)}


@rule("steps")
def laeq_timed(_standards: Standards, given: Given) -> Answer:
    """Of levels and how long each lasted."""
    steps = given.rows("steps")
    levels, minutes = [step.number("db") for step in steps], [step.number("min") or 0 for step in steps]
    return {"leq": noise.energy_mean(levels, minutes), "coverage": noise.coverage(levels, minutes)}


@rule("Lday", "Levening", "Lnight")
def lden(_standards: Standards, given: Given) -> Answer:
    """Day, evening and night together."""
    parts = [given.number(name) for name in ("Lday", "Levening", "Lnight")]
    found = float(noise.lden(np.array([np.nan if part is None else part for part in parts], dtype=np.float64)))
    return {"lden": None if np.isnan(found) else found}


@rule("levels", "n_pct")
def exceedance_level(_standards: Standards, given: Given) -> Answer:
    """L_N."""
    percent = given.number("n_pct")
    return {"L": None if percent is None else noise.exceedance_level(given.array("levels"), percent)}


@rule("date", "zone")
def period_hours(_standards: Standards, given: Given) -> Answer:
    """Hours of a date's day, evening and the night that ends on it."""
    try:
        hours = noise.period_hours(date.fromisoformat(given.text("date")), ZoneInfo(given.text("zone")))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise InputError(f"input date or zone: {error}") from None
    return {"day": hours["day"], "evening": hours["evening"], "night_ending_hours": hours["night"]}
