"""The trend of a KPI: which of its values count, and when a trend is refused. Pure; knows no database and no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, get_args

from bypuls.kpi_value import KpiValue, Texts
from bypuls.periods import Period
from bypuls.trends import LEAST, Trend, seasonal_trend, trend

Verdict = Literal["rising", "falling", "none", "refused"]
LeftOut = Literal["no_value", "insufficient", "provisional"]
Refusal = Literal[
    "too_few",
    "period_too_short",
    "overlapping",
    "definition_changed",
    "class_changed",
    "origin_changed",
    "unit_changed",
]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)

SIGNIFICANT = 0.05
"""A trend is called rising or falling below this p; above it the answer is that none was shown."""

SHORT: frozenset[Period] = frozenset({"PT1H", "P1D"})
"""Periods whose values depend on their neighbours."""

_LAW = frozenset({"reference", "equivalent"})

SENTENCES: Mapping[Refusal, Texts] = MappingProxyType(
    {
        "too_few": {
            "en": f"fewer than {LEAST} values: of four not even an unbroken rise is significant",
            "nb": f"færre enn {LEAST} verdier: med fire er selv en ubrutt økning ikke signifikant",
        },
        "period_too_short": {
            "en": "values of hours and days depend on their neighbours: ask for months or years",
            "nb": "verdier for timer og døgn avhenger av naboene sine: spør etter måneder eller år",
        },
        "overlapping": {
            "en": "each value rests on months that its neighbours rest on too: ask for years",
            "nb": "hver verdi bygger på måneder som naboverdiene også bygger på: spør etter år",
        },
        "definition_changed": {
            "en": "the KPI is not computed the same way throughout: compute the older values anew, or begin later",
            "nb": "indikatoren er ikke beregnet likt hele veien: beregn de eldre verdiene på nytt, eller begynn senere",
        },
        "class_changed": {
            "en": "instruments of different classes measured over the years: begin after the change",
            "nb": "instrumenter av ulik klasse har målt gjennom årene: begynn etter byttet",
        },
        "origin_changed": {
            "en": "some values are simulated, modelled or reported and others are not",
            "nb": "noen verdier er simulerte, modellerte eller rapporterte, andre ikke",
        },
        "unit_changed": {
            "en": "the values have different units",
            "nb": "verdiene har ulike enheter",
        },
    }
)


@dataclass(frozen=True, slots=True)
class KpiTrend:
    """What a series of values says.

    Attributes:
        verdict: rising or falling where p < 0.05; none: not shown; refused: for `refusal`.
        better: whether it goes the right way; None where there is no trend, or no better and worse.
        used: the values that count, oldest first.
        left_out: the others, with why.
        changes: labels of the periods in which what is refused began to differ.
    """

    verdict: Verdict
    refusal: Refusal | None
    trend: Trend | None
    better: bool | None
    used: tuple[KpiValue, ...]
    left_out: tuple[tuple[KpiValue, LeftOut], ...]
    changes: tuple[str, ...] = ()

    @property
    def sentence(self) -> Texts | None:
        """Why it is refused."""
        return None if self.refusal is None else SENTENCES[self.refusal]


def trend_of(values: Sequence[KpiValue], direction: str, now: datetime, *, overlapping: bool = False) -> KpiTrend:
    """The trend of one KPI, scope and period; of months with January beside January (seasonal Mann-Kendall).

    Args:
        values: in any order.
        direction: lower_is_better, higher_is_better or neutral.
        now: what is over by then.
        overlapping: neighbouring values rest on the same hours (rolling years by the month).
    """
    ordered = sorted(values, key=lambda one: one.start)
    reasons = [(one, _left_out(one, now)) for one in ordered]
    used = tuple(one for one, reason in reasons if reason is None)
    left_out = tuple((one, reason) for one, reason in reasons if reason is not None)
    refusal, changes = _refused(used, overlapping=overlapping)
    found = None if refusal else _computed(used)
    if found is None:
        return KpiTrend("refused", refusal or "too_few", None, None, used, left_out, changes)
    verdict: Verdict = "none"
    if found.test.p < SIGNIFICANT:
        verdict = "rising" if found.test.s > 0 else "falling"
    better = None
    if verdict != "none" and direction in ("lower_is_better", "higher_is_better"):
        better = (verdict == "falling") == (direction == "lower_is_better")
    return KpiTrend(verdict, None, found, better, used, left_out)


def _left_out(value: KpiValue, now: datetime) -> LeftOut | None:
    if value.quality != "ok":
        return "insufficient"
    if value.value is None:
        return "no_value"
    return "provisional" if value.status == "provisional" or value.ends > now else None


def _refused(used: Sequence[KpiValue], *, overlapping: bool) -> tuple[Refusal | None, tuple[str, ...]]:
    if any(one.period in SHORT for one in used):
        return "period_too_short", ()
    if overlapping:
        return "overlapping", ()
    marks: tuple[tuple[Refusal, list[object]], ...] = (
        ("unit_changed", [one.unit for one in used]),
        ("definition_changed", [one.method or one.version for one in used]),
        ("class_changed", [frozenset("law" if kind in _LAW else kind for kind in one.classes) for one in used]),
        ("origin_changed", [one.origins for one in used]),
    )
    for refusal, marked in marks:
        changes = tuple(used[at].label for at in range(1, len(used)) if marked[at] != marked[at - 1])
        if changes:
            return refusal, changes
    return None, ()


def _computed(used: Sequence[KpiValue]) -> Trend | None:
    if not used or used[0].period != "P1M":
        return trend([(float(one.year), one.value) for one in used if one.value is not None])
    seasons: dict[int, list[tuple[float, float]]] = {}
    for one in used:
        if one.value is not None:
            seasons.setdefault(one.month, []).append((float(one.year), one.value))
    return seasonal_trend(seasons.values())
