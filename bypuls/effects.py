"""What changed after a measure: the same months before and after, beside places where nothing was done. Pure.

A month after the measure is paired with the same month so many whole years earlier, before anything was done. Nothing
but pairs that may be compared counts (`bypuls.comparison`). The change is the Hodges-Lehmann shift of the pairs
(`bypuls.signed_rank`): of their logarithms where the indicator has a zero to count from, since traffic and weather
scale what a street has. The same of control sites, month by month, is taken off: a difference in differences. The
same question about a year in which nothing was done (placebo) says how far such numbers move by themselves.

It knows nothing of causes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from statistics import fmean, median
from typing import Literal, get_args

from bypuls.comparison import Code
from bypuls.effect_pairs import (
    Direction,
    Judged,
    LeftOut,
    Months,
    Pair,
    Place,
    Series,
    by_month,
    is_after,
    month_of,
    newest_after,
    paired,
    together,
)
from bypuls.kpi_value import KpiValue
from bypuls.signed_rank import LEAST_PAIRS, Shift, dependence, shift

Verdict = Literal["increased", "decreased", "not_shown"]
Finding = Literal["as_expected", "opposite", "not_shown", "refused"]
Refusal = Literal[
    "not_locked",
    "not_begun",
    "no_end",
    "no_months",
    "overlapping",
    "goes_round",
    "after_not_over",
    "no_values_after",
    "no_values_before",
    "too_few",
    "differs",
]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)
NoControl = Literal["whole_city", "none_found", "too_few"]

LONGEST = 3
"""Years that are looked back: what lies further away differs by too much else."""

CONFIDENCE = 0.95

NO_RATIO = frozenset({"dB", "dB[A]", "Cel", "class"})
"""Units whose zero is no zero: twice as many of them is not twice as much."""


@dataclass(frozen=True, slots=True)
class Change:
    """How far pairs lie apart.

    Attributes:
        before, after: median of the months, each the mean over the places; None where it is a change beside another.
        difference: in the indicator's unit.
        ratio: of logarithms; None where the indicator has no zero to count from, or a month was zero.
    """

    months: tuple[int, ...]
    before: float | None
    after: float | None
    difference: Shift
    ratio: Shift | None

    @property
    def decisive(self) -> Shift:
        """The shift that the verdict rests on."""
        return self.difference if self.ratio is None else self.ratio

    @property
    def verdict(self) -> Verdict:
        """Whether the interval leaves out that nothing changed."""
        low, high = self.decisive.low, self.decisive.high
        if low is None or high is None or low <= 0 <= high:
            return "not_shown"
        return "increased" if low > 0 else "decreased"


@dataclass(frozen=True, slots=True)
class Effect:
    """What may be said of one measure and one indicator.

    Attributes:
        finding: by the change beside the controls where there are any, else by the change itself.
        differs: what keeps before and after from being compared, where the refusal is for that.
        years: how many lie between a month and its like.
        places, dropped: that count; that had too few pairs.
        change: of the places; `control` of the control sites; `beside` of the places, less that of the controls.
        placebo: as `beside` (else `change`), of the time before against the time before that; None where not known.
        simulated, estimate: some of what counts is.
    """

    finding: Finding
    refusal: Refusal | None = None
    differs: tuple[Code, ...] = ()
    years: int | None = None
    places: tuple[Place, ...] = ()
    dropped: tuple[Place, ...] = ()
    change: Change | None = None
    controls: tuple[Place, ...] = ()
    no_control: NoControl | None = None
    control: Change | None = None
    beside: Change | None = None
    placebo: Change | None = None
    left_out: tuple[LeftOut, ...] = ()
    simulated: bool = False
    estimate: bool = False

    @property
    def decisive(self) -> Change | None:
        """The change that the finding rests on."""
        return self.change if self.beside is None else self.beside

    @property
    def span(self) -> tuple[int, int] | None:
        """The first month before, and the month after the last one after."""
        if self.change is None or self.years is None:
            return None
        return self.change.months[0] - 12 * self.years, self.change.months[-1] + 1


def waits(measure: Judged, now: datetime) -> Refusal | None:
    """Why nothing may be said of a measure yet, whatever the values are."""
    if measure.status == "planned" or measure.starts > now.date():
        return "not_begun"
    if measure.status == "stopped" and measure.ends is None:
        return "no_end"
    return "not_locked" if measure.locked_at is None else None


def effect(
    measure: Judged,
    values: Mapping[Place, Sequence[KpiValue]],
    controls: Mapping[Place, Sequence[KpiValue]],
    now: datetime,
) -> Effect:
    """What changed at the places of a measure.

    Args:
        measure: when it began, and which way the indicator should go.
        values: of its places: months of one indicator.
        controls: of places that nothing was done at.
        now: what counts as over.
    """
    refusal = waits(measure, now)
    if refusal is not None:
        return Effect("refused", refusal)
    done = {place: by_month(found, now) for place, found in values.items()}
    newest = newest_after(done.values(), measure)
    found = {years: paired(done, measure, years, newest) for years in range(1, LONGEST + 1)}
    years = max(found, key=lambda one: (found[one].count, -one))
    series = found[years]
    kept, months = together(series.pairs)
    if len(months) < LEAST_PAIRS:
        return _refused(measure, done, series, now)
    change = _change(kept, months)
    beside_of = {place: by_month(found, now) for place, found in controls.items()}
    control, beside, used, missing = _beside(kept, months, paired(beside_of, measure, years, newest).pairs)
    decisive = beside or change
    return Effect(
        _finding(decisive.verdict, measure.direction),
        years=years,
        places=tuple(kept),
        dropped=tuple(place for place in values if place not in kept),
        change=change,
        controls=used,
        no_control=missing if controls else "none_found",
        control=control,
        beside=beside,
        placebo=_placebo(measure, years, {place: done[place] for place in kept}, {one: beside_of[one] for one in used}),
        left_out=series.left_out,
        simulated=any(pair.after.simulated for found in kept.values() for pair in found.values()),
        estimate=any(pair.after.estimate for found in kept.values() for pair in found.values()),
    )


def _finding(verdict: Verdict, direction: Direction) -> Finding:
    if verdict == "not_shown":
        return "not_shown"
    return "as_expected" if (verdict == "increased") == (direction == "increase") else "opposite"


def _change(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> Change:
    before = [fmean(_value(found[month].before) for found in kept.values()) for month in months]
    after = [fmean(_value(found[month].after) for found in kept.values()) for month in months]
    ratios = _logs(kept, months)
    difference = [late - early for early, late in zip(before, after, strict=True)]
    return _shifted(months, difference, ratios, (median(before), median(after)))


def _shifted(
    months: Sequence[int],
    differences: Sequence[float],
    ratios: Sequence[float] | None,
    levels: tuple[float | None, float | None] = (None, None),
) -> Change:
    def of(values: Sequence[float]) -> Shift:
        return shift(values, CONFIDENCE, dependence(list(zip(months, values, strict=True))))

    return Change(tuple(months), *levels, of(differences), None if ratios is None else of(ratios))


def _logs(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> list[float] | None:
    """Logarithm of after over before by month, mean over the places; None where there is none."""
    chosen = [[found[month] for found in kept.values()] for month in months]
    counted = [value for pairs in chosen for pair in pairs for value in (pair.before, pair.after)]
    if any(one.unit in NO_RATIO or _value(one) <= 0 for one in counted):
        return None
    return [fmean(log(_value(pair.after) / _value(pair.before)) for pair in pairs) for pairs in chosen]


def _beside(
    kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int], controls: Mapping[Place, Mapping[int, Pair]]
) -> tuple[Change | None, Change | None, tuple[Place, ...], NoControl | None]:
    """The controls' own change, and that of the places less theirs, over the months that both have."""
    used, common = together(controls, frozenset(months))
    if not used:
        return None, None, (), "too_few"
    here, there = _change(kept, common), _change(used, common)
    differences = [
        fmean(_value(found[month].after) - _value(found[month].before) for found in kept.values())
        - fmean(_value(found[month].after) - _value(found[month].before) for found in used.values())
        for month in common
    ]
    ratios = None
    if here.ratio is not None and there.ratio is not None:
        own, other = _logs(kept, common) or (), _logs(used, common) or ()
        ratios = [one - two for one, two in zip(own, other, strict=True)]
    return there, _shifted(common, differences, ratios), tuple(used), None


