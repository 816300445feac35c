"""What changed after a measure: the same months before and after, beside places where nothing was done. Pure.

A month after the measure is paired with the same month so many whole years earlier, before anything was done. Nothing
but pairs that may be compared counts (`bypuls.comparison`). The change is the Hodges-Lehmann shift of the pairs
(`bypuls.signed_rank`): of their logarithms where the indicator has a zero to count from, since traffic and weather
scale what a street has. The same of control sites, month by month, is taken off: a difference in differences. The
same question about a year in which nothing was done (placebo), and about each control site beside the others (placebos
in space: Abadie, Diamond and Hainmueller 2010, J. Am. Stat. Assoc. 105, 493), says how far such numbers move by
themselves; what moves no further is no finding.

It knows nothing of causes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import floor, log
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
from bypuls.signed_rank import LEAST_PAIRS, ROUNDING, Shift, dependence, estimate, shift

Verdict = Literal["increased", "decreased", "not_shown"]
Finding = Literal["as_expected", "opposite", "not_shown", "refused"]
Refusal = Literal[
    "not_locked",
    "not_begun",
    "no_end",
    "no_definition",
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
NoControl = Literal["whole_city", "none_found", "too_few", "no_ratio"]

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
        difference: in the indicator's unit; None beside another where the ratio decides: places of another size lose
            other amounts by the same share.
        ratio: of logarithms; None where the indicator has no zero to count from, or a month was zero.
    """

    months: tuple[int, ...]
    before: float | None
    after: float | None
    difference: Shift | None
    ratio: Shift | None

    @property
    def decisive(self) -> Shift:
        """The shift that the verdict rests on; a change has one of the two at least."""
        return next(one for one in (self.ratio, self.difference) if one is not None)

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
        no_control: why there is no `beside`.
        placebo: as `beside` (else `change`), of the time before against the time before that; None where not known.
        restless: control sites that lie as far from the other control sites as the places do from all of them.
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
    restless: tuple[Place, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    simulated: bool = False
    estimate: bool = False

    @property
    def decisive(self) -> Change | None:
        """The change that the finding rests on."""
        return self.change if self.beside is None else self.beside

    @property
    def moved_before(self) -> bool:
        """Whether the time before, when nothing was done, moved as far."""
        one, other = self.placebo, self.decisive
        if one is None or other is None or (one.ratio is None) != (other.ratio is None):
            return False
        return abs(one.decisive.value) >= abs(other.decisive.value)

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
    years = max(found, key=lambda one: (*found[one].size, -one))
    series = found[years]
    kept, months = together(series.pairs)
    if len(months) < LEAST_PAIRS:
        return _refused(measure, done, series, now)
    change = _change(kept, months)
    beside_of = {place: by_month(found, now) for place, found in controls.items()}
    control, beside, used, missing = _beside(kept, months, paired(beside_of, measure, years, newest).pairs)
    told = Effect(
        "not_shown",
        years=years,
        places=tuple(kept),
        dropped=tuple(place for place in values if place not in kept),
        change=change,
        controls=tuple(used),
        no_control=missing if controls else "none_found",
        control=control,
        beside=beside,
        placebo=_placebo(
            measure, years, {place: done[place] for place in kept}, {one: beside_of[one] for one in used if beside}
        ),
        restless=() if beside is None else _restless(beside, used),
        left_out=series.left_out,
        simulated=any(pair.after.simulated for found in kept.values() for pair in found.values()),
        estimate=any(pair.after.estimate for found in kept.values() for pair in found.values()),
    )
    return replace(told, finding=_finding(told, measure.direction))


def _finding(told: Effect, direction: Direction) -> Finding:
    """What was not done anywhere, and moved as far, leaves nothing to be found."""
    change, control = told.decisive, told.control
    if change is None or change.verdict == "not_shown" or told.moved_before:
        return "not_shown"
    # What cannot be taken off may still be all there is to it.
    if told.beside is None and control is not None and control.verdict == change.verdict:
        return "not_shown"
    # One of the places among n + 1 that are alike: of many control sites one in twenty may lie further out.
    if len(told.restless) > max(floor((1 - CONFIDENCE) * (len(told.controls) + 1)) - 1, 0):
        return "not_shown"
    return "as_expected" if (change.verdict == "increased") == (direction == "increase") else "opposite"


def _change(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> Change:
    before = [fmean(_value(found[month].before) for found in kept.values()) for month in months]
    after = [fmean(_value(found[month].after) for found in kept.values()) for month in months]
    difference = _shift(months, _differences(kept, months), _rounding(kept, months))
    rated = all(_has_ratio(found[month]) for found in kept.values() for month in months)
    ratio = _shift(months, _logs(kept, months), ROUNDING) if rated else None
    return Change(tuple(months), median(before), median(after), difference, ratio)


def _shift(months: Sequence[int], values: Sequence[float], rounding: float) -> Shift:
    exact = [0.0 if abs(one) <= rounding else one for one in values]
    return shift(exact, CONFIDENCE, dependence(list(zip(months, exact, strict=True))), rounding)


def _differences(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> list[float]:
    """After less before by month, mean over the places."""
    return [fmean(_value(found[month].after) - _value(found[month].before) for found in kept.values())
            for month in months]  # fmt: skip


def _logs(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> list[float]:
    """Logarithm of after over before by month, mean over the places."""
    return [fmean(log(_value(found[month].after) / _value(found[month].before)) for found in kept.values())
            for month in months]  # fmt: skip


def _rounding(kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int]) -> float:
    """What differences of such values leave by rounding."""
    pairs = [found[month] for found in kept.values() for month in months]
    return ROUNDING * max(abs(_value(value)) for pair in pairs for value in (pair.before, pair.after))


def _has_zero(pair: Pair) -> bool:
    return pair.after.unit not in NO_RATIO


def _has_ratio(pair: Pair) -> bool:
    return _has_zero(pair) and _value(pair.before) > 0 and _value(pair.after) > 0


def _beside(
    kept: Mapping[Place, Mapping[int, Pair]], months: Sequence[int], controls: Mapping[Place, Mapping[int, Pair]]
) -> tuple[Change | None, Change | None, Mapping[Place, Mapping[int, Pair]], NoControl | None]:
    """The controls' own change, and that of the places less theirs, over the months that both have; which controls.

    Places of different size have no differences in common, only ratios: months without one are left out.
    """
    used, common = together(controls, frozenset(months))
    if not used:
        return None, None, {}, "too_few"
    if not any(_has_zero(pair) for found in kept.values() for pair in found.values()):
        own, other = _differences(kept, common), _differences(used, common)
        less = [one - two for one, two in zip(own, other, strict=True)]
        beside = _shift(common, less, max(_rounding(kept, common), _rounding(used, common)))
        return _change(used, common), Change(common, None, None, beside, None), used, None
    rated = frozenset(month for month in months if all(_has_ratio(found[month]) for found in kept.values()))
    having = {
        place: {month: pair for month, pair in found.items() if _has_ratio(pair)} for place, found in controls.items()
    }
    alike, shared = together(having, rated)
    if not alike:
        return _change(used, common), None, used, "no_ratio"
    less = [one - two for one, two in zip(_logs(kept, shared), _logs(alike, shared), strict=True)]
    beside = _shift(shared, less, ROUNDING)
    return _change(alike, shared), Change(shared, None, None, None, beside), alike, None


def _restless(beside: Change, controls: Mapping[Place, Mapping[int, Pair]]) -> tuple[Place, ...]:
    """The control sites that lie as far from the mean of the others as the places from the mean of all."""
    others = len(controls) - 1
    if others < 1:
        return ()
    of = _differences if beside.ratio is None else _logs
    own = {place: of({place: found}, beside.months) for place, found in controls.items()}
    sums = [sum(month) for month in zip(*own.values(), strict=True)]
    apart = {
        place: estimate([value - (total - value) / others for value, total in zip(values, sums, strict=True)])
        for place, values in own.items()
    }
    return tuple(place for place, one in apart.items() if abs(one) >= abs(beside.decisive.value))


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
