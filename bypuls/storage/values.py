"""Reads KPI values as they are judged and compared: with what they rest on and how they were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from bypuls.clock import isoformat
from bypuls.errors import NotFound
from bypuls.kpi import KpiDefinition, load_definitions
from bypuls.kpi_value import KpiValue
from bypuls.method import full_method_of, method_of
from bypuls.periods import Period, as_period
from bypuls.snapshot import Snapshot
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.standard_numbers import numbers_in_time

_SQL = queries("bypuls.storage.sql", "values.sql")


@cache
def shipped_definitions() -> Mapping[str, KpiDefinition]:
    """The catalogue; read once, because reading takes as long as many answers."""
    return load_definitions()


def definition(connection: Connection, kpi: str) -> tuple[str, Mapping[str, Any]]:
    """Version and document of a KPI's definition as it holds now: what the processors loaded, else what is shipped.

    Raises:
        NotFound: no such KPI.
    """
    row = connection.execute(_SQL["definition"], {"kpi": kpi}).fetchone()
    if row is not None:
        return row[0], row[1]
    shipped = shipped_definitions().get(kpi)
    if shipped is None:
        raise NotFound(f"no kpi {kpi!r}: docs/kpis.md and GET /v1/kpis list them")
    return shipped.version, shipped.document


def method_of_version(connection: Connection, kpi: str, version: str) -> str | None:
    """How a version of a definition computes; None where the version is not known."""
    row = connection.execute(_SQL["method"], {"kpi": kpi, "version": version}).fetchone()
    document = row[0] if row is not None else _shipped_document(kpi, version)
    return None if document is None else method_of(document)


def series(connection: Connection, city: str, kpi: str, scope: tuple[str, str], period: Period) -> list[KpiValue]:
    """Every value of one scope (kind and slug), oldest first."""
    key = {"city": city, "kpi": kpi, "scope_kind": scope[0], "scope": scope[1], "period": period}
    return _values(connection, connection.execute(_SQL["series"], key).fetchall())


def of_cities(
    connection: Connection,
    cities: Sequence[str],
    period: Period,
    span: tuple[datetime, datetime],
    kpis: Sequence[str] | None = None,
) -> list[KpiValue]:
    """Values of whole cities in the periods that lie in a span of time; of every KPI unless some are named."""
    key = {
        "cities": list(cities),
        "period": period,
        "since": span[0],
        "until": span[1],
        "kpis": None if kpis is None else list(kpis),
    }
    return _values(connection, connection.execute(_SQL["of_cities"], key).fetchall())


def cities_of(
    connection: Connection, cities: Sequence[str] = (), network: str | None = None, county: str | None = None
) -> list[str]:
    """The given cities, and those of a network or a county.

    Raises:
        NotFound: a given city, the network or the county is not there.
    """
    key = {"cities": list(cities), "network": network, "county": county}
    found = [slug for (slug,) in connection.execute(_SQL["cities_of"], key)]
    missing = [city for city in cities if city not in found]
    if missing:
        raise NotFound(f"no city {missing[0]!r}: GET /v1/cities lists them")
    if not found and (network or county):
        raise NotFound(f"no city of {'network' if network else 'county'} {(network or county)!r}: see GET /v1/cities")
    return found


def city_head(connection: Connection, city: str) -> dict[str, Any]:
    """Network, county and time zone of a city.

    Raises:
        NotFound: no such city.
    """
    row = connection.execute(_SQL["city"], {"city": city}).fetchone()
    if row is None:
        raise NotFound(f"no city {city!r}: GET /v1/cities lists them")
    return dict(zip(("city", "network", "county", "time_zone"), row, strict=True))


def month_span(year: int, month: int) -> tuple[datetime, datetime]:
    """From the beginning of a month to its end."""
    return datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def year_span(year: int) -> tuple[datetime, datetime]:
    """From the beginning of a year to its end."""
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def of_snapshot(snapshot: Snapshot, file: str) -> list[KpiValue]:
    """The KPI values of another installation's snapshot, of its city as a whole.

    How a definition computes is known where its version is one that is shipped here, or where the file says it.
    """
    shipped = {found.version: method_of(found.document) for found in shipped_definitions().values()}
    return [
        KpiValue(
            city=snapshot.content.city.slug,
            kpi=one.kpi,
            scope_kind=one.scope_kind,
            scope=one.scope,
            period=as_period(one.period),
            start=one.start,
            ends=one.ends,
            value=one.value,
            unit=one.unit,
            status=one.status,
            quality=one.quality,
            reason=one.reason,
            coverage=one.coverage,
            classes=frozenset(one.classes),
            origins=frozenset(one.origins),
            judges_law=one.judges_law,
            version=one.version,
            method=shipped.get(one.version),
            standard_status=one.standard_status,
            evidence=one.evidence,
            made_in=file,
            full_method=one.method,
        )
        for one in snapshot.content.kpis
        if one.scope_kind == "city"
    ]


def _values(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[KpiValue]:
    methods: dict[tuple[str, str], str | None] = {}
    full: dict[tuple[str, str, str | None, int], str | None] = {}
    numbers = numbers_in_time(connection)
    found = []
    for row in rows:
        city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality, reason, coverage = row[:13]
        evidence, version, document, computed_at = row[13:]
        known = document or _shipped_document(kpi, version)
        if (kpi, version) not in methods:
            methods[kpi, version] = method_of(known) if known else None
        judged_by = (kpi, version, evidence.get("standard"), numbers.state_at(computed_at))
        if judged_by not in full:
            full[judged_by] = full_method_of(known, numbers.at(computed_at), judged_by[2]) if known else None
        found.append(
            KpiValue(
                city,
                kpi,
                scope_kind,
                scope,
                period,
                start,
                ends,
                value,
                unit,
                status,
                quality,
                reason,
                coverage,
                frozenset(evidence.get("class") or ()),
                frozenset(evidence.get("origin") or ()),
                bool((document or {}).get("judges_law")),
                version,
                methods[kpi, version],
                evidence.get("standard_status"),
                evidence.get("estimate") is True,
                _address(city, kpi, scope_kind, scope, period, start, ends),
                full_method=full[judged_by],
            )
        )
    return found


def _shipped_document(kpi: str, version: str) -> Mapping[str, Any] | None:
    shipped = shipped_definitions().get(kpi)
    return shipped.document if shipped is not None and shipped.version == version else None


def _address(city: str, kpi: str, scope_kind: str, scope: str, period: str, start: datetime, ends: datetime) -> str:
    """Where the value is read with its evidence."""
    times = f"from={quote_plus(isoformat(start))}&to={quote_plus(isoformat(ends))}"
    return f"{_address_of_series(city, kpi, scope_kind, scope, period)}&{times}&include=insufficient"


@lru_cache(maxsize=1000)  # of thousands of values, few different ones
def _address_of_series(city: str, kpi: str, scope_kind: str, scope: str, period: str) -> str:
    wanted = {"city": city, "kpi": kpi, "scope_kind": scope_kind, "scope": scope, "period": period}
    return f"/v1/kpi-values?{urlencode(wanted)}"
