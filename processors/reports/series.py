"""Trends of a city's yearly values, by the rules that hold everywhere (`bypuls.kpi_trend`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bypuls.kpi_trend import trend_of
from bypuls.snapshot import TrendResult, YearValue
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.values import definition, series

_SQL = queries("processors.reports", "collection.sql")


def trends_of(connection: Connection, city: str, year: int) -> list[TrendResult]:
    """One per KPI whose city has a value of the year and of at least one before."""
    end = datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)  # a year of any calendar is over by then
    kpis = connection.execute(_SQL["kpis_of_city"], {"city": city, "year": year}).fetchall()
    found = (_trend(connection, city, kpi, year, end) for (kpi,) in kpis)
    return [one for one in found if one is not None]


def _trend(connection: Connection, city: str, kpi: str, year: int, end: datetime) -> TrendResult | None:
    values = [one for one in series(connection, city, kpi, ("city", city), "P1Y") if one.ends <= end]
    document = definition(connection, kpi)[1]
    found = trend_of(values, document["direction"], end)
    years = [
        YearValue(year=(one.start + (one.ends - one.start) / 2).year, value=one.value, coverage=one.coverage)
        for one in found.used
        if one.value is not None
    ]
    if len(years) < 2 or years[-1].year != year:  # noqa: PLR2004 - one year is no series
        return None
    line = found.trend.line if found.trend else None
    return TrendResult(
        kpi=kpi,
        title=dict(document["title"]),
        scope_kind="city",
        scope=city,
        unit=found.used[-1].unit,
        years=years,
        verdict="too_short" if found.refusal == "too_few" else found.verdict,
        slope=line.slope if line else None,
        slope_low=line.low if line else None,
        slope_high=line.high if line else None,
        p=found.trend.test.p if found.trend else None,
        reason=found.refusal,
    )
