"""Interruptions of supply by IEEE 1366: how often, how long, and which days are left out as major events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SUSTAINED = 5.0
"""Minutes: an interruption is sustained when it lasts longer; five minutes sharp are momentary."""

MAJOR_BETA = 2.5
_LEAST_DAYS = 2


class Interruption(NamedTuple):
    """One interruption."""

    customers: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Indices:
    """SAIDI (minutes per customer served), SAIFI (interruptions per customer served), CAIDI (minutes per interruption).

    None: nobody was served, or (CAIDI) nobody interrupted.
    """

    saidi: float | None
    saifi: float | None
    caidi: float | None


def indices(events: Iterable[Interruption], served: float, sustained_over: float = SUSTAINED) -> Indices:
    """The indices of a period, of the interruptions that last longer than `sustained_over` minutes.

    Args:
        events: those of the period.
        served: customers served, mean of the period.
        sustained_over: minutes; 0 counts momentary ones, too.

    >>> indices([Interruption(100, 5), Interruption(200, 10), Interruption(300, 11)], 10_000).caidi
    10.6
    """
    counted = [event for event in events if event.minutes > sustained_over]
    interrupted = sum(event.customers for event in counted)
    return indices_of_totals(sum(event.customers * event.minutes for event in counted), interrupted, served)


def indices_of_totals(customer_minutes: float, interruptions: float, served: float) -> Indices:
    """The indices of sums over a period: customers times minutes, customers interrupted, customers served."""
    if not served > 0:
        return Indices(None, None, None)
    caidi = customer_minutes / interruptions if interruptions > 0 else None
    return Indices(customer_minutes / served, interruptions / served, caidi)


def major_event_threshold(daily_saidi: Sequence[float]) -> float | None:
    """T_MED = exp(alpha + 2.5 beta): a day whose SAIDI is above it is a major event day.

    Args:
        daily_saidi: of five years; days without an interruption do not count. A short history makes a poor threshold.

    Returns:
        Minutes; None with fewer than two days that count (alpha and beta are mean and standard deviation of ln SAIDI).

    Source: IEEE 1366, 2.5 beta method, as utilities describe it (single source).
    """
    logs = np.log([day for day in daily_saidi if day > 0])
    if len(logs) < _LEAST_DAYS:
        return None
    return float(np.exp(logs.mean() + MAJOR_BETA * logs.std(ddof=1)))
