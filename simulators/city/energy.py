"""Energy of buildings and households: signatures of temperature, and the hours people keep. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.city.holidays import Civil, DayKind
from simulators.city.randomness import Floats, Integers, uniform

_SLOTS_A_DAY = 96


@dataclass(frozen=True, slots=True)
class Use:
    """What a kind of building needs.

    Attributes:
        base, busy: electricity (W/m²) when empty and when in use.
        loss: heat (W/m² per K below `balance`, °C). water: hot water in use (W/m²).
        opens, closes: hours of workdays. weekend: how much in use on Saturdays and Sundays, 0 to 1.
        leave: how much in use in the general holidays.
    """

    base: float
    busy: float
    loss: float
    opens: float
    closes: float
    weekend: float = 0.0
    leave: float = 0.5
    balance: float = 16.0
    water: float = 0.8


USES = {
    "office": Use(base=4.0, busy=17.0, loss=0.95, opens=7.0, closes=17.0),
    "school": Use(base=2.5, busy=13.0, loss=1.00, opens=7.5, closes=16.0, leave=0.05),
    "culture": Use(base=3.5, busy=15.0, loss=1.05, opens=10.0, closes=21.0, weekend=0.7),
    "nursing": Use(base=9.0, busy=17.0, loss=1.15, opens=6.5, closes=22.0, weekend=1.0, leave=1.0, water=3.0),
    "sports": Use(base=4.0, busy=18.0, loss=1.00, opens=8.0, closes=22.0, weekend=0.8, leave=0.4, water=2.5),
    "pool": Use(26.0, 48.0, loss=2.60, opens=7.0, closes=21.0, weekend=0.9, leave=0.8, balance=22.0, water=22.0),
    "fire": Use(base=7.0, busy=15.0, loss=1.20, opens=7.0, closes=19.0, weekend=0.7, leave=1.0),
}  # fmt: skip


def heating(felt: Floats, loss: float, balance: float) -> Floats:
    """Heat (W/m²) at an outdoor temperature: the energy signature, a straight line below the balance point."""
    return loss * np.maximum(0.0, balance - felt)


def in_use(use: Use, when: Civil) -> Floats:
    """How much a building is in use, 0 to 1, with half an hour of coming and going."""
    open_now = np.clip((when.hour - use.opens) / 0.5, 0.0, 1.0) * np.clip((use.closes - when.hour) / 0.5, 0.0, 1.0)
    level = np.where(when.kind == DayKind.WORKDAY, 1.0, use.weekend)
    return open_now * np.where((when.leave > 0) & (when.kind == DayKind.WORKDAY), use.leave, level)


def building_heat(use: Use, felt: Floats, when: Civil, area: float) -> Floats:
    """Heat that a building takes (W): signature, a quarter less when empty, and hot water when in use."""
    busy = in_use(use, when)
    return area * (heating(felt, use.loss, use.balance) * (0.75 + 0.25 * busy) + use.water * (0.15 + 0.85 * busy))


def hot_water_a_day(use: Use, area: float) -> float:
    """Heat that does not follow the weather (kWh a day), over a usual week."""
    hours = max(0.0, use.closes - use.opens - 0.5)
    busy = (5.0 + 2.0 * use.weekend) * hours / 168.0
    return area * use.water * (0.15 + 0.85 * busy) * 24.0 / 1000.0


def building_electricity(use: Use, when: Civil, area: float) -> Floats:
    """Electricity of a building without its heating (W)."""
    return area * (use.base + (use.busy - use.base) * in_use(use, when))


def household_power(felt: Floats, when: Civil, slot: Integers, key: int, size: float, *, car: bool) -> Floats:
    """A house's electricity (W): electric heating, the day's habits, single appliances by quarter hour, a car at night.

    `slot` numbers the quarter hours, `size` is the house against the usual one.
    """
    hours = [0, 5, 6.5, 8, 10, 15, 17, 20, 23, 24]
    workday = np.interp(when.hour, hours, [300, 220, 650, 550, 320, 420, 950, 1000, 500, 300])
    free = np.interp(when.hour, hours, [350, 220, 280, 650, 850, 750, 1050, 1000, 600, 350])
    habits = np.where(when.kind == DayKind.WORKDAY, workday, free)
    heat = 95.0 * np.maximum(0.0, 15.5 - felt)
    awake = np.clip(habits / 1000.0, 0.05, 1.0)
    appliance = np.where(uniform(key, slot) < 0.22 * awake, 600.0 + 1900.0 * uniform(key ^ 1, slot), 0.0)
    night = (slot + _SLOTS_A_DAY // 2) // _SLOTS_A_DAY
    charging = (uniform(key ^ 2, night) < 0.55) & ((when.hour >= 22.5) | (when.hour < 3.0))  # noqa: PLR2004 - hours
    return size * (habits + heat + appliance) + (np.where(charging, 3600.0, 0.0) if car else 0.0)
