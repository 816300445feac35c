"""The ingest process: take, prepare, write, only then acknowledge. Waits out a database that is away, loses nothing.

While a batch is written, the next one is prepared: one and no more. Whatever of the database that would have to see the
batch under way is read when it is written. If it cannot be written as it was prepared, everything prepared on it is
dropped, it is stored by itself, and the next one is prepared anew: what is stored is what one after the other gives.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

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
from ingest.flight import Flight, Ready
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
from ingest.writer import Arrival, Batch, Writer, Written

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
        new_pipeline: builds a pipeline on that connection, given what it is to call before it reads the database.
        sources: where messages come from.
        broker_url: the broker of sources that name none.
        memories: what decoding remembers; it follows what is written.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        new_pipeline: Callable[[Database, Callable[[], None]], Pipeline],
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
        self._flight: Flight | None = None
        self._owed: Sequence[Delivery] = ()
        self._database: Database | None = None
        self._writing: Database | None = None
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
            self._disconnect()
            _LOG.info("ingest stopped after %s", self.totals)

    def _end(self) -> None:
        self._land()
        self._keep_house()
        self._heartbeat.stop(self._parts()[0])

    def _turn(self, stop: threading.Event) -> None:
        self.totals.begin_turn()
        self._check_brokers()
        deliveries = self._inbox.take(self._settings.batch_messages, self._settings.batch_seconds)
        if deliveries:
            self.totals.taken(deliveries[0].message.received_at)
            self._until_it_works(lambda: self._pass_on(deliveries), stop)
        elif self._flight is not None:
            self._until_it_works(self._land, stop)
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

    def _until_it_works(self, work: Callable[[], object], stop: threading.Event) -> bool:
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
        """Two connections: what is prepared is read on the one while the batch before is written on the other."""
        if self._database is not None and not self._database.closed:
            return
        database = self._database = self._open_database()
        database.add_notify_handler(lambda _: self._hear_of_registry())
        database.execute("LISTEN bypuls_registry")
        database.commit()
        self._writing = self._open_database()
        self._writer = Writer(self._writing)
        self._new_picture(database)
        self._house = Housekeeping(database)

    def _new_picture(self, database: Database) -> Pipeline:
        """A pipeline that knows what is stored and nothing else; what was seen is still to be told."""
        seen = self._pipeline.seen if self._pipeline is not None else Seen()
        pipeline = self._pipeline = self._new_pipeline(database, self._wait_for_flight)
        pipeline.seen = seen
        return pipeline

    def _disconnect(self) -> None:
        self._wait_for_flight()
        for database in (self._database, self._writing):
            if database is not None:
                database.close()

    def _wait_for_flight(self) -> None:
        if self._flight is not None:
            self._flight.wait()

    def _hear_of_registry(self) -> None:
        if self._pipeline is not None:
            self._pipeline.registry_changed = True

    def _parts(self) -> tuple[Database, Pipeline, Writer]:
        if self._database is None or self._pipeline is None or self._writer is None:
            raise DatabaseUnreachable("the database is not connected yet")
        return self._database, self._pipeline, self._writer

    def _pass_on(self, deliveries: Sequence[Delivery]) -> None:
        """Prepare the batch while the one before it is written, then have it written."""
        if self._owed or self._rests_on_flight(deliveries):
            self._land()
        ready = self._made_ready(deliveries)
        if not self._land():
            ready = self._made_ready(deliveries)
        _, _, writer = self._parts()
        self._flight = Flight(
            ready, lambda: writer.write(ready.prepared.batch), lambda: acknowledge(deliveries), self._clock
        )

    def _rests_on_flight(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether these can be prepared only when the batch under way is stored.

        What it noted is kept or not, or one of them may have come first in it.
        """
        flight = self._flight
        return flight is not None and (
            bool(flight.ready.prepared.batch.notes) or any(delivery.redelivered for delivery in deliveries)
        )

    def _land(self) -> bool:
        """The batch under way, if there is one, is stored and acknowledged after this.

        Returns:
            Whether it came out as prepared; if not, what was prepared since rests on what did not come to pass.

        Raises:
            DatabaseUnreachable: it is not, and will be the next time.
        """
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.wait()
            if flight.written is not None and flight.stored_at is not None:
                batch = flight.ready.prepared.batch
                self._count(len(flight.ready.deliveries), batch, flight.written)
                self._settle(flight.ready, batch.notes, flight.stored_at)
                return True
            self._owed = flight.ready.deliveries
            self._disconnect()  # what quality control and decoding remember is of later messages, too
            if isinstance(flight.error, DatabaseUnreachable):
                raise flight.error
            self._connect()
        if not self._owed:
            return True
        self._store(self._owed)
        acknowledge(self._owed)
        self._owed = ()
        return False

    def _store(self, deliveries: Sequence[Delivery]) -> None:
        """Prepared anew at each try: after a reconnect quality control remembers what is stored, not what was tried."""
        ready = self._made_ready(deliveries)
        self._write(ready.prepared.batch, range(len(deliveries)), ready.messages)
        self._settle(ready, self._noted, self._clock())

    def _made_ready(self, deliveries: Sequence[Delivery]) -> Ready:
        self._begin()
        messages = self._as_first_arrived(deliveries)
        prepared = self._prepare(messages)
        timeless = [n for n in prepared.timeless if deliveries[n].mid]
        prepared.batch.arrivals = [
            Arrival(deliveries[n].connection.client_id, deliveries[n].mid, digest(message), message.received_at, n)
            for n in timeless
            for message in (messages[n][0],)
        ]
        return Ready(deliveries, messages, prepared)

    def _settle(self, ready: Ready, noted: list[Noted], stored_at: datetime) -> None:
        """A batch is stored: what decoding noted of it is believed, and how long it took is known."""
        if noted:
            self._memories.settle(noted)
        sources = [delivery.source.name for delivery in ready.deliveries]
        lags = [(stored_at - delivery.message.received_at).total_seconds() for delivery in ready.deliveries]
        self.totals.committed(sources, ready.prepared.stored, ready.prepared.refused, lags)

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
        self._new_picture(database)
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
        self._count(len(part), batch, written)

    def _count(self, messages: int, batch: Batch, written: Written) -> None:
        self.totals.add(messages, written)
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
        asked = database.execute(_WRITER_SQL["replay_asked"]).fetchall()
        if asked:
            self._land()
            database, _, _ = self._parts()
        for number, topic, payload, received_at in asked:
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
        """Tell the registry who spoke, keep the devices' recent messages (of what is stored), hear of changes in it."""
        self._land()
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
