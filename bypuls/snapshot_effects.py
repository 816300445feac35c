"""What a city snapshot says of measures: what changed after them, as data."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Texts = dict[str, str]
"""Language -> text, `nb` and `en` at least."""


class Shifted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far months and their like lie apart: Hodges-Lehmann estimates with 95 % intervals.

    Attributes:
        n: pairs of months; `first_month` and `last_month` of those after (2026-01).
        before, after: median of the months, in the unit; None beside control sites.
        percent: of what was; None where there is no ratio.
        difference: in the unit; None beside control sites where there is a ratio.
        p: of the signed rank test; None where neighbouring months depend on each other, by `dependence`.
    """

    verdict: Literal["increased", "decreased", "not_shown"]
    n: int
    first_month: str
    last_month: str
    before: float | None = None
    after: float | None = None
    percent: float | None = None
    percent_low: float | None = None
    percent_high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    p: float | None = None
    dependence: float = 0.0


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the plan expected, one of the two; `within`: whether the interval holds it, None where it cannot be told."""

    percent: float | None = None
    difference: float | None = None
    source: str | None = None
    within: bool | None = None


class ChangedToo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What else is known to have changed in the same months; `what` of a measure is its slug."""

    what: str
    kind: str
    starts: date | None = None
    ends: date | None = None


class EffectResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changed after a measure, by one indicator; never what made it change.

    Attributes:
        locked: it was fixed how it is judged; otherwise nothing is said.
        primary: the indicator that the measure is judged by.
        finding: by `beside` where it is known, else by `change`; refused for `refusal`.
        sentence: the finding, or why nothing is said.
        years_apart: how many years lie between a month and its like.
        change: of its places; `control` of the control sites; `beside` of the places, less that of the control sites.
        placebo: the same of the time before, when nothing was done.
    """

    measure: str
    title: Texts
    starts: date
    ends: date | None = None
    status: Literal["planned", "running", "done", "stopped"]
    locked: bool
    withdrawn: bool = False
    kpi: str
    kpi_title: Texts
    primary: bool
    direction: Literal["increase", "decrease"]
    unit: str
    finding: Literal["as_expected", "opposite", "not_shown", "refused"]
    refusal: str | None = None
    sentence: Texts
    years_apart: int | None = None
    places: list[str] = []
    control_sites: list[str] = []
    no_control: Texts | None = None
    change: Shifted | None = None
    control: Shifted | None = None
    beside: Shifted | None = None
    placebo: Shifted | None = None
    expected: Expected | None = None
    cautions: list[Texts] = []
    changed_too: list[ChangedToo] = []
    simulated: bool = False
