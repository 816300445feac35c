"""Yearly values of KPIs as the processors leave them, for tests of plans, trends and comparisons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from bypuls.storage.values import shipped_definitions

KPI = "air.pm10.exceedance_days.eu2030"


def say_year(
    connection, city, kpi, year, value, *, scope=None, status="final", quality="ok", reason=None, coverage=0.95,
    classes=("reference",), origins=("measured",), version=None, changes=None, unit="days",
    offset=timedelta(hours=-1), month=None,
):  # fmt: skip
    """One value of a year (or month), new or changed; `changes` make another version of the definition."""
    definition = shipped_definitions()[kpi]
    version = version or definition.version
    connection.execute(
        """INSERT INTO kpi_definition (id, version, document, current) VALUES (%s, %s, %s, %s)
           ON CONFLICT DO NOTHING""",
        (kpi, version, Jsonb(dict(definition.document) | (changes or {})), version == definition.version),
    )
    start = datetime(year, month or 1, 1, tzinfo=UTC) + offset
    following = (year + 1, 1) if month in (None, 12) else (year, month + 1)
    ends = datetime(*following, 1, tzinfo=UTC) + offset
    kind, slug = scope or ("city", city)
    connection.execute(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  reason, coverage, evidence, version, final_at)
           VALUES (%(city)s, %(kpi)s, %(kind)s, %(slug)s, %(period)s, %(start)s, %(ends)s, %(value)s, %(unit)s,
                   %(status)s, %(quality)s, %(reason)s, %(coverage)s, %(evidence)s, %(version)s, %(ends)s)
           ON CONFLICT (city, kpi, scope_kind, scope, period, start) DO UPDATE SET
               (value, status, quality, reason, coverage, evidence, version) =
               (excluded.value, excluded.status, excluded.quality, excluded.reason, excluded.coverage,
                excluded.evidence, excluded.version)""",
        {
            "city": city,
            "kpi": kpi,
            "kind": kind,
            "slug": slug,
            "period": "P1M" if month else "P1Y",
            "start": start,
            "ends": ends,
            "value": value,
            "unit": unit,
            "status": status,
            "quality": quality,
            "reason": reason,
            "coverage": coverage,
            "evidence": Jsonb({"class": list(classes), "origin": list(origins)}),
            "version": version,
        },
    )
