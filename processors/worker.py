"""The processor: rollups, then KPI values, then what the clock asks for; again and again until told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import LiteralString

from bypuls.clock import Clock, utc_now
from bypuls.errors import DatabaseUnreachable
from bypuls.observing.readiness import Heartbeat
from bypuls.settings import ProcessSettings, load
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from processors.calculation import Catalogue
from processors.kpis import Kpis
from processors.measures import Measures
from processors.nightly import Nightly
from processors.portions import Portions
from processors.rollup import Rollups
from processors.schedule import Schedule, sync_definitions

_LISTEN: LiteralString = queries("processors", "schedule.sql")["listen"]
_LONGEST_WAIT = 30.0
_EVERYTHING_AT_LEAST_EVERY = timedelta(seconds=60)
_MOST_ROUNDS = 5  # of the schedule in a drain: learning a spacing, then finishing what follows from it, is two
_log = logging.getLogger(__name__)

Connect = Callable[[], Connection]


@dataclass(slots=True)
class Done:
    """What a run did."""

    buckets: int = 0
    values: int = 0
    scheduled: int = 0


def run(
    connect: Connect,
    stop: Event,
    clock: Clock = utc_now,
    settings: ProcessSettings | None = None,
    *,
    once: bool = False,
    catalogue: Catalogue | None = None,
    measures: Measures | None = None,
) -> Done:
    """Work until `stop` is set; with `once`, until both queues are empty (their delays ignored).

    Every batch is one transaction, so being killed at any moment loses and repeats nothing. A database that goes away
    is waited for.

    `connect` opens a connection in the writer's role; `measures` counts what is done, for others to read.

    Raises:
        DatabaseError, CatalogueError: what waiting does not mend. DatabaseUnreachable only with `once`.
    """
    settings = settings or load(ProcessSettings)
    catalogue = catalogue or Catalogue.load()
    measures = measures or Measures()
    heartbeat = _heartbeat(measures, settings, clock)
    done = Done()
    wait = settings.poll_seconds
    while not stop.is_set():
        try:
            with translated(), connect() as connection:
                connection.autocommit = True
                sync_definitions(connection, catalogue)
                if once:
                    return _drained(connection, clock, settings, catalogue, done)
                connection.execute(_LISTEN)
                wait = settings.poll_seconds
                nightly = Nightly(connect, catalogue, clock, settings)
                try:
                    _Loop(connection, clock, settings, catalogue, done, measures, heartbeat).run(stop, nightly)
                except SystemExit:  # told to stop, and the turn took too long: it was rolled back
                    heartbeat.stop(connection)
                    raise
                finally:
                    nightly.close()
        except DatabaseUnreachable as error:
            if once:
                raise
            measures.away()
            _log.warning("%s; trying again in %.0f s", error, wait)
            stop.wait(wait)
            wait = min(2 * max(wait, 0.5), _LONGEST_WAIT)
    return done


def drain(
    connection: Connection,
    clock: Clock = utc_now,
    settings: ProcessSettings | None = None,
    catalogue: Catalogue | None = None,
) -> Done:
    """Process until both queues are empty, ignoring the delays that let hours come to rest.

    The connection is put into autocommit: every batch is a transaction of its own.
    """
    connection.commit()
    connection.autocommit = True
    catalogue = catalogue or Catalogue.load()
    sync_definitions(connection, catalogue)
    return _drained(connection, clock, settings or load(ProcessSettings), catalogue, Done())


def _drained(connection: Connection, clock: Clock, settings: ProcessSettings, catalogue: Catalogue, done: Done) -> Done:
    rollups, kpis, schedule = Rollups(catalogue), Kpis(catalogue), Schedule(catalogue)
    rounds = 0
    while True:
        buckets = rollups.batch(connection, settings.batch_buckets, clock())
        done.buckets += buckets
        if buckets:
            continue
        values = kpis.batch(connection, settings.batch_values, clock(), everything=True)
        done.values += values
        if values:
            continue
        if schedule.work_off_backlog(connection, clock()):
            continue
        scheduled = schedule.tick(connection, clock())
        done.scheduled += scheduled
        rounds += 1
        if not scheduled or rounds == _MOST_ROUNDS:
            return done


@dataclass(slots=True)
class _Loop:
    """What one connection is worked with until it is lost or we are told to stop."""

    connection: Connection
    clock: Clock
    settings: ProcessSettings
    catalogue: Catalogue
    done: Done
    measures: Measures
    heartbeat: Heartbeat

    def run(self, stop: Event, nightly: Nightly) -> None:
        connection, clock, settings, measures = self.connection, self.clock, self.settings, self.measures
        rollups, kpis, schedule = Rollups(self.catalogue), Kpis(self.catalogue), Schedule(self.catalogue)
        most_buckets, most_values = settings.batch_buckets, settings.batch_values
        rest_buckets, rest_values = Portions(most_buckets), Portions(most_values)
        next_schedule = clock()
        everything_by = next_schedule + _EVERYTHING_AT_LEAST_EVERY
        while not stop.is_set():
            measures.begin_turn()
            began = monotonic()
            written = kpis.counts["written"]
            # What is of now goes first; the rest when less than half a batch of that came, and at the latest every
            # minute.
            buckets = rollups.batch(connection, most_buckets, clock(), recent=True)
            values = kpis.batch(connection, most_values, clock(), recent=True)
            overdue = clock() >= everything_by
            living = bool(buckets or values)
            rested = True
            if buckets < most_buckets // 2 or overdue:
                with rest_buckets.taken(living=living) as portion:
                    # Not what came since: beginning again with that costs as much as the first time.
                    portion.taken = rollups.batch(connection, portion.limit, clock(), upto=rollups.newest)
                buckets += portion.taken
                rested = portion.taken < portion.limit
            # While a history comes in, its hours are still being written: a month computed now is computed again soon.
            if (buckets < most_buckets and rested) or overdue:
                with rest_values.taken(living=living) as portion:
                    portion.taken = kpis.batch(connection, portion.limit, clock())
                values += portion.taken
                rested = rested and portion.taken < portion.limit
                everything_by = clock() + _EVERYTHING_AT_LEAST_EVERY
            self.done.buckets += buckets
            self.done.values += values
            measures.turned(buckets, values, kpis.counts["written"] - written)
            if clock() >= next_schedule:
                scheduled = schedule.tick(connection, clock())
                measures.scheduled.add(scheduled)
                self.done.scheduled += scheduled
                next_schedule = clock() + timedelta(seconds=schedule.every_seconds)
            nightly.turn(busy=bool(buckets or values))
            if measures.look(connection, clock()):
                self.heartbeat.beat(connection)
            if buckets or values:
                # What keeps coming is taken in batches, two a second at most, not one by one: a running bucket costs
                # the same for one more reading as for ten, and who stores them needs the machine too. Not where so
                # much waits that the next look would leave some of it.
                if rested and buckets < most_buckets and values < most_values:
                    took = monotonic() - began
                    way = measures.giving_way() if buckets < most_buckets // 2 else 0.0
                    stop.wait(max(settings.poll_seconds - took, took * way))
            else:
                _rest(connection, settings.poll_seconds)
        self.heartbeat.stop(connection)


def _heartbeat(measures: Measures, settings: ProcessSettings, clock: Clock) -> Heartbeat:
    """Lags are read from the queues by whoever asks; only what they do not tell is a problem of this process."""
    return Heartbeat("process", settings.instance, lambda: max(measures.lags.values()), list, clock)


def _rest(connection: Connection, seconds: float) -> None:
    """Until ingest says that something changed, or the time is over: values also become due by waiting."""
    for _ in connection.notifies(timeout=seconds, stop_after=1):
        pass
