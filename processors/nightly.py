"""The nightly audit: once a night per city, in small steps between the processor's other work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bypuls.clock import Clock
from bypuls.errors import DatabaseUnreachable
from bypuls.settings import ProcessSettings
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from processors.audit_agenda import Agenda, Span, tonight
from processors.auditing import Audited, alive, audit, begin_night, finish, newest_night
from processors.calculation import Catalogue
from processors.retention import apply_at_night

_SQL = queries("processors", "auditing.sql")
_LATEST_HOURS = 4
"""A processor that was away at the hour audits up to so many hours later; then the next night's comes."""

_DAYS = 2
"""So many days before the night are audited every time: what was final six hours after a day is in it once."""

_OLD = timedelta(days=8)
"""A week is audited when it has been over for so long: the latest values are final seven days after their end."""

_LOOK_SECONDS = 60.0
_BUSY_SECONDS = 2.0
_ALIVE_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """`steps` are of the audit; after it `dropping` are of what the city keeps, with a time of its own."""

    number: int
    city: str
    steps: Iterator[Audited]
    began: float
    alive: float
    done: Audited
    dropping: Iterator[bool] | None = None


@dataclass(slots=True)
class Nightly:
    """Audits the last two days and one older week of each city, another week every night, and has mended what is wrong.

    What the time is not enough for waits for the next night, and no other week's turn comes before it is done.
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
            self._fail(self._run)
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
                if self._begin_city(self._connection, city, night, ZoneInfo(zone)):
                    return
            self._connection.execute(_SQL["forget"], (now,))
        self.close()

    def _begin_city(self, connection: Connection, city: str, night: date, zone: ZoneInfo) -> bool:
        before = newest_night(connection, city)
        spans: list[Span] = []
        if before is not None and before[0] == night:  # its processor died
            done = before[1]
        else:
            left = before[1].unreached if before is not None else Agenda()
            row = connection.execute(_SQL["since_when"], (city,)).fetchone()
            audited: dict[datetime, date] = dict(connection.execute(_SQL["audited_weeks"], (city,)).fetchall())
            spans = spans_of(night, zone, row[0] if row else None, audited)
            if left.days:
                spans = spans[:1]
            done = Audited(unreached=tonight(left, spans))
            spans += left.spans()
        number = begin_night(connection, city, night, done.unreached, spans)
        if number is None:
            return False
        steps = audit(connection, self.catalogue, city, done, self.clock, mend=True)
        at = time.monotonic()
        self._run = _Run(number, city, steps, at, at, done)
        return True

    def _step(self, run: _Run) -> None:
        if self._connection is None:  # never: a run has one
            return
        with translated():
            ended = next(run.steps if run.dropping is None else run.dropping, None) is None
            at = time.monotonic()
            over = at - run.began > self.settings.audit_minutes * 60
            if run.dropping is None and (ended or over):
                self._audited(run, self._connection)
            elif ended:
                self._end()
            elif over:
                _log.warning("what %s keeps: its time was over before the end; the next night goes on there", run.city)
                self._end()
            elif at - run.alive > _ALIVE_SECONDS:
                alive(self._connection, run.number, run.done)
                run.alive = at

    def _audited(self, run: _Run, connection: Connection) -> None:
        """The audit is over; where it found nothing wrong, what the city need not keep may go."""
        done = run.done
        complete = not done.unreached.days
        finish(connection, run.number, done, complete=complete)
        said = done.summary()
        if not complete:
            said += f"; the time was over before {done.unreached}: the next night goes on there"
        if done.total:
            _log.error("audit of %s: %s; the first: %s", run.city, said, (done.public or ["of a household"])[0])
            self._end()
            return
        _log.log(logging.INFO if complete else logging.WARNING, "audit of %s: %s", run.city, said)
        run.dropping = apply_at_night(connection, run.city, self.clock)
        run.began = time.monotonic()

    def _fail(self, run: _Run) -> None:
        """The day at which it failed is not tried again every night: the next goes on behind it."""
        if run.dropping is None and self._connection is not None:
            run.done.unreached = Agenda(run.done.unreached.days[1:])
            with translated():
                finish(self._connection, run.number, run.done, complete=False)
        self._end()

    def _end(self) -> None:
        self._run = None
        self._look_at = 0.0


def night_of(now: datetime, zone: ZoneInfo, hour: int) -> date | None:
    """The night whose audit is due: the local day it ends on; None outside its hours."""
    local = now.astimezone(zone)
    since = local.hour - hour
    return local.date() if 0 <= since < _LATEST_HOURS else None


def spans_of(night: date, zone: ZoneInfo, first: datetime | None, audited: Mapping[datetime, date]) -> list[Span]:
    """The last two days, and the older week (from a Monday on) whose turn it is, in whole hours of UTC.

    Args:
        night: the local day.
        zone: the city's.
        first: the oldest reading.
        audited: when each week, by its beginning, was audited last.
    """
    spans: list[Span] = [(_midnight(night - timedelta(days=_DAYS), zone), _midnight(night, zone))]
    if first is None:
        return spans
    monday = first.astimezone(zone).date()
    monday -= timedelta(days=monday.weekday())
    weeks: list[Span] = []
    while monday + timedelta(days=7) <= night - _OLD:
        begin, monday = monday, monday + timedelta(days=7)
        weeks.append((_midnight(begin, zone), _midnight(monday, zone)))
    if not weeks:
        return spans
    never = date.min
    # Those that were never looked at first, the newest of them before all; then the one that waits longest.
    return [*spans, min(weeks, key=lambda week: (audited.get(week[0], never), -week[0].timestamp()))]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).replace(minute=0)
