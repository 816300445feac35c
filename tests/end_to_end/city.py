"""A control room on a seeded city, as `bypuls serve` composes it, with a clock that the test holds."""

from __future__ import annotations

from contextlib import contextmanager

import psycopg
from psycopg import sql

from api.app import create_app
from bypuls.settings import ApiSettings
from bypuls.storage.database import connect, open_pool
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
