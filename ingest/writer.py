"""Writes one batch in one transaction: values, corrections, later judged flags, quarantine, outgoing messages.

The same batch may be written again after a crash: a value that is there changes nothing, a refused message that is
there is counted, and a correction that was made is known by what it replaced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from psycopg import errors as pg
from psycopg.types.json import Jsonb

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.retention import refuse_dropped
from ingest.memories import Noted
from ingest.memories import write as write_notes

_SQL = queries("ingest", "writer.sql")
_DATASTREAM = itemgetter(0)
_BUCKET = timedelta(minutes=5)
_MARK_TYPES = ["int4", "timestamptz", "timestamptz", "timestamptz"]
_COLUMN_TYPES = ["int4", "int4", "timestamptz", "float8", "int2", "int2", "timestamptz"]


class Row(NamedTuple):
    """One observation to be stored; `message` is the index of the message it came in."""

    datastream: int
    time: datetime
    value: float
    flag: int
    rank: int
    received_at: datetime
    message: int


class Flag(NamedTuple):
    """A flag for a value that was stored before, judged only now; `message` is the one that revealed it."""

    datastream: int
    time: datetime
    value: float
    flag: int
    message: int


class Arrival(NamedTuple):
    """When a message that states no time first arrived: a redelivery is to be stored at that time, not at its own."""

    client: str
    mid: int
    message_hash: bytes
    received_at: datetime
    message: int


class Happened(NamedTuple):
    """An event of a device to be stored; property and channel are "" where it is the device's as a whole."""

    device: int
    time: datetime
    kind: str
    property: str
    channel: str
    detail: dict[str, str | float | bool]
    message: int


class Conversion(NamedTuple):
    """From when on a datastream's values are converted at these conditions; None, with factor 1: no longer."""

    datastream: int
    time: datetime
    unit: str
    factor: float
    temperature: float | None
    pressure: float | None
    message: int


@dataclass(slots=True)
class Quarantined:
    """A message of which something was refused, with everything a person needs to mend it."""

    received_at: datetime
    city: str | None
    source: str
    topic: str
    payload: bytes
    payload_hash: bytes
    refusals: list[dict[str, Any]]
    stored: int
    device: str | None
    decoder: str | None
    message: int


@dataclass(slots=True)
class Post:
    """A message for the outbox."""

    source: str
    topic: str
    payload: bytes
    message: int
    qos: int = 1
    retain: bool = False


@dataclass(slots=True)
class Batch:
    """What some messages came to; every part says by which message, so that a batch can be divided.

    `hashes` are those of the messages, by index.
    """

    rows: list[Row] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    events: list[Happened] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)
    hashes: Mapping[int, str] = field(default_factory=lambda: defaultdict(str))

    def of(self, messages: range) -> Batch:
        """What only these messages came to."""
        return Batch(
            [row for row in self.rows if row.message in messages],
            [flag for flag in self.flags if flag.message in messages],
            [entry for entry in self.quarantined if entry.message in messages],
            [post for post in self.posts if post.message in messages],
            [arrival for arrival in self.arrivals if arrival.message in messages],
            [event for event in self.events if event.message in messages],
            [note for note in self.notes if note.message in messages],
            [conversion for conversion in self.conversions if conversion.message in messages],
            hashes=self.hashes,
        )


@dataclass(slots=True)
class Written:
    """What became of a batch's rows: `stored` anew, `corrected`, or `repeated` (there already, or outranked)."""

    stored: int = 0
    corrected: int = 0
    repeated: int = 0
    quarantined: int = 0


