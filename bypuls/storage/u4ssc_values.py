"""U4SSC data points of a city's years, as values that are judged and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bypuls.kpi_value import KpiValue
from bypuls.plan import u4ssc_key, u4ssc_name
from bypuls.snapshot import Snapshot
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.u4ssc import assess
from bypuls.storage.values import method_of_version, year_span
from bypuls.u4ssc.assessment import Assessment, Candidate, PointResult
from bypuls.u4ssc.catalogue import load_catalogue

_SQL = queries("bypuls.storage.sql", "values.sql")
DIRECTIONS = {"lower_better": "lower_is_better", "higher_better": "higher_is_better"}
"""U4SSC's words for better and worse, and ours."""


def u4ssc_series(
    connection: Connection, city: str, code: str, data_point: str, known: dict[int, Assessment] | None = None
) -> list[KpiValue]:
    """The data point's value of every year that anything is known of, oldest first.

    Args:
        connection: to read by.
        city: which.
        code: of the KPI, as the catalogue spells it.
        data_point: "" where the KPI has one value only.
        known: years of this city that were assessed already; those that were not are added.
    """
    assessed = {} if known is None else known
    years = [int(year) for (year,) in connection.execute(_SQL["u4ssc_years"], {"city": city})]
    for year in years:
        if year not in assessed:
            assessed[year] = assess(connection, city, year)
    return [
        as_value(connection, city, year, point)
        for year in years
        for point in assessed[year].points
        # A year in which nobody was asked is no bad year: it is not there. One that was measured too little is.
        if (point.code, point.data_point) == (code, data_point) and (point.value is not None or point.candidates)
    ]


def u4ssc_of_cities(connection: Connection, cities: Sequence[str], year: int) -> list[KpiValue]:
    """All data points of U4SSC that have a value, or would have one if more had been measured, of several cities."""
    return [
        as_value(connection, city, year, point)
        for city in cities
        for point in assess(connection, city, year).points
        if point.value is not None or point.candidates
    ]


def u4ssc_of_snapshot(snapshot: Snapshot, file: str) -> list[KpiValue]:
    """The data points of another installation's snapshot. How measured ones were computed it does not say."""
    content = snapshot.content
    if content.u4ssc is None:
        return []
    start, ends = year_span(content.year)
    return [
        KpiValue(
            city=content.city.slug,
            kpi=u4ssc_name(kpi.code, point.id),
            scope_kind="city",
            scope=content.city.slug,
            period="P1Y",
            start=start,
            ends=ends,
            value=point.value,
            unit=point.unit,
            status="provisional" if point.provisional else "final",
            coverage=point.coverage,
            origins=frozenset({point.origin or point.state}),
            version=f"snapshot {snapshot.hash[:19]}" if point.state == "measured" else None,
            made_in=file,
        )
        for kpi in content.u4ssc.kpis()
        for point in kpi.data_points
        if point.value is not None
    ]


def u4ssc_document(kpi: str) -> dict[str, Any] | None:
    """What a comparison says of a U4SSC data point; None where the name is none of U4SSC's.

    Raises:
        NotFound: it has the form of a code, and U4SSC has no such.
    """
    key = u4ssc_key(kpi)
    if key is None:
        return None
    catalogue = load_catalogue()
    point = catalogue.point(*key)
    title = {"en": point.kpi.name.en, "nb": point.kpi.name.nb}
    if point.data_point:
        title = {"en": f"{title['en']}: {point.name.en}", "nb": f"{title['nb']}: {point.name.nb}"}
    return {
        "id": u4ssc_name(*point.key),
        "title": title,
        "unit": point.unit,
        "direction": DIRECTIONS.get(point.kpi.direction, "neutral"),
        "label": {"en": catalogue.meta.label.en, "nb": catalogue.meta.label.nb},
        "unverified": point.kpi.unverified,
    }


def as_value(connection: Connection, city: str, year: int, point: PointResult) -> KpiValue:
    """A data point of an assessment as a value: what was reported has neither coverage nor version."""
    used = next((one for one in point.candidates if one.used), None)
    evidence = (used.evidence if used else None) or {}
    start, ends = year_span(year)
    version = evidence.get("version") if point.state == "measured" else None
    return KpiValue(
        city=city,
        kpi=u4ssc_name(point.code, point.data_point),
        scope_kind="city",
        scope=city,
        period="P1Y",
        start=start,
        ends=ends,
        value=point.value,
        unit=point.unit,
        status="provisional" if point.provisional else "final",
        quality="ok" if point.value is not None else "insufficient",
        reason=None if point.value is not None else point.reason or "missing",
        coverage=used.coverage if used else None,
        classes=frozenset(used.classes) if used else frozenset(),
        origins=_origins(point, used),
        version=version,
        method=None if version is None else method_of_version(connection, str(evidence.get("kpi")), version),
        evidence=_link(evidence),
    )


def _origins(point: PointResult, used: Candidate | None) -> frozenset[str]:
    if used is None:
        return frozenset()
    if point.state == "measured":
        return frozenset(used.origins) or frozenset({"simulated" if used.simulated else "measured"})
    return frozenset({used.origin})


def _link(evidence: dict[str, Any]) -> str | None:
    found = evidence.get("inputs")
    return found if isinstance(found, str) else None
