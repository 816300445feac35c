"""Reads a KPI's series and says its trend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypuls.kpi_trend import SHORT, KpiTrend, trend_of
from bypuls.periods import Period
from bypuls.storage.database import Connection
from bypuls.storage.values import definition, series

METHOD = {
    "en": "Mann-Kendall test with correction for ties and continuity, exact for ten values and fewer without ties; "
    "Theil-Sen slope with Sen's 95 % interval. p assumes that values are independent of each other.",
    "nb": "Mann-Kendall-test korrigert for like verdier og kontinuitet, eksakt for ti verdier og færre uten like; "
    "Theil-Sens stigning med Sens 95 %-intervall. p forutsetter at verdiene er uavhengige av hverandre.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which series: scope is kind and slug; years from `since` to `until`."""

    city: str
    kpi: str
    scope: tuple[str, str]
    period: Period = "P1Y"
    since: int | None = None
    until: int | None = None


def trend(connection: Connection, asked: Asked, now: datetime) -> tuple[KpiTrend, dict[str, Any]]:
    """The trend, and the KPI's definition as it holds now.

    Raises:
        NotFound: no such KPI.
    """
    _, document = definition(connection, asked.kpi)
    if asked.period in SHORT:  # refused, and too many to read for that
        return KpiTrend("refused", "period_too_short", None, None, (), ()), dict(document)
    found = [
        one
        for one in series(connection, asked.city, asked.kpi, asked.scope, asked.period)
        if (asked.since is None or one.year >= asked.since) and (asked.until is None or one.year <= asked.until)
    ]
    window = document.get("window") or {}
    overlapping = asked.period == "P1M" and int(window.get("last_months") or 1) > 1
    said = trend_of(found, str(document.get("direction") or "neutral"), now, overlapping=overlapping)
    return said, dict(document)


def trend_answer(connection: Connection, asked: Asked, now: datetime) -> dict[str, Any]:
    """The trend as the API answers.

    Raises:
        NotFound: no such KPI.
    """
    found, document = trend(connection, asked, now)
    test = found.trend.test if found.trend else None
    line = found.trend.line if found.trend else None
    return {
        "city": asked.city,
        "kpi": asked.kpi,
        "scope_kind": asked.scope[0],
        "scope": asked.scope[1],
        "period": asked.period,
        "unit": document["unit"],
        "direction": document.get("direction"),
        "verdict": found.verdict,
        "better": found.better,
        "refusal": found.refusal,
        "sentence": None if found.sentence is None else dict(found.sentence),
        "changes": list(found.changes),
        "n": len(found.used),
        "tau": test.tau if test else None,
        "p": test.p if test else None,
        "exact": test.exact if test else None,
        "seasonal": found.trend.seasonal if found.trend else None,
        "slope_per_year": line.slope if line else None,
        "slope_low": line.low if line else None,
        "slope_high": line.high if line else None,
        "confidence": line.confidence if line else None,
        "simulated": any(one.simulated for one in found.used),
        "method": METHOD,
        "values": [
            {"period": one.label, "value": one.value, "coverage": one.coverage, "evidence": one.evidence}
            for one in found.used
        ],
        "left_out": [{"period": one.label, "why": why, "reason": one.reason} for one, why in found.left_out],
    }
