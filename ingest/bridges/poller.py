"""Keeps the time: asks each station when it is due, publishes what is new, notes what went wrong, and goes on."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from bypuls.clock import Clock
from bypuls.errors import BypulsError, DatabaseUnreachable, NotFound
from bypuls.storage.database import Connection, translated
from ingest.bridges.answers import Answer, read_answer
from ingest.bridges.configuration import BridgeFile, check_bridge, load_bridges
from ingest.bridges.definition import Definition
from ingest.bridges.progress import Progress, Published, Station
from ingest.bridges.service import Service, ServiceError
from ingest.bridges.windows import Window, advanced, after_failure, next_run, windows

_LOG = logging.getLogger(__name__)
_LOOK_AGAIN_SECONDS = 15.0
_OUTBOX_FULL = timedelta(minutes=1)


@dataclass(slots=True)
class Round:
    """What one round over the bridges did."""

    asked: int = 0
    failed: list[str] = field(default_factory=list)
    published: Published = field(default_factory=Published)

    def __str__(self) -> str:
        done = self.published
        return (
            f"{self.asked} stations asked, {len(self.failed)} failed; {done.values} values published in "
            f"{done.messages} messages, {done.corrected} of them corrections"
        )


class Poller:
    """Asks for every bridge that is set up, or for some of them.

    Args:
        open_database: connects as writer, in autocommit; called again after a loss.
        names: only these bridges; empty: all that are enabled.
        since: ask from there on this time, whatever was asked before.
        transport: in place of the network, in tests.
    """

    def __init__(
        self,
        open_database: Callable[[], Connection],
        definitions: Mapping[str, Definition],
        clock: Clock,
        *,
        names: Collection[str] = (),
        since: datetime | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._open_database = open_database
        self._definitions = definitions
        self._clock = clock
        self._names = frozenset(names)
        self._since = since
        self._transport = transport
        self._pace: dict[str, float] = {}
        self._database: Connection | None = None

    def run(self, stop: threading.Event) -> None:
        """Ask when something is due, until `stop` is set; a database that is away is waited for."""
        try:
            while not stop.is_set():
                try:
                    done = self.round(stop)
                    if done.asked:
                        _LOG.info("bridges: %s", done)
                except DatabaseUnreachable as error:
                    _LOG.warning("%s; trying again", error)
                    self.close()
                stop.wait(_LOOK_AGAIN_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()

    def round(self, stop: threading.Event, *, everything: bool = False) -> Round:
        """Ask every station that is due, or everything, once.

        Raises:
            NotFound: a bridge that was named is not set up.
        """
        done = Round()
        with translated():
            if self._database is None or self._database.closed:
                self._database = self._open_database()
            connection, progress = self._database, Progress(self._database)
            for bridge in self._bridges(connection):
                due = [one for one in progress.stations(bridge.name) if everything or one.next_run <= self._clock()]
                if not due or stop.is_set():
                    continue
                if not progress.take(bridge.name):
                    _LOG.info("bridge %s: another process asks for it now", bridge.name)
                    continue
                try:
                    self._ask(bridge, due, progress, done, stop)
                finally:
                    if not connection.closed:
                        progress.release(bridge.name)
        return done

    def _bridges(self, connection: Connection) -> list[BridgeFile]:
        found = load_bridges(connection)
        missing = self._names - {bridge.name for bridge in found}
        if missing:
            known = ", ".join(bridge.name for bridge in found) or "none is set up: 'bypuls bridge add FILE'"
            raise NotFound(f"no bridge {', '.join(sorted(missing))}; there are: {known}")
        return [bridge for bridge in found if (bridge.name in self._names if self._names else bridge.enabled)]

    def _ask(
        self, bridge: BridgeFile, due: list[Station], progress: Progress, done: Round, stop: threading.Event
    ) -> None:
        try:
            definition = check_bridge(bridge, self._definitions)
            service = Service(
                bridge, definition, self._pace, transport=self._transport, wait=lambda seconds: _rest(stop, seconds)
            )
        except BypulsError as error:
            for station in due:
                self._failed(bridge, station, error, progress, done)
            return
        try:
            for station in due:
                if stop.is_set():
                    return
                try:
                    with translated():
                        self._take(bridge, definition, service, station, progress, done, stop)
                except DatabaseUnreachable:
                    raise
                except Exception as error:  # noqa: BLE001 - one station stops no other, not even by a fault of ours
                    until = self._failed(bridge, station, error, progress, done)
                    if isinstance(error, ServiceError) and error.busy:
                        progress.hold(bridge.name, until)
                        return
        finally:
            service.close()

    def _take(
        self,
        bridge: BridgeFile,
        definition: Definition,
        service: Service,
        station: Station,
        progress: Progress,
        done: Round,
        stop: threading.Event,
    ) -> None:  # fmt: skip
        now = self._clock()
        left_out: Counter[str] = Counter()
        done.asked += 1
        newest, complete_to = station.newest, station.complete_to
        for window in windows(self._since or complete_to, now, definition.window):
            if stop.is_set():
                return  # what was answered is kept; the rest is asked for at the next start
            if progress.outbox_is_full():
                raise _OutboxFull
            answer = ask(service, definition, bridge, station.station, window)
            newest = max((time for time in (newest, answer.newest) if time is not None), default=None)
            complete_to = advanced(complete_to, window.end, newest, now, definition)
            done.published.add(progress.publish(bridge, station, answer, complete_to, now))
            left_out += answer.left_out
        again = next_run(f"{bridge.name} {station.station}", now, definition, bridge.interval)
        progress.succeeded(bridge.name, station.station, now, again, left_out)

    def _failed(
        self, bridge: BridgeFile, station: Station, error: Exception, progress: Progress, done: Round
    ) -> datetime:
        now = self._clock()
        wanted = error.wanted if isinstance(error, ServiceError) else None
        until = (
            now + _OUTBOX_FULL if isinstance(error, _OutboxFull) else after_failure(station.failures + 1, now, wanted)
        )
        said = str(error) if isinstance(error, BypulsError) else f"a fault of ours, {type(error).__name__}: {error}"
        line = f"bridge {bridge.name}, station {station.station}: {said}"
        _LOG.error("%s; nothing is skipped, trying again at %s", line, f"{until:%Y-%m-%d %H:%M:%S}Z")
        done.failed.append(line)
        progress.failed(bridge.name, station.station, now, until, said)
        return until


class _OutboxFull(BypulsError):
    """More waits to be published than goes out."""

    def __init__(self) -> None:
        super().__init__("20,000 messages wait to be published: is ingest running, and connected to its broker?")


def ask(service: Service, definition: Definition, bridge: BridgeFile, station: str, window: Window) -> Answer:
    """Everything that a service says of one station and window: all its pages together, or none of them.

    Raises:
        ServiceError, ChangedShape: see `Service.pages` and `read_answer`.
    """
    whole, chosen = Answer(), bridge.chosen(definition)
    for document in service.pages(station, window):
        part = read_answer(document, definition, chosen)
        whole.values += part.values
        whole.left_out += part.left_out
        whole.newest = max((time for time in (whole.newest, part.newest) if time is not None), default=None)
    return whole


def _rest(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)
