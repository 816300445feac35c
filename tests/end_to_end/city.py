"""A control room on a seeded city, as `bypuls serve` composes it, with a clock that the test holds."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import psycopg
from psycopg import sql

from api.app import create_app
from api.tokens import create_token
from bypuls.collection.entering import check_kpi, enter
from bypuls.collection.said import Said
from bypuls.settings import ApiSettings
from bypuls.storage.collection_rounds import Asked, change_round, open_round, question, sign
from bypuls.storage.database import connect, open_pool
from bypuls.u4ssc.catalogue import load_catalogue
from dashboards.control_room.compose import open_control_room
from dashboards.control_room.settings import ControlRoomSettings
from ingest.check import check_decode
from ingest.draft import check_draft
from processors.calculation import Catalogue
from processors.schedule import sync_definitions
from tests.integration.api.conftest import served
from tests.seeded_city import NOW

# What five minutes of looking need: the states' databases are copied from this one, each within a moment.
_RECENT = (
    "DELETE FROM rollup_1h WHERE bucket < %(now)s::timestamptz - interval '3 days'",
    "DELETE FROM kpi_value WHERE ends < %(now)s::timestamptz - interval '4 days'",
)


EVIDENCE = "/evidence?kpi=air.pm10.mean&scope_kind=site&scope=traffic-1&period=PT1H&start=2026-11-22T12:00:00Z"
"""The page of one value whose definition and hours are in the database, too."""


class Clock:
    """The server's clock: stands until the test moves it."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


class ControlRoom:
    def __init__(self, address, database_url, clock):
        self.address, self.database_url, self.clock = address, database_url, clock

    def sql(self, statement, parameters=None):
        with connect(self.database_url) as connection:
            connection.execute(statement, parameters)


@contextmanager
def opened(database_url, clock=None, pool_size=8):
    clock = clock or Clock()
    with (
        open_control_room(database_url, pool_size, clock, ControlRoomSettings()) as router,
        open_pool(database_url, "reader", 2) as pool,
        open_pool(database_url, "editor", 2) as write_pool,
        served(
            create_app(
                ApiSettings(),
                pool,
                write_pool=write_pool,
                clock=clock,
                check_decode=lambda topic, payload: check_decode(topic, payload, now=clock()),
                draft_profile=lambda topic, payload: check_draft(topic, payload, now=clock()),
                routers=(router,),
            )
        ) as address,
    ):
        yield ControlRoom(address, database_url, clock)


def with_evidence(connection):
    """Give the value behind EVIDENCE its formula and its hours: the seed has them for none."""
    sync_definitions(connection, Catalogue.load())
    connection.execute(
        """UPDATE kpi_value v SET version = d.version, evidence = v.evidence || jsonb_build_object('inputs',
                  '/v1/kpis/air.pm10.mean/inputs?city=fjordvik&scope_kind=site&scope=traffic-1&period=PT1H&start='
                  || to_char(v.start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
           FROM kpi_definition d
           WHERE d.id = v.kpi AND d.current AND v.city = 'fjordvik' AND v.kpi = 'air.pm10.mean'
             AND v.scope_kind = 'site' AND v.scope = 'traffic-1' AND v.period = 'PT1H'"""
    )
    connection.commit()


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


def keep_recent(database_url):
    with connect(database_url, autocommit=True) as connection:
        for statement in _RECENT:
            connection.execute(statement, {"now": NOW})
        connection.execute("VACUUM FULL ANALYZE")


@contextmanager
def copied(lane, database_url):
    """A copy of a database to which nobody is connected."""
    source = database_url.rpartition("/")[2]
    with lane.database() as url:
        name = url.rpartition("/")[2]
        with psycopg.connect(lane.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(source)
                )
            )
        yield url
