"""The ingest process: take, prepare, write, only then acknowledge. Waits out a database that is away, loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bypuls.clock import Clock
from bypuls.errors import DatabaseUnreachable, NotStorable
from bypuls.settings import IngestSettings
from bypuls.storage.database import Connection as Database
from bypuls.storage.database import translated
from bypuls.storage.queries import queries
from ingest.broker import Delivery, Inbox, acknowledge, connections
from ingest.decoding import Message, Source
from ingest.pipeline import Pipeline, Prepared, Seen, clean, digest
from ingest.reasons import refusal
from ingest.writer import Batch, Quarantined, Writer, Written

_LOG = logging.getLogger(__name__)
_WRITER_SQL = queries("ingest", "writer.sql")
_REGISTRY_SQL = queries("ingest", "registry.sql")
_HOUSEKEEPING_SECONDS = 5.0
_OUTBOX_SECONDS = 1.0
_REMEMBERED_PER_ROUND = 2000
_LONGEST_PAUSE = 10.0


class Totals:
    """What this process has done since it started, for the log and for tests."""

    def __init__(self) -> None:
        self.messages = 0
        self.written = Written()

    def add(self, messages: int, written: Written) -> None:
        """Count one batch."""
        self.messages += messages
        self.written.stored += written.stored
        self.written.corrected += written.corrected
        self.written.repeated += written.repeated
        self.written.quarantined += written.quarantined

    def __str__(self) -> str:
        done = self.written
        return (
            f"{self.messages} messages: {done.stored} values stored, {done.corrected} corrected, "
            f"{done.repeated} there already, {done.quarantined} messages in quarantine"
        )


class Ingest:
    """One ingest process. What it works with is built on a connection, and built again when the database was away.

    Args:
        open_database: connects as writer; called again after a loss.
        new_pipeline: builds a pipeline on that connection.
        sources: where messages come from.
        broker_url: the broker of sources that name none.
    """

    def __init__(
        self,
        open_database: Callable[[], Database],
        new_pipeline: Callable[[Database], Pipeline],
        sources: Sequence[Source],
        broker_url: str,
        settings: IngestSettings,
        clock: Clock,
    ) -> None:
        self._open_database = open_database
        self._new_pipeline = new_pipeline
        self._settings = settings
        self._clock = clock
        self._sources = {source.name: source for source in sources}
        self._inbox = Inbox(settings.buffer_messages)
        self._brokers = connections(sources, broker_url, settings.instance, self._inbox, clock)
        self._database: Database | None = None
        self._pipeline: Pipeline | None = None
        self._writer: Writer | None = None
        self._housekeeping_at = 0.0
        self._outbox_at = 0.0
        self._slots: dict[int, int] = {}
        self.totals = Totals()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        Raises:
            BrokerError: a broker refuses our credentials.
            SchemaError: the database has another version's schema.
        """
        self._until_it_works(self._connect, stop)
        for broker in self._brokers:
            broker.start()
        try:
            while not stop.is_set():
                self._turn(stop)
        finally:
            self._inbox.closed = True
            for broker in self._brokers:
                broker.stop()
            if self._database is not None:
                self._database.close()
            _LOG.info("ingest stopped after %s", self.totals)

    def _turn(self, stop: threading.Event) -> None:
        for broker in self._brokers:
            broker.check()
        deliveries = self._inbox.take(self._settings.batch_messages, self._settings.batch_seconds)
        if deliveries and self._until_it_works(lambda: self._store(deliveries), stop):
            acknowledge(deliveries)
        now = time.monotonic()
        if now - self._outbox_at >= _OUTBOX_SECONDS:
            self._outbox_at = now
            self._until_it_works(self._send_outbox, stop)
            self._until_it_works(self._replay_quarantined, stop)
        if now - self._housekeeping_at >= _HOUSEKEEPING_SECONDS:
            self._housekeeping_at = now
            self._until_it_works(self._keep_house, stop)

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
                if stop.wait(pause):
                    return False
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
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
        self._pipeline.seen = seen

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()

    def _hear_of_registry(self) -> None:
        if self._pipeline is not None:
            self._pipeline.registry_changed = True

    def _parts(self) -> tuple[Database, Pipeline, Writer]:
        if self._database is None or self._pipeline is None or self._writer is None:
            message = "the database is not connected yet"
            raise DatabaseUnreachable(message)
        return self._database, self._pipeline, self._writer

    def _store(self, deliveries: Sequence[Delivery]) -> None:
        """Prepared anew at each try: after a reconnect quality control remembers what is stored, not what was tried."""
        _, pipeline, _ = self._parts()
        self._write([(delivery.message, delivery.source) for delivery in deliveries], pipeline)

    def _write(self, messages: Sequence[tuple[Message, Source]], pipeline: Pipeline) -> Prepared:
        """Write the batch; if the database refuses the data, halve it until the message that it refuses is found."""
        _, _, writer = self._parts()
        prepared = pipeline.prepare(messages)
        try:
            with translated():
                written = writer.write(prepared.batch)
        except NotStorable as error:
            if len(messages) == 1:
                message, source = messages[0]
                _LOG.error("a message on %s is not storable: %s", message.topic, error)
                written = writer.write(_not_storable(message, source, str(error)))
            else:
                middle = len(messages) // 2
                self._write(messages[:middle], pipeline)
                self._write(messages[middle:], pipeline)
                return prepared
        self.totals.add(len(messages), written)
        if prepared.batch.quarantined:  # whoever looks for what went wrong looks now
            self._housekeeping_at = min(self._housekeeping_at, time.monotonic() - _HOUSEKEEPING_SECONDS + 0.5)
        return prepared

    def _send_outbox(self) -> None:
        """Publish what waits; a row goes only when its broker has acknowledged."""
        database, _, _ = self._parts()
        for broker in self._brokers:
            if not broker.connected:
                continue
            with database.transaction():
                names = [source.name for source in broker.sources]
                rows = database.execute(_WRITER_SQL["outgoing"], (names,)).fetchall()
                sent = [
                    number
                    for number, topic, payload, qos, retain in rows
                    if broker.publish(topic, bytes(payload), qos, retain=retain, seconds=5)
                ]
                if sent:
                    database.execute(_WRITER_SQL["posted"], (sent,))

    def _replay_quarantined(self) -> None:
        """Read again what a person asked for, and write down what came of it."""
        database, pipeline, _ = self._parts()
        with database.transaction():
            asked = database.execute(_WRITER_SQL["replay_asked"]).fetchall()
            for number, source_name, topic, payload, received_at in asked:
                source = self._sources.get(source_name)
                if source is None:
                    outcome, stored = f"source {source_name} is not configured any more", 0
                else:
                    message = Message(topic, bytes(payload), received_at)
                    prepared = pipeline.prepare([(message, source)])
                    prepared.batch.quarantined.clear()
                    prepared.batch.posts.clear()
                    self._parts()[2].write(prepared.batch)
                    outcome, stored = _outcome(prepared), prepared.stored[0]
                database.execute(_WRITER_SQL["replayed"], (outcome, stored, number))

    def _keep_house(self) -> None:
        """Tell the registry who spoke, keep the devices' recent messages, hear of changes in the registry."""
        database, pipeline, _ = self._parts()
        seen = pipeline.seen
        with database.transaction():
            if seen.devices:
                database.execute(_REGISTRY_SQL["seen"], _seen_columns(seen))
            self._keep_recent(database, seen)
        pipeline.seen = Seen()

    def _keep_recent(self, database: Database, seen: Seen) -> None:
        if not seen.recent:
            return
        unknown = [device for device in seen.recent if device not in self._slots]
        self._slots.update(dict.fromkeys(unknown, -1))
        self._slots.update(dict(database.execute(_WRITER_SQL["newest_slots"], (unknown,)).fetchall()))
        rows = []
        for device, outcomes in seen.recent.items():
            for outcome in outcomes:
                slot = self._slots[device] = (self._slots[device] + 1) % 20
                result = Jsonb({"stored": outcome.stored, "refused": outcome.refused})
                rows.append(
                    (device, slot, outcome.received_at, outcome.topic, outcome.payload, outcome.decoder, result)
                )
            if len(rows) > _REMEMBERED_PER_ROUND:
                break
        with database.cursor() as cursor:
            cursor.executemany(_WRITER_SQL["remember_message"], rows)


def _seen_columns(seen: Seen) -> list[list[Any]]:
    streams = list(seen.streams)
    first: list[datetime] = [seen.streams[stream][0] for stream in streams]
    last: list[datetime] = [seen.streams[stream][1] for stream in streams]
    return [streams, first, last, list(seen.devices), list(seen.devices.values())]


def _outcome(prepared: Prepared) -> str:
    refused = [str(refusal) for refusal in prepared.refused[0]]
    return f"{prepared.stored[0]} stored" + (f"; still refused: {'; '.join(refused)[:900]}" if refused else "")


def _not_storable(message: Message, source: Source, reason: str) -> Batch:
    found = refusal("not_storable", reason)
    refusals = [{"code": found.code, "detail": clean(found.detail), "hint": found.hint, "field": None}]
    entry = Quarantined(
        message.received_at,
        None,
        source.name,
        clean(message.topic) or "",
        message.payload,
        digest(message),
        refusals,
        0,
        None,
        None,
    )
    return Batch(quarantined=[entry])
