"""Trends of a city's yearly values: only years of one definition, over, and with enough data."""

from __future__ import annotations

import itertools
from typing import Literal

from psycopg.rows import dict_row

from bypuls.snapshot import TrendResult, YearValue
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.trends import trend

_SQL = queries("processors.reports", "collection_trends.sql")
SIGNIFICANT = 0.05
Verdict = Literal["rising", "falling", "none", "too_short"]


def trends_of(connection: Connection, city: str, year: int) -> list[TrendResult]:
    """One per KPI with at least two years."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SQL["years"], {"city": city, "year": year}).fetchall()
    found = []
    for _, group in itertools.groupby(rows, key=lambda row: row["kpi"]):
        own = list(group)
        if len(own) > 1 and own[-1]["year"] == year:
            years = [YearValue(year=row["year"], value=row["value"], coverage=row["coverage"]) for row in own]
            found.append(judge(own[0]["kpi"], own[0]["title"], city, own[0]["unit"], years))
    return found


def judge(kpi: str, title: dict[str, str], city: str, unit: str, years: list[YearValue]) -> TrendResult:
    """Whether the years rise or fall."""
    tested = trend([(float(one.year), one.value) for one in years])
    said = TrendResult(kpi=kpi, title=title, scope_kind="city", scope=city, unit=unit, years=years, verdict="too_short")
    if tested is None:
        return said
    verdict: Verdict = "none" if tested.test.p >= SIGNIFICANT else "rising" if tested.line.slope > 0 else "falling"
    return TrendResult(
        kpi=kpi,
        title=title,
        scope_kind="city",
        scope=city,
        unit=unit,
        years=years,
        verdict=verdict,
        slope=tested.line.slope,
        slope_low=tested.line.low,
        slope_high=tested.line.high,
        p=tested.test.p,
    )
