"""One import from its first file to its receipt: read, check, judge; two connections store meanwhile."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from psycopg.types.json import Jsonb

from bypuls.errors import Refusal, SettingsError
from bypuls.settings import IngestSettings
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from ingest.decoding import Registered, Source
from ingest.importing.block import Block
from ingest.importing.checking import Checker, Conversions, empty_rows
from ingest.importing.judging import Judge, Later, Ordered, Own, Remembered, Wanted, own
from ingest.importing.lanes import Lanes
from ingest.importing.receipt import Receipt
from ingest.importing.refusals import ErrorFile, Refusals
from ingest.importing.storing import Months, Store, recall
from ingest.registry import Datastream, Key, Registry
from ingest.rules import Rules
from ingest.validation import Catalogue
from ingest.writer import Batch, Conversion, Writer

SOURCE = "import"
_SQL = queries("ingest.importing", "storing.sql")
_LANES = 2


class HistoryFile(Protocol):
    """A file of history in some format."""

    name: str
    path: Path
    size: int

    @property
    def unused(self) -> Sequence[str]:
        """Columns that mean nothing to us."""

    def blocks(self) -> Iterator[Block]:
        """Its rows, a piece at a time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: share of the files read, rows read, seconds since it began."""

    share: float
    rows: int
    seconds: float


@dataclass(frozen=True)
class Import:
    """An import of some files.

    Args:
        open_database: connects as writer, in autocommit.
        source: how rows are taken: city, rank, units, how strangers are met.
        errors: where to list refused rows.
        who: for the audit trail.
        arrival: when the import began; stored with its rows.
    """

    open_database: Callable[[], Connection]
    catalogue: Catalogue
    settings: IngestSettings
    source: Source
    arrival: datetime
    who: str
    errors: Path | None = None
    dry_run: bool = False

    def run(self, files: Sequence[HistoryFile], stop: Callable[[], bool], tell: Callable[[Progress], None]) -> Receipt:
        """Import the files, one after the other.

        Args:
            files: opened, so that a header that cannot be read is known before anything is stored.
            stop: asked between blocks: end now, with what is stored so far.
            tell: hears how far it is, after each block.

        Raises:
            SettingsError: the city is unknown, or a file turns out to be unreadable.
            DatabaseUnreachable: what was stored so far is stored; the same command goes on.
        """
        receipt = Receipt(self.source.city, self.source.rank.name.lower(), self.dry_run)
        started = time.monotonic()
        with translated(), ExitStack() as stack:
            connection = stack.enter_context(self.open_database())
            errors = stack.enter_context(ErrorFile(self.errors))
            self._know_city(connection)
            ids = connection.execute(_SQL["newest"]).fetchone() or (0, 0)
            if not self.dry_run:
                self._audit(connection, "import.begin", files, {"rank": receipt.rank})
            checker = self._checker(connection)
            lanes = [stack.enter_context(self.open_database()) for _ in range(_LANES)]
            behind, total = 0, sum(file.size for file in files) or 1
            for file in files:
                part = _OneFile(self, file, connection, checker, Refusals(file.path, self.source.city, errors))
                for block in part.blocks(lanes, receipt, stop):
                    share = min((behind + block.read) / total, 1.0)
                    tell(Progress(share, receipt.read, time.monotonic() - started))
                behind += file.size
                if receipt.interrupted:
                    break
            receipt.datastreams = len(checker.streams)
            receipt.new_datastreams = sum(number > ids[0] for number in checker.streams)
            devices = {meaning.stream.device for meaning in checker.streams.values() if meaning.stream is not None}
            receipt.new_devices = sum(number > ids[1] for number in devices)
            receipt.seconds = time.monotonic() - started
            if not self.dry_run:
                self._audit(connection, "import", files, receipt.document())
        return receipt

    def _know_city(self, connection: Connection) -> None:
        city = self.source.city
        known = {name for (name,) in connection.execute(_SQL["cities"]).fetchall()}
        if city is not None and city not in known:
            raise SettingsError(
                f"city {city!r} is not in the database: add it with 'bypuls city add FILE', "
                f"or name one of {', '.join(sorted(known)) or 'none yet'}"
            )

    def _checker(self, connection: Connection) -> Checker:
        registry = Registry(
            connection,
            lambda name, overrides: own(self.catalogue.properties[name], overrides),
            self.settings.max_pending_devices,
            self.settings.max_datastreams,
        )

        @cache
        def rules(city: str) -> Rules:
            def registered(device: str) -> Registered | None:
                return registry.registered(city, device)

            return Rules(self.source, self.catalogue.properties, self.catalogue.units, registered)

        def tried(keys: Mapping[Key, float | None], source: Source) -> dict[Key, Datastream | Refusal]:
            # Strangers are added, found, and gone again before anybody sees them.
            with connection.transaction(force_rollback=True):
                return registry.resolve(keys, source)

        resolve = tried if self.dry_run else registry.resolve
        return Checker(self.source, self.catalogue.properties, rules, resolve, self.arrival)

    def _audit(
        self, connection: Connection, what: str, files: Sequence[HistoryFile], document: dict[str, object]
    ) -> None:
        names = ", ".join(file.path.name for file in files)[:500]
        connection.execute(_SQL["audit"], (self.who, self.source.city, what, names, Jsonb(document)))


@dataclass(frozen=True)
class _OneFile:
    """One file on its way through."""

    whole: Import
    file: HistoryFile
    connection: Connection
    checker: Checker
    refusals: Refusals
    conversions: Conversions = field(default_factory=Conversions)

    def blocks(self, connections: Sequence[Connection], receipt: Receipt, stop: Callable[[], bool]) -> Iterator[Block]:
        """Import the file; gives each block when it is on its way."""
        whole, message_hash = self.whole, _sha256(self.file.path)
        receipt.files.append(
            {"name": self.file.path.name, "sha256": message_hash, "unused": list(self.file.unused)[:50]}
        )
        stores = [Store(one, int(whole.source.rank), whole.arrival, message_hash) for one in connections]
        lanes = Lanes([store.compare if whole.dry_run else store.store for store in stores])

        def stored_before(wanted: Sequence[Wanted]) -> Remembered:
            lanes.drain()
            return recall(self.connection, wanted)

        judge, months = Judge(stored_before), Months(self.connection)
        lanes.start()
        before = receipt.stored
        try:
            for block in self.file.blocks():
                ready = self._take(block, receipt, judge)
                if ready is not None:
                    if not whole.dry_run:
                        months.ensure(ready[0].time)
                    lanes.put(*ready)
                yield block
                if stop():
                    receipt.interrupted = True
                    break
            lanes.drain()
        finally:
            lanes.stop()
            before.add(lanes.done)
        self._finish(receipt)

    def _take(
        self, block: Block, receipt: Receipt, judge: Judge
    ) -> tuple[Ordered, list[Later], list[Conversion]] | None:
        """What of a block is to be stored; None: nothing."""
        checked = self.checker.check(block)
        receipt.read += len(block) + len(block.strays)
        receipt.empty += empty_rows(checked)
        self.refusals.add(self.checker, checked)
        if not len(checked.stream):
            return None
        receipt.span(int(checked.time.min()), int(checked.time.max()))
        limits = {
            number: meaning.stream.quality.thresholds
            for number, meaning in self.checker.streams.items()
            if meaning.stream is not None and isinstance(meaning.stream.quality, Own)
        }
        return *judge.judge(checked, limits), self.conversions.of(checked)

    def _finish(self, receipt: Receipt) -> None:
        """Count what was refused, and keep it. An interrupted import keeps it when it is run again, then the same."""
        receipt.refused += self.refusals.counts
        for code, refused in self.refusals.examples.items():
            receipt.examples.setdefault(code, refused)
        if self.whole.dry_run or receipt.interrupted:
            return
        entries = self.refusals.quarantined(SOURCE, self.whole.arrival, self.file.name)
        receipt.quarantined += len(entries)
        if entries:
            Writer(self.connection).write(Batch(quarantined=entries))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
