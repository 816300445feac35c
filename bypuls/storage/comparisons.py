"""Reads the values of cities and says which may be compared, and how they rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bypuls.comparison import Comparison, compare
from bypuls.kpi_value import KpiValue
from bypuls.plan import u4ssc_key
from bypuls.storage import values
from bypuls.storage.database import Connection
from bypuls.storage.u4ssc_values import u4ssc_document, u4ssc_of_cities

WARNING = {
    "en": "Ranks hold within a group only: values of different groups were not made alike.",
    "nb": "Rangeringen gjelder bare innenfor en gruppe: verdier i ulike grupper er ikke laget likt.",
}


def of_year(
    connection: Connection, kpi: str, year: int, cities: Sequence[str], others: Sequence[KpiValue] = ()
) -> dict[str, Any]:
    """Cities by one KPI in one year; a city without a value is in the answer, as one that has none.

    Args:
        connection: to read by.
        kpi: its id, or a U4SSC code with its data point.
        year: which.
        cities: slugs, all known.
        others: values from elsewhere (another installation's snapshot).

    Raises:
        NotFound: no such KPI.
    """
    stated = u4ssc_document(kpi)
    if stated is not None:
        found = [one for one in u4ssc_of_cities(connection, cities, year) if one.kpi == stated["id"]]
        return _of_year(stated, year, cities, found, others)
    _, document = values.definition(connection, kpi)
    found = values.of_cities(connection, cities, "P1Y", values.year_span(year), [kpi])
    return _of_year(document, year, cities, found, others)


def of_month(connection: Connection, kpi: str, month: tuple[int, int], cities: Sequence[str]) -> dict[str, Any]:
    """Cities by one KPI of ours in one month (year and number).

    Raises:
        NotFound: no such KPI; U4SSC has values of years only.
    """
    _, document = values.definition(connection, kpi)
    found = values.of_cities(connection, cities, "P1M", values.month_span(*month), [kpi])
    missing = [city for city in cities if city not in {one.city for one in found}]
    return answer(found, document) | {"year": month[0], "without_value": missing}


def _of_year(
    document: Mapping[str, Any],
    year: int,
    cities: Sequence[str],
    ours: Sequence[KpiValue],
    others: Sequence[KpiValue],
) -> dict[str, Any]:
    found = [*ours, *(one for one in others if (one.kpi, one.period, one.year) == (document["id"], "P1Y", year))]
    missing = [city for city in cities if city not in {one.city for one in ours}]
    return answer(found, document) | {"year": year, "without_value": missing}


def of_kpis(
    connection: Connection,
    year: int,
    cities: Sequence[str],
    others: Sequence[KpiValue] = (),
    kpis: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Cities by every KPI that one of them has a value of in a year, or by those that are named.

    Raises:
        NotFound: no such KPI.
    """
    if kpis is not None:
        return [of_year(connection, kpi, year, cities, others) for kpi in kpis]
    stored = values.of_cities(connection, cities, "P1Y", values.year_span(year))
    near = {one.kpi for one in others if (one.period, one.year) == ("P1Y", year)}
    ours = sorted({one.kpi for one in stored} | (near & values.shipped_definitions().keys()))
    return [
        *(of_year(connection, kpi, year, cities, others) for kpi in ours),
        *_of_u4ssc(connection, year, cities, others),
    ]


def _of_u4ssc(
    connection: Connection, year: int, cities: Sequence[str], others: Sequence[KpiValue]
) -> Iterator[dict[str, Any]]:
    """The data points that two cities at least have a value of: the others would be a list of what is missing."""
    stated = u4ssc_of_cities(connection, cities, year)
    having = Counter(one.kpi for one in (*stated, *others) if u4ssc_key(one.kpi) and one.value is not None)
    for kpi in sorted(name for name, count in having.items() if count > 1):
        document = u4ssc_document(kpi)
        if document is not None:
            yield _of_year(document, year, cities, [one for one in stated if one.kpi == kpi], others)


def over_time(connection: Connection, kpi: str, city: str, scope: tuple[str, str]) -> dict[str, Any]:
    """A place by one KPI with itself, year by year.

    Raises:
        NotFound: no such KPI.
    """
    _, document = values.definition(connection, kpi)
    found = values.series(connection, city, kpi, scope, "P1Y")
    return answer(found, document, over_time=True) | {"year": None, "without_value": []}


def answer(found: Sequence[KpiValue], document: Mapping[str, Any], *, over_time: bool = False) -> dict[str, Any]:
    """Values, pairs with what stands between them, and groups with ranks."""
    direction = str(document.get("direction") or "neutral")
    compared = compare(found, direction, over_time=over_time)
    return {
        "kpi": document.get("id"),
        "title": document.get("title"),
        "unit": document.get("unit"),
        "direction": direction,
        "label": document.get("label"),
        "unverified": document.get("unverified"),
        "values": [_shown(one) for one in found],
        "groups": [
            [
                _name(found[one.index])
                | {"value": found[one.index].value, "simulated": found[one.index].simulated}
                | {"rank": one.rank, "of": len(group)}
                for one in group
            ]
            for group in compared.groups
        ],
        "not_ranked": [_not_ranked(found, compared, index) for index in compared.alone],
        "pairs": [
            {
                "first": _name(found[pair.first]),
                "second": _name(found[pair.second]),
                "comparable": pair.comparable,
                "obstacles": [{"code": one.code, "text": dict(one.text)} for one in pair.obstacles],
            }
            for pair in compared.pairs
        ],
        "warning": WARNING,
    }


def _not_ranked(found: Sequence[KpiValue], compared: Comparison, index: int) -> dict[str, Any]:
    """A value on its own, with every reason once."""
    reasons = {
        one.text["en"]: one for pair in compared.pairs if index in (pair.first, pair.second) for one in pair.obstacles
    }
    return _name(found[index]) | {"obstacles": [{"code": one.code, "text": dict(one.text)} for one in reasons.values()]}


def _name(value: KpiValue) -> dict[str, Any]:
    return {"city": value.city, "period": value.label, "made_in": value.made_in}


def _shown(value: KpiValue) -> dict[str, Any]:
    return _name(value) | {
        "scope_kind": value.scope_kind,
        "scope": value.scope,
        "value": value.value,
        "unit": value.unit,
        "status": value.status,
        "quality": value.quality,
        "reason": value.reason,
        "coverage": value.coverage,
        "classes": sorted(value.classes),
        "origins": sorted(value.origins),
        "simulated": value.simulated,
        "version": value.version,
        "standard_status": value.standard_status,
        "estimate": value.estimate,
        "evidence": value.evidence,
    }
