"""The value of a household group: all of its meters, over a period that is over, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bypuls.kpi import KpiDefinition
from bypuls.privacy import GROUP_PERIODS
from processors.calculation import Catalogue
from processors.combination import combine
from processors.values import Value


def has_groups(definition: KpiDefinition, period: str) -> bool:
    """Whether household groups have values of this KPI and period: sums alone, which name nobody."""
    return definition.scope.get("city") == "sum_of_sites" and period in GROUP_PERIODS


def group_value(
    definition: KpiDefinition, catalogue: Catalogue, values: Sequence[Value], *, group: str, members: Collection[str]
) -> Value:
    """The sum over a group; `values` are those of its sites for one period, at least one.

    A sum over some of the meters beside one over all would give the others away, and so would two sums of a month that
    still runs: there is a value only where every member has one, and its period is over.
    """
    combined = combine(definition, catalogue, values, kind="group", scope=group, expected=len(members))
    combined.evidence.pop("from_sites", None)
    combined.detail = None  # which of them was the largest is nobody's business
    runs = any("elapsed" in value.evidence["hours"] for value in values)
    lacks = len(members) - sum(value.quality == "ok" for value in values)
    if runs or lacks:
        combined.value, combined.band = None, None
        combined.quality, combined.reason = "undefined", "withheld"
        why = "the period is not over" if runs else f"{lacks} of {len(members)} meters have no value"
        combined.detail = {"why": why}
    return combined