def _placebo(
    measure: Judged, years: int, done: Mapping[Place, Months], controls: Mapping[Place, Months]
) -> Change | None:
    earlier = paired(done, measure, years, None, back=years)
    kept, months = together(earlier.pairs)
    if len(kept) < len(done):
        return None
    if not controls:
        return _change(kept, months)
    _, beside, used, _ = _beside(kept, months, paired(controls, measure, years, None, back=years).pairs)
    return beside if len(used) == len(controls) else None


def _refused(measure: Judged, done: Mapping[Place, Months], series: Series, now: datetime) -> Effect:
    """Too few pairs: of all reasons the one that, mended, would give the most."""
    common: Counter[Code] = Counter(code for one in series.left_out for code in one.codes)
    over = measure.after_ends if measure.after_ends is not None else month_of(now.date())
    possible = min(over, month_of(now.date())) - measure.after_begins
    refusal: Refusal = "too_few"
    if possible < LEAST_PAIRS:
        refusal = "after_not_over" if over >= month_of(now.date()) else "too_few"
    elif not any(is_after(measure, month) for months in done.values() for month in months):
        refusal = "no_values_after"
    elif not any(month < measure.before_ends for months in done.values() for month in months):
        refusal = "no_values_before"
    elif common:
        refusal = "differs"
    differs = tuple(code for code, _ in common.most_common())
    return Effect("refused", refusal, differs, left_out=series.left_out)


def _value(value: KpiValue) -> float:
    """Of a pair: one without a value is none."""
    return 0.0 if value.value is None else value.value