class Writer:
    """Writes batches on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._months: set[tuple[int, int]] = set()
        self._begun: dict[int, datetime] = {}
        self._all_new = True
        with connection.transaction():
            connection.execute(_SQL["create_staging"])

    def write(self, batch: Batch) -> Written:
        """Store the batch, or nothing of it.

        Raises:
            NotStorable: a value is of a time whose raw data was dropped, which ingest had not heard of yet.
            psycopg.Error: nothing was stored; the same batch can be written again.
        """
        try:
            return self._write(batch)
        except pg.CheckViolation:
            if not self._months:
                raise
            self._months.clear()  # another city's month went with its partition since we saw that it was there
            return self._write(batch)

    def _write(self, batch: Batch) -> Written:
        written = Written(quarantined=len(batch.quarantined))
        old = self._ensure_partitions(batch.rows)
        begins = self._earlier(batch.rows)
        with self._connection.transaction():
            if self._all_new and self._append(batch.rows):
                written.stored = len(batch.rows)
            else:
                for later, rows in enumerate(_rounds(batch.rows)):
                    if later:
                        self._connection.execute("TRUNCATE incoming")
                    self._merge(rows, batch.hashes, written)
                self._all_new = written.stored == len(batch.rows)  # where something came again, more of it comes
            if old:
                refuse_dropped(self._connection, [row.datastream for row in old], [row.time for row in old])
            self._beside(batch)
            if begins:
                self._connection.execute(_SQL["begins"], (list(begins), list(begins.values())))
            if batch.rows or batch.flags or batch.events:
                self._connection.execute(_SQL["announce"])
        self._begun |= begins
        written.repeated = len(batch.rows) - written.stored - written.corrected
        return written

    def _earlier(self, rows: Sequence[Row]) -> dict[int, datetime]:
        """Datastreams that begin earlier with these rows than this writer knows: nearly always none."""
        found: dict[int, datetime] = {}
        for row in rows:
            known = found.get(row.datastream) or self._begun.get(row.datastream)
            if known is None or row.time < known:
                found[row.datastream] = row.time
        return found

    def _beside(self, batch: Batch) -> None:
        """What is written with the values, in the same transaction."""
        if batch.flags:
            columns = [list(column) for column in zip(*(flag[:4] for flag in batch.flags), strict=True)]
            self._connection.execute(_SQL["flag"], [*columns, *_bounds(columns)])
        if batch.events:
            newest_event = {event[:5]: (*event[:5], Jsonb(event.detail)) for event in batch.events}
            columns = [list(column) for column in zip(*newest_event.values(), strict=True)]
            self._connection.execute(_SQL["keep_events"], columns)
        for entry in sorted(batch.quarantined, key=lambda entry: entry.payload_hash):
            self._connection.execute(_SQL["quarantine"], _quarantine_row(entry))
        for post in batch.posts:
            self._connection.execute(_SQL["post"], (post.source, post.topic, post.payload, post.qos, post.retain))
        if batch.arrivals:
            newest = {(arrival.client, arrival.mid): arrival[:4] for arrival in batch.arrivals}
            columns = [list(column) for column in zip(*newest.values(), strict=True)]
            self._connection.execute(_SQL["keep_arrivals"], columns)
        if batch.notes:
            write_notes(self._connection, batch.notes)
        if batch.conversions:
            columns = [list(column) for column in zip(*(entry[:6] for entry in batch.conversions), strict=True)]
            self._connection.execute(_SQL["keep_conversions"], columns)

    def _ensure_partitions(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Each new month in a transaction of its own: a message may span a century, and locks are few.

        A batch may hold 2019 and today without the years between. Returns the rows, if any is so old that its raw data
        may have been dropped: of the month before the last, or older.
        """
        examples = {(row.time.year, row.time.month): row.time for row in rows}
        for month in sorted(examples.keys() - self._months):
            with self._connection.transaction():
                self._connection.execute(_SQL["ensure_partitions"], (examples[month], examples[month]))
            self._months.add(month)
        if not examples:
            return ()
        now = rows[0].received_at
        oldest = min(examples)
        return rows if (now.year - oldest[0]) * 12 + now.month - oldest[1] > 1 else ()

    def _append(self, rows: Sequence[Row]) -> bool:
        """Store rows none of whose keys is there, for half of what staging costs; False: one is, nothing is stored."""
        if not rows:
            return True
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                with cursor.copy(_SQL["copy_new"]) as copy:
                    copy.set_types(_COLUMN_TYPES[1:])
                    write_row = copy.write_row
                    # In order: two writers on the same keys wait for each other instead of deadlocking.
                    for row in sorted(rows, key=_DATASTREAM):
                        write_row(row[:6])
                with cursor.copy(_SQL["copy_marks"]) as copy:
                    copy.set_types(_MARK_TYPES)
                    for mark, span in _marks(rows).items():
                        copy.write_row(mark + span)
        except pg.UniqueViolation:
            return False
        return True

    def _merge(self, rows: Sequence[Row], hashes: Mapping[int, str], written: Written) -> None:
        with self._connection.cursor() as cursor:
            with cursor.copy(_SQL["copy_staging"]) as copy:
                copy.set_types(_COLUMN_TYPES)
                write_row = copy.write_row
                for n, row in enumerate(rows):
                    write_row((n, *row[:6]))
            counted = cursor.execute(_SQL["merge"]).fetchone()
        stored = counted[0] if counted else 0
        written.stored += stored
        if stored < len(rows):
            written.corrected += self._correct(rows, hashes)

    def _correct(self, rows: Sequence[Row], hashes: Mapping[int, str]) -> int:
        """Replace what a row of at least the same rank contradicts; keep what it replaced."""
        times = [row.time for row in rows]
        span = (min(times), max(times))
        if not self._connection.execute(_SQL["clashes"], span).fetchall():
            return 0
        self._connection.execute(_SQL["lock_corrections"])
        clashes = self._connection.execute(_SQL["clashes"], span).fetchall()  # another writer may have been quicker
        if not clashes:
            return 0
        replaced = [
            (rows[n].datastream, rows[n].time, value, flag, rank, received_at, hashes[rows[n].message])
            for n, value, flag, rank, received_at in clashes
            if value != rows[n].value
        ]
        if replaced:
            columns = [list(column) for column in zip(*replaced, strict=True)]
            self._connection.execute(_SQL["keep_revisions"], columns)
        new = [list(column) for column in zip(*(rows[clash[0]][:6] for clash in clashes), strict=True)]
        self._connection.execute(_SQL["correct"], [*new, *_bounds(new)])
        return len(replaced)


