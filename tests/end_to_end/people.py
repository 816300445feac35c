"""What people do in Fjordvik: a year that they collect, a plan with a measure whose effect may be told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from api.tokens import create_token
from bypuls.collection.entering import check_kpi, enter
from bypuls.collection.said import Said
from bypuls.plan import Plan
from bypuls.storage.collection_rounds import Asked, change_round, open_round, question, sign
from bypuls.storage.database import connect
from bypuls.storage.plans import Author, add_plan, lock_measure
from bypuls.u4ssc.catalogue import load_catalogue

ROUND = 2025
"""The year that Fjordvik collects."""

_ENVIRONMENT = Asked("Miljø", "Kari Berg, kari@fjordvik.example")
_HEALTH = Asked("Helse", "Ola Hansen, ola@fjordvik.example")
_STAFF = Asked("Kommunedirektørens stab")
_ENTERED = (
    ("EC: ICT: ICT: 1C", "97", "95"),
    ("EC: ICT: ICT: 2C", "88", "50"),
    ("EN: EN: EQ: 1C", "100", None),
    ("SC: EH: H: 1C", "83.4", "82.9"),
)
"""KPI, what is said of it, and of the year before: a jump is asked about."""


def with_round(connection):
    """Collect a year of Fjordvik: one KPI is signed, one checked, two are entered; the year before is closed."""
    catalogue = load_catalogue()
    whom = dict.fromkeys(catalogue.kpis, _STAFF)
    whom |= {code: _ENVIRONMENT for code in catalogue.kpis if code.startswith("EN: EN")}
    whom |= {code: _HEALTH for code in catalogue.kpis if code.startswith("SC: EH")}
    open_round(connection, catalogue, ("fjordvik", ROUND - 1), date(2025, 12, 1), whom, "operations")
    open_round(connection, catalogue, ("fjordvik", ROUND), date(2026, 12, 15), {}, "operations")
    for code, value, before in _ENTERED:
        for year, number in ((ROUND - 1, before), (ROUND, value)):
            if number is not None:
                said = Said(point=catalogue.point(code, ""), value=Decimal(number), source="SSB", given={"source"})
                enter(connection, "fjordvik", year, said, "ola")
    place = ("fjordvik", ROUND)
    for code in ("EC: ICT: ICT: 1C", "EN: EN: EQ: 1C"):
        check_kpi(connection, *place, code, "ola")
    sign(connection, place, "EN: EN: EQ: 1C", "kari")
    question(connection, place, "EC: ICT: ICT: 2C", None, "Er hyttene talt med?", "kari")
    change_round(connection, ("fjordvik", ROUND - 1), "operations", closed=True)
    connection.commit()


def tokens(database_url, *names):
    """Tokens of persons who report for Fjordvik, in the names' order."""
    with connect(database_url) as connection:
        return [create_token(connection, name, ["report"], "fjordvik") for name in names]


_MEASURE = {
    "title": {"nb": "Piggdekkgebyr", "en": "Fee on studded tyres"},
    "sites": ["traffic-1"],
    "from": "2025-11-01",
    "kpi": "air.no2.mean",
    "direction": "decrease",
    "expected": {"percent": -10},
    "control_sites": ["traffic-2", "traffic-3"],
    "nearby": [{"what": "Ny bussvei", "kind": "other", "from": "2026-03-01", "sites": ["traffic-1"]}],
    "owner": "Miljø",
    "source": "Sak 21/25",
    "status": "running",
}
_PLAN = {
    "plan": "air-2030",
    "city": "fjordvik",
    "title": {"nb": "Ren luft 2030", "en": "Clean air 2030"},
    "source": "Sak 21/25",
    "goals": [
        {
            "slug": "clean-air",
            "title": {"nb": "Luften er trygg å puste i", "en": "The air is safe to breathe"},
            "owner": "Miljø",
            "targets": [
                {
                    "slug": "no2-traffic-1",
                    "kpi": "air.no2.mean",
                    "title": {"nb": "NO2 ved Traffic 1", "en": "NO2 at Traffic 1"},
                    "scope": {"kind": "site", "slug": "traffic-1"},
                    "unit": "ug/m3",
                    "base": {"year": 2024, "value": 24.5},
                    "target": {"value": 20, "by": "2029-12-31"},
                    "source": "Sak 21/25",
                }
            ],
            "measures": [
                {"slug": "studded-tyre-fee", **_MEASURE},
                {
                    "slug": "low-emission-zone",
                    **_MEASURE,
                    "title": {"nb": "Lavutslippssone", "en": "Low-emission zone"},
                },
            ],
        }
    ],
}

_YEAR_BEFORE = """
INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality,
                       reason, coverage, evidence, version, final_at, computed_at)
SELECT city, kpi, scope_kind, scope, period, (start AT TIME ZONE 'Europe/Oslo' - interval '1 year') AT TIME ZONE 'Europe/Oslo',
       (ends AT TIME ZONE 'Europe/Oslo' - interval '1 year') AT TIME ZONE 'Europe/Oslo',
       value * (CASE WHEN scope = 'traffic-1' THEN 1.25 ELSE 1 END + 0.01 * (extract(month FROM ends)::int % 3)), unit, band, detail,
       status, quality, reason, coverage, evidence, version, final_at, computed_at
FROM kpi_value
WHERE city = 'fjordvik' AND kpi = 'air.no2.mean' AND scope_kind = 'site' AND period = 'P1M'
  AND start >= '2025-10-31T23:00:00Z' AND start < '2026-10-30T00:00:00Z'
"""  # noqa: E501


def with_plan(connection):
    """Two measures on one street, one of them locked; a fifth less NO2 there than a year before, elsewhere as much."""
    connection.execute(_YEAR_BEFORE)
    add_plan(connection, msgspec.convert(_PLAN, Plan), "operations")
    lock_measure(connection, Author("operations", "fjordvik"), "studded-tyre-fee")
    connection.commit()
