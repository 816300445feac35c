"""The nightly audit: once a night per city, in small steps between the processor's other work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bypuls.clock import Clock
from bypuls.errors import DatabaseUnreachable
from bypuls.settings import ProcessSettings
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from processors.auditing import Audited, Span, audit, begin_night, finish
from processors.calculation import Catalogue

_SQL = queries("processors", "auditing.sql")
_LATEST_HOURS = 4
"""A processor that was away at the hour audits up to so many hours later; then the next night's comes."""

_LOOK_SECONDS = 60.0
_BUSY_SECONDS = 2.0
_ALIVE_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    number: int
    city: str
    steps: Iterator[Audited]
    began: float
    alive: float
    done: Audited = field(default_factory=Audited)


@dataclass(slots=True)
class Nightly:
    """Audits yesterday and one older week of each city, another week every night, and has mended what is wrong.

    On a connection of its own: what it computes is rolled back, and must not take the processor's with it.

    Args:
        connect: opens a connection as writer.
    """

    connect: Callable[[], Connection]
    catalogue: Catalogue
    clock: Clock
    settings: ProcessSettings
    _connection: Connection | None = None
    _run: _Run | None = None
    _look_at: float = 0.0
    _step_at: float = 0.0

    def turn(self, *, busy: bool) -> None:
        """Do one step, of a second or so, if it is time for one; while others wait only now and then.

        Raises:
            DatabaseUnreachable: the run is begun again later.
        """
        at = time.monotonic()
        if self._run is None:
            if self.settings.audit and at >= self._look_at:
                self._look_at = at + _LOOK_SECONDS
                self._begin()
            return
        if busy and at < self._step_at:
            return
        try:
            self._step(self._run)
        except DatabaseUnreachable:
            self.close()
            raise
        except Exception:  # noqa: BLE001 - the audit watches the work; it must never stop it
            _log.exception("the audit of %s failed and ends; what it found so far is kept", self._run.city)
            self._end(complete=False)
        self._step_at = time.monotonic() + _BUSY_SECONDS

    def close(self) -> None:
        """Let go of the connection; an unfinished run is begun again by whoever comes after."""
        self._run = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin(self) -> None:
        with translated():
            if self._connection is None:
                self._connection = self.connect()
                self._connection.autocommit = True
            now = self.clock()
            for city, zone, newest in self._connection.execute(_SQL["cities"]).fetchall():
                night = night_of(now, ZoneInfo(zone), self.settings.audit_hour)
                if night is None or (newest is not None and newest >= night):
                    continue
                spans = self._spans(self._connection, city, night, ZoneInfo(zone))
                number = begin_night(self._connection, city, night, spans)
                if number is not None:
                    steps = audit(self._connection, self.catalogue, city, spans, self.clock, mend=True)
                    at = time.monotonic()
                    self._run = _Run(number, city, steps, at, at)
                    return
            self._connection.execute(_SQL["forget"], (now,))
        self.close()

    def _spans(self, connection: Connection, city: str, night: date, zone: ZoneInfo) -> list[Span]:
        row = connection.execute(_SQL["since_when"], (city,)).fetchone()
        audited: dict[datetime, date] = dict(connection.execute(_SQL["audited_weeks"], (city,)).fetchall())
        return spans_of(night, zone, row[0] if row else None, audited)

    def _step(self, run: _Run) -> None:
        if self._connection is None:  # never: a run has one
            return
        with translated():
            try:
                run.done = next(run.steps)
            except StopIteration:
                self._end(complete=True)
                return
            at = time.monotonic()
            if at - run.began > self.settings.audit_minutes * 60:
                self._end(complete=False)
            elif at - run.alive > _ALIVE_SECONDS:
                self._connection.execute(_SQL["alive"], (run.number,))
                run.alive = at

    def _end(self, *, complete: bool) -> None:
        run = self._run
        if run is None or self._connection is None:
            return
        with translated():
            finish(self._connection, run.number, run.done, complete=complete)
        said = run.done.summary() + ("" if complete else " (the time for it was over before the end)")
        if run.done.total:
            _log.error("audit of %s: %s; the first: %s", run.city, said, (run.done.public or ["of a household"])[0])
        else:
            _log.info("audit of %s: %s", run.city, said)
        self._run = None
        self._look_at = 0.0


def night_of(now: datetime, zone: ZoneInfo, hour: int) -> date | None:
    """The night whose audit is due: the local day it ends on; None outside its hours."""
    local = now.astimezone(zone)
    since = local.hour - hour
    return local.date() if 0 <= since < _LATEST_HOURS else None


def spans_of(night: date, zone: ZoneInfo, first: datetime | None, audited: Mapping[datetime, date]) -> list[Span]:
    """Yesterday, and the older week (from a Monday on) whose turn it is, in whole hours of UTC.

    Args:
        night: the local day.
        zone: the city's.
        first: the oldest reading.
        audited: when each week, by its beginning, was audited last.
    """
    yesterday, today = _midnight(night - timedelta(days=1), zone), _midnight(night, zone)
    spans: list[Span] = [(yesterday, today)]
    if first is None or first >= yesterday:
        return spans
    monday = first.astimezone(zone).date()
    monday -= timedelta(days=monday.weekday())
    weeks: list[Span] = []
    while (begin := _midnight(monday, zone)) < yesterday:
        monday += timedelta(days=7)
        weeks.append((begin, min(_midnight(monday, zone), yesterday)))
    never = date.min
    # Those that were never looked at first, the newest of them before all; then the one that waits longest.
    return [*spans, min(weeks, key=lambda week: (audited.get(week[0], never), -week[0].timestamp()))]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).replace(minute=0)