def _bounds(columns: Sequence[list[Any]]) -> tuple[list[int], datetime, datetime]:
    """Of columns that begin with datastreams and times: which datastreams, from when to when."""
    return sorted(set(columns[0])), min(columns[1]), max(columns[1])


def _rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """Split so that no round holds two values for one key, in order of arrival; a repeated value is left out.

    Nearly always one round. A value, its correction and both again are two: the same as in four batches.
    """
    rounds: list[list[Row]] = [[]] if rows else []
    seen: dict[tuple[int, datetime], list[tuple[float, int]]] = {}
    for row in rows:
        values = seen.setdefault((row.datastream, row.time), [])
        if (row.value, row.rank) in values:
            continue
        values.append((row.value, row.rank))
        if len(values) > len(rounds):
            rounds.append([])
        rounds[len(values) - 1].append(row)
    return rounds


def _marks(rows: Sequence[Row]) -> dict[tuple[int, datetime], tuple[datetime, datetime]]:
    """Datastreams and the five minutes that got values: from when to when; times are in UTC."""
    found: dict[tuple[int, datetime], tuple[datetime, datetime]] = {}
    bucket = end = datetime.min.replace(tzinfo=UTC)
    for datastream, time, *_ in rows:
        if not bucket <= time < end:  # nearly always those of the row before
            bucket = time.replace(minute=time.minute - time.minute % 5, second=0, microsecond=0)
            end = bucket + _BUCKET
        mark = (datastream, bucket)
        span = found.get(mark)
        if span is None:
            found[mark] = (time, time)
        elif time > span[1]:
            found[mark] = (span[0], time)
        elif time < span[0]:
            found[mark] = (time, span[1])
    return found


def _quarantine_row(entry: Quarantined) -> dict[str, Any]:
    first = entry.refusals[0]
    return {
        "received_at": entry.received_at,
        "city": entry.city,
        "source": entry.source,
        "topic": entry.topic,
        "payload": entry.payload,
        "payload_hash": entry.payload_hash,
        "reason": first["code"],
        "detail": first["detail"],
        "hint": first["hint"],
        "refusals": Jsonb(entry.refusals),
        "stored": entry.stored,
        "device": entry.device,
        "decoder": entry.decoder,
    }
