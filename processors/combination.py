"""Values of districts and cities, from the values of their sites. Pure; the hours are not read again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from bypuls.kpi import KpiDefinition
from processors.calculation import Catalogue, Detail, Part
from processors.values import Value, minimum_band

_KEPT = ("standard", "edition", "standard_status", "estimate", "estimate_why", "rests_on", "selection", "weather")


def combine(
    definition: KpiDefinition, catalogue: Catalogue, values: Sequence[Value], *, kind: str, scope: str, expected: int
) -> Value:
    """The value of one district or city.

    A KPI that judges a law takes sites whose instruments may judge; only where there are none it takes the others, and
    says so. Sites whose own value is insufficient are left out where any suffices.

    `values` are those of the sites in the scope for one period, at least one; `expected` sites should have one.
    """
    judging = [value for value in values if not value.evidence.get("indicative")]
    indicative = definition.judges_law and not any(value.value is not None for value in judging)
    candidates = list(values) if indicative or not definition.judges_law else judging
    good = [value for value in candidates if value.quality == "ok"]
    used = good or [value for value in candidates if value.value is not None]
    first = values[0]
    expected = max(expected, len(candidates)) if indicative or not definition.judges_law else max(1, len(candidates))
    if not used:
        reason = next((value.reason for value in candidates), "silent")
        evidence = _evidence(candidates or list(values), first, kind, scope, expected) | {"sites": 0}
        detail = next((value.detail for value in candidates if value.detail), None)
        return _value(first, kind, scope, (None, None, detail), ("undefined", reason, 0.0), evidence)
    evidence = _evidence(used, first, kind, scope, expected)
    if indicative:
        evidence["indicative"] = True
    how = definition.scope.get(kind, "sum_of_sites")  # of a household group, which only sums have
    merge = catalogue.calculator(definition).merge or merge_plainly
    parts = [Part(value.scope, value.value or 0.0, value.band, value.detail) for value in used]
    result, band, detail = merge(how, parts, definition)
    if indicative:
        band = None
    if band == "within" and len(good) < expected:
        band = "open"  # one site that could not be judged may be above
    coverage = round(min(1.0, sum(value.coverage or 0.0 for value in used) / expected), 9)
    needed = definition.coverage.get("sites", 1.0 if how == "sum_of_sites" else 0.0)
    enough = bool(good) and len(good) >= needed * expected - 1e-9
    if result is None:
        return _value(first, kind, scope, (None, None, detail), ("undefined", "not_defined", coverage), evidence)
    quality = ("ok", None, coverage) if enough else ("insufficient", "low_coverage", coverage)
    return _value(first, kind, scope, (result, band, detail), quality, evidence)


def merge_plainly(
    how: str, parts: Sequence[Part], definition: KpiDefinition
) -> tuple[float | None, str | None, Detail | None]:
    """Worst, mean or sum of the sites' values."""
    if how == "worst_site":
        pick = min if definition.direction == "higher_is_better" else max
        worst = pick(parts, key=lambda part: part.value)
        return worst.value, worst.band, {**(worst.detail or {}), "site": worst.scope}
    total = sum(part.value for part in parts)
    value = total if how == "sum_of_sites" else total / len(parts)
    return value, minimum_band(definition, value), None


def _value(
    first: Value,
    kind: str,
    scope: str,
    said: tuple[float | None, str | None, Detail | None],
    judged: tuple[str, str | None, float],
    evidence: Detail,
) -> Value:  # fmt: skip
    value, band, detail = said
    quality, reason, coverage = judged
    return Value(
        first.definition, first.city, kind, scope, first.period, first.start, first.end, value, band, detail, quality,
        reason, coverage, evidence,
    )  # fmt: skip


def _evidence(used: Sequence[Value], first: Value, kind: str, scope: str, expected: int) -> Detail:
    shown = [value.evidence for value in used]
    window = first.evidence["window"]
    evidence: Detail = {
        "sites": len(used),
        "sites_expected": expected,
        "datastreams": sum(one["datastreams"] for one in shown),
        "hours": _added(shown, "hours"),
        "left_out": _added(shown, "left_out"),
        "class": _united(shown, "class"),
        "origin": _united(shown, "origin"),
        "version": first.definition.version,
        "window": window,
        "inputs_hash": "sha256:" + hashlib.sha256("".join(one["inputs_hash"] for one in shown).encode()).hexdigest(),
        "inputs": f"/v1/kpis/{first.definition.id}/inputs?city={first.city}&scope_kind={kind}&scope={scope}"
        f"&period={first.period}&start={window[0]}",
    }
    if "days" in shown[0]:
        evidence["days"] = _added(shown, "days")
    names = set[str]().union(*shown)
    for name in _KEPT:
        # Of any site: what one of them only estimates makes the whole an estimate.
        said = next(one[name] for one in shown if name in one) if name in names else None
        if said is not None:
            evidence[name] = said
    if "estimated" in names:
        evidence["estimated"] = _added([one for one in shown if "estimated" in one], "estimated")
    if "partial" in names and any(one.get("partial") for one in shown):
        evidence["partial"] = True
    if kind != "group":  # which households were measured is nobody's business
        evidence["from_sites"] = [value.scope for value in used]
    for name in ("calibrations", "invalidations"):
        if name in names:
            evidence[name] = _united([one for one in shown if name in one], name)
    return evidence


def _added(shown: Sequence[Detail], name: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in shown:
        for key, number in one[name].items():
            total[key] = total.get(key, 0) + number
    return total


def _united(shown: Sequence[Detail], name: str) -> list[Any]:
    found: list[Any] = []
    for one in shown:
        found += [item for item in one[name] if item not in found]
    return found
