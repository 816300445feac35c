"""The ingest process: take, prepare, write, only then acknowledge. Waits out a database that is away, loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from bypuls.clock import Clock
from bypuls.errors import BrokerError, DatabaseUnreachable, NotStorable
from bypuls.observing.readiness import Heartbeat
from bypuls.settings import HealthSettings, IngestSettings, load
from bypuls.storage.database import Connection as Database
from bypuls.storage.database import translated
from bypuls.storage.queries import queries
from ingest.arrivals import as_first_arrived
from ingest.broker import Outgoing, acknowledge, connections
from ingest.decoding import Message, Source
from ingest.digests import Hashes, digest
from ingest.housekeeping import Housekeeping
from ingest.inbox import Delivery, Inbox
from ingest.memories import Memories, Noted
from ingest.one_by_one import append, not_storable, outcome_of
from ingest.pipeline import Pipeline, Prepared, clean
from ingest.reasons import shortened
from ingest.seen import Seen
from ingest.sources import BUILT_IN
from ingest.topics import matches
from ingest.totals import Totals
from ingest.writer import Arrival, Batch, Writer

_LOG = logging.getLogger(__name__)
_WRITER_SQL = queries("ingest", "writer.sql")
_REGISTRY_SQL = queries("ingest", "registry.sql")
_BUILT_IN = frozenset(source.name for source in BUILT_IN)
_HOUSEKEEPING_SECONDS = 5.0
_OUTBOX_SECONDS = 1.0
_LONGEST_PAUSE = 10.0
_MEMORY_SECONDS = 600.0


class Ingest:
    """One ingest process. What it works with is built on a connection, and built again when the database was away.

    Args:
        open_database: connects as writer; called again after a loss.
        new_pipeline: builds a pipeline on that connection.
        sources: where messages come from.
        broker_url: the broker of sources that name none.
        memories: what decoding remembers; it follows what is written.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        new_pipeline: Callable[[Database], Pipeline],
        sources: Sequence[Source],
        broker_url: str,
        settings: IngestSettings,
        clock: Clock,
        memories: Memories,
    ) -> None:
        self._open_database = open_database
        self._new_pipeline = new_pipeline
        self._settings = settings
        self._clock = clock
        self._memories = memories
        self._noted: list[Noted] = []
        self._sources = tuple(sources)
        self._inbox = Inbox(settings.buffer_messages, settings.buffer_bytes)
        self._brokers = connections(sources, broker_url, settings.instance, self._inbox, clock)
        self._database: Database | None = None
        self._pipeline: Pipeline | None = None
        self._writer: Writer | None = None
        self._house: Housekeeping | None = None
        self._housekeeping_at = 0.0
        self._outbox_at = 0.0
        self._memory_at = time.monotonic()
        self.totals = Totals()
        self._heartbeat = Heartbeat("ingest", settings.instance, self._lag, self._broker_problems, clock)

    def problems(self) -> list[str]:
        """What keeps it from its work, in words; asked by any thread."""
        return [*self.totals.problems(self._lag(), load(HealthSettings).ingest_lag_seconds), *self._broker_problems()]

    def _lag(self) -> float:
        return self.totals.lag(self._clock())

    def _broker_problems(self) -> list[str]:
        away = [broker for broker in self._brokers if not broker.connected]
        return [f"the broker {one.address.host}:{one.address.port} is not connected" for one in away]

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        Raises:
            BrokerError: our own broker refuses our credentials; another one is left out.
            SchemaError: the database has another version's schema.
        """
        self._until_it_works(self._connect, stop)
        for broker in self._brokers:
            broker.start()
        try:
            while not stop.is_set():
                self._turn(stop)
            self._until_it_works(self._end, stop)
        finally:
            self._inbox.closed = True
            for broker in self._brokers:
                broker.stop()
            if self._database is not None:
                self._database.close()
            _LOG.info("ingest stopped after %s", self.totals)

    def _end(self) -> None:
        self._keep_house()
        self._heartbeat.stop(self._parts()[0])

    def _turn(self, stop: threading.Event) -> None:
        self.totals.begin_turn()
        self._check_brokers()
        deliveries = self._inbox.take(self._settings.batch_messages, self._settings.batch_seconds)
        if deliveries:
            self.totals.taken(deliveries[0].message.received_at)
            if self._until_it_works(lambda: self._store(deliveries), stop):
                acknowledge(deliveries)
        now = time.monotonic()
        if now - self._outbox_at >= _OUTBOX_SECONDS:
            self._outbox_at = now
            self._until_it_works(self._send_outbox, stop)
            self._until_it_works(self._replay_quarantined, stop)
        if now - self._housekeeping_at >= _HOUSEKEEPING_SECONDS:
            self._housekeeping_at = now
            self._until_it_works(self._keep_house, stop)

    def _check_brokers(self) -> None:
        """A broker of added sources alone that refuses us does not stop the others."""
        for broker in tuple(self._brokers):
            try:
                broker.check()
            except BrokerError as error:
                if any(source.name in _BUILT_IN for source in broker.sources):
                    raise
                names = ", ".join(source.name for source in broker.sources)
                _LOG.error("%s; left out until ingest is started again: %s", error, names)
                self._brokers.remove(broker)
                broker.stop()

    def _until_it_works(self, work: Callable[[], None], stop: threading.Event) -> bool:
        """Do it again until the database answers; False when we are to stop first."""
        pause = 0.2
        while True:
            try:
                with translated():
                    if self._database is None or self._database.closed:
                        self._connect()
                    work()
            except DatabaseUnreachable as error:
                _LOG.warning("%s; trying again in %.1f s (nothing is acknowledged meanwhile)", error, pause)
                self._disconnect()
                self.totals.away()
                for broker in self._brokers:
                    broker.fall_behind()
                if stop.wait(pause):
                    return False
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self.totals.away_since = None
                return True

    def _connect(self) -> None:
        if self._database is not None and not self._database.closed:
            return
        database = self._open_database()
        database.add_notify_handler(lambda _: self._hear_of_registry())
        database.execute("LISTEN bypuls_registry")
        database.commit()
        seen = self._pipeline.seen if self._pipeline is not None else Seen()
        self._database, self._writer, self._pipeline = database, Writer(database), self._new_pipeline(database)
        self._pipeline.seen, self._house = seen, Housekeeping(database)

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()

    def _hear_of_registry(self) -> None:
        if self._pipeline is not None:
            self._pipeline.registry_changed = True

    def _parts(self) -> tuple[Database, Pipeline, Writer]:
        if self._database is None or self._pipeline is None or self._writer is None:
            raise DatabaseUnreachable("the database is not connected yet")
        return self._database, self._pipeline, self._writer

    def _store(self, deliveries: Sequence[Delivery]) -> None:
        """Prepared anew at each try: after a reconnect quality control remembers what is stored, not what was tried."""
        self._begin()
        messages = self._as_first_arrived(deliveries)
        prepared = self._prepare(messages)
        timeless = [n for n in prepared.timeless if deliveries[n].mid]
        prepared.batch.arrivals = [
            Arrival(deliveries[n].connection.client_id, deliveries[n].mid, digest(message), message.received_at, n)
            for n in timeless
            for message in (messages[n][0],)
        ]
        self._write(prepared.batch, range(len(messages)), messages)
        self._memories.settle(self._noted)
        now, sources = self._clock(), [delivery.source.name for delivery in deliveries]
        lags = [(now - delivery.message.received_at).total_seconds() for delivery in deliveries]
        self.totals.committed(sources, prepared.stored, prepared.refused, lags)

    def _begin(self) -> None:
        """What decoding remembers is what is stored, whatever became of an earlier try."""
        self._memories.rollback()
        self._noted = []

    def _as_first_arrived(self, deliveries: Sequence[Delivery]) -> list[tuple[Message, Source]]:
        """A redelivered message that states no time is of the time at which it first came."""
        again = [delivery for delivery in deliveries if delivery.redelivered and delivery.mid]
        if not again:
            return [(delivery.message, delivery.source) for delivery in deliveries]
        database, _, _ = self._parts()
        clients, mids = [one.connection.client_id for one in again], [one.mid for one in again]
        rows = database.execute(_WRITER_SQL["first_arrivals"], (clients, mids)).fetchall()
        stored = {(client, mid): (bytes(message_hash), time) for client, mid, message_hash, time in rows}
        return as_first_arrived(deliveries, stored)

    def _prepare(self, messages: Sequence[tuple[Message, Source]]) -> Prepared:
        """Prepare the messages; if one of them makes that fail, each by itself, and that one is refused."""
        database, pipeline, _ = self._parts()
        try:
            with translated():
                return pipeline.prepare(messages)
        except DatabaseUnreachable:
            raise
        except Exception as error:  # noqa: BLE001 - one bad message stops nothing, not even by a fault of ours
            pipeline.start_again()
            if len(messages) == 1:
                message, source = messages[0]
                _LOG.exception("a message on %s cannot be prepared", shortened(message.topic))
                return Prepared(not_storable(message, source, f"{type(error).__name__}: {error}"), [0], [[]])
        self._memories.rollback()  # decoding and quality control have seen half of the batch
        self._pipeline = self._new_pipeline(database)
        self._pipeline.seen = pipeline.seen
        whole = Prepared(Batch(hashes=Hashes(messages)), [], [])
        for n, one in enumerate(messages):
            append(whole, self._prepare([one]), n)
        return whole

    def _write(self, batch: Batch, part: range, messages: Sequence[tuple[Message, Source]]) -> None:
        """Write the batch; if the database refuses the data, halve it until the message that it refuses is found."""
        _, pipeline, writer = self._parts()
        try:
            with translated():
                written = writer.write(batch)
        except NotStorable as error:
            pipeline.start_again()
            if len(part) == 1:
                message, source = messages[part.start]
                _LOG.error("a message on %s is not storable: %s", shortened(message.topic), error)
                with translated():
                    written = writer.write(not_storable(message, source, str(error)))
            else:
                middle = (part.start + part.stop) // 2
                self._write(batch.of(range(part.start, middle)), range(part.start, middle), messages)
                self._write(batch.of(range(middle, part.stop)), range(middle, part.stop), messages)
                return
        else:
            self._noted += batch.notes
        self.totals.add(len(part), written)
        if batch.quarantined:  # whoever looks for what went wrong looks now
            self._housekeeping_at = min(self._housekeeping_at, time.monotonic() - _HOUSEKEEPING_SECONDS + 0.5)

    def _send_outbox(self) -> None:
        """Publish what waits, for a bounded time; a row goes only when its broker has acknowledged it."""
        database, _, _ = self._parts()
        for broker in self._brokers:
            if not broker.connected:
                continue
            names = [source.name for source in broker.sources]
            rows = database.execute(_WRITER_SQL["outgoing"], (names,)).fetchall()
            sent = broker.publish([Outgoing(*row) for row in rows], _OUTBOX_SECONDS)
            if sent:
                database.execute(_WRITER_SQL["posted"], (sent,))
                broker.posted(sent)

    def _replay_quarantined(self) -> None:
        """Read again what a person asked for, and write down what came of it."""
        database, _, _ = self._parts()
        for number, topic, payload, received_at in database.execute(_WRITER_SQL["replay_asked"]).fetchall():
            self._begin()
            message = Message(topic, bytes(payload), received_at, replayed=True)
            source = next((known for known in self._sources if matches(topic, known.topic_filter)), None)
            if source is None:
                database.execute(_WRITER_SQL["replayed"], ("no source reads this topic any more", 0, number))
                continue
            prepared = self._prepare([(message, source)])
            prepared.batch.quarantined.clear()
            prepared.batch.posts.clear()
            try:
                with translated():
                    self._parts()[2].write(prepared.batch)
                self._memories.settle(prepared.batch.notes)
                outcome, stored = outcome_of(prepared), prepared.stored[0]
            except NotStorable as error:
                self._parts()[1].start_again()
                outcome, stored = f"still not storable: {error}", 0
            database.execute(_WRITER_SQL["replayed"], (clean(outcome), stored, number))

    def _keep_house(self) -> None:
        """Tell the registry who spoke, keep the devices' recent messages, hear of changes in the registry."""
        database, pipeline, _ = self._parts()
        if self._house is not None:
            with database.transaction():
                waiting = self._house.keep(pipeline.seen)
            pipeline.seen = waiting
        self._heartbeat.beat(database)
        for broker in self._brokers:
            for source, granted in broker.granted().items():
                database.execute(_REGISTRY_SQL["granted"], (granted, source, granted))
        if time.monotonic() - self._memory_at >= _MEMORY_SECONDS:
            self._memory_at = time.monotonic()
            with database.transaction():
                self._memories.keep_house(database)
            if self._settings.payload_days:
                age = timedelta(days=self._settings.payload_days)
                for statement in ("forget_payloads", "forget_recent"):
                    database.execute(_WRITER_SQL[statement], (age,))
