"""Computes changed 5-minute buckets from the raw readings and writes those that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt

from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.buckets import FIVE_MINUTES, Added, Buckets, Integers, Keys, Raw, by_bucket, joined
from processors.readings import Float8s, Instants, Int4s, arrays, binary_rows, write_arrays

_SQL = queries("processors", "rollup.sql")
_AT_ONCE = 10_000
"""Buckets whose readings are held in memory at once: of a value a second, three million."""
_WITH_GAPS = 40_000
"""The same with what lies between them."""
_GAP = 12
"""Changed buckets no further apart are read with what lies between them."""
_LONG = 6
"""Buckets of a datastream from which on its pages are better read with those of others than reading by reading."""
_KINDS = ("", "counter", "energy_mean", "circular_mean")
"""Aggregations of which a bucket says something of its own."""
_SINCE_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SAID = (
    "n_good", "n_not_evaluated", "n_suspect", "n_fail", "sum", "sum_squares", "min", "max", "first", "first_time",
    "last", "last_time",
)  # fmt: skip
"""What is said of every bucket and compared: columns of `add_5m` and `buckets_that_stand`."""
_WIRE = (
    {"datastream": ">i4", "bucket": ">i8"}
    | {name: ">i4" if name.startswith("n_") else ">i8" if name.endswith("_time") else ">f8" for name in _SAID}
    | {"newest": ">i8", "computed_at": ">i8"}
)


@dataclass(frozen=True, slots=True)
class _Group:
    """What is read alike.

    Attributes:
        spans: datastreams, first buckets and those behind the last.
        whole: their spans are long and about the same ones.
    """

    keys: Keys
    kind: str
    judged: bool
    spans: tuple[Integers, Integers, Integers]
    whole: bool

    @property
    def given(self) -> dict[str, Any]:
        """What says which of the readings and buckets."""
        streams, first, behind = self.spans
        given = {"since": instant_of(int(first.min())), "until": instant_of(int(behind.max()))}
        if self.whole:
            return given | {"streams": Int4s(np.unique(streams))}
        return given | {"streams": Int4s(streams), "froms": _instants(first), "untils": _instants(behind)}


@dataclass(frozen=True, slots=True)
class FiveMinutes:
    """The 5-minute buckets of one batch.

    Attributes:
        aggregations: of each datastream; of what it does not have, nothing is rolled up.
        judged: datastreams whose values people calibrated or invalidated: they are read otherwise.
    """

    connection: Connection
    aggregations: Mapping[int, str]
    judged: Sequence[int]
    now: datetime

    def recompute(self, claimed: Keys, more: Added) -> None:
        """Later statements than the claim: they see everything that was committed before a claimed row was.

        `more` are the claimed buckets to which readings were added while nothing else happened to them.
        """
        for _, of_month in by_month(claimed):
            ours = more.among(of_month)
            done = [self._go_on(ours.of(slice(at, at + _AT_ONCE))) for at in range(0, len(ours), _AT_ONCE)]
            rest = of_month.of(~np.isin(of_month.numbers, np.concatenate(done))) if done else of_month
            if len(rest):
                self._recompute(rest)

    def _go_on(self, more: Added) -> Integers:
        """Add to what stands; of which buckets, as numbers of `Keys`: nothing else is to be done about those."""
        keys = more.keys
        ends = {"since": instant_of(int(keys.bucket.min())), "until": instant_of(int(keys.bucket.max()) + 1)}
        given = {"streams": Int4s(keys.datastream), "buckets": _instants(keys.bucket), "froms": Instants(more.since)}
        columns = arrays(self.connection, _SQL["buckets_that_go_on"], given | ends)
        if columns is None:
            return np.empty(0, dtype=np.int64)
        stood = Buckets(*(column.astype(column.dtype.newbyteorder("=")) for column in columns))
        stood = stood.of(np.argsort(stood.numbers))
        more = more.of(np.searchsorted(keys.numbers, stood.numbers))
        found = []
        empty = np.isnan(stood.sum)
        for alike, kind, judged in self._alike(more.keys):
            # The parts are none where the property was of another aggregation when the bucket was computed.
            levels = np.isnan(stood.energy_sum) == (empty | (kind != "energy_mean"))
            directions = np.isnan(stood.sin_sum) == (empty | (kind != "circular_mean"))
            mine = alike & levels & directions
            which = more.of(mine)
            spans = {
                "streams": Int4s(which.keys.datastream),
                "froms": Instants(which.since),
                "untils": Instants(which.until + 1),
            }
            raw = self._read(_SQL["read_spans"], spans | ends, kind, judged=judged)
            if raw is not None:
                found.append(by_bucket(which.keys, raw, stood.of(mine)))
        if not found:
            return np.empty(0, dtype=np.int64)
        grown = joined(found)
        write_arrays(self.connection, _SQL["go_on_5m"], _columns(grown) | {"now": self.now})
        return grown.numbers

    def _recompute(self, of_month: Keys) -> None:
        _, first, behind = of_month.spans(_GAP)
        most = min(_AT_ONCE, max(1, len(of_month) * _WITH_GAPS // int((behind - first).sum())))
        for piece in of_month.pieces(most):
            few = []
            for group in self._groups(piece):
                found = self._compute(group)
                if found is None:
                    continue
                if group.whole:
                    rest = self._add_new(group, found)
                    self._write(rest, _SQL["standing_of_all"], group.given)
                else:
                    few.append(found)
            if few:
                self._write(joined(few), _SQL["standing_of_each"], {})

    def _alike(self, keys: Keys) -> Iterator[tuple[npt.NDArray[np.bool_], str, bool]]:
        """Which of them are read alike: as what kind, and whether as judged; none of unknown datastreams."""
        if not self.aggregations:
            return
        streams = np.array(sorted(self.aggregations), dtype=np.int64)
        kinds = [self.aggregations[stream] for stream in streams.tolist()]
        kind = np.array([_KINDS.index(one) if one in _KINDS else 0 for one in kinds])
        said = np.isin(streams, list(self.judged))
        at = np.minimum(np.searchsorted(streams, keys.datastream), len(streams) - 1)
        known = streams[at] == keys.datastream
        number = np.where(known, 2 * kind[at] + said[at], -1)
        for one in np.unique(number[known]).tolist():
            yield number == one, _KINDS[one // 2], bool(one % 2)

    def _groups(self, keys: Keys) -> Iterator[_Group]:
        for rows, kind, judged in self._alike(keys):
            mine = keys.of(rows)
            among, first, behind = spans = mine.spans(_GAP)
            count, covered = len(np.unique(among)), int((behind - first).sum())
            whole = count * int(behind.max() - first.min()) <= 2 * covered and covered >= _LONG * count
            yield _Group(mine, kind, judged, spans, whole)

    def _compute(self, group: _Group) -> Buckets | None:
        query = _SQL["read_all" if group.whole else "read_spans"]
        raw = self._read(query, group.given, group.kind, judged=group.judged)
        return None if raw is None else by_bucket(group.keys, raw)

    def _read(self, query: LiteralString, given: Mapping[str, Any], kind: str, *, judged: bool) -> Raw | None:
        query = (
            query.replace("{given}", _SQL["given"] if judged else "")
            .replace("{parts}", _SQL.get(f"part_of_{kind}", ""))
            .replace("{values}", _SQL["values_as_judged" if judged else "values_as_sent"])
        )
        found = arrays(self.connection, query, given)
        if found is None:
            return None
        nothing = np.empty(0)
        parts = {"energy_mean": (*found[4:], nothing, nothing), "circular_mean": (nothing, *found[4:])}
        return Raw(*found[:4], *parts.get(kind, (nothing, nothing, nothing)))

    def _add_new(self, group: _Group, found: Buckets) -> Buckets:
        """Add those that do not stand yet; return what is to be compared one by one.

        The lane is ours: nobody else adds any.
        """
        if group.kind:
            return found
        stand = arrays(self.connection, _SQL["buckets_that_stand"], group.given)
        plain = found.n_invalidated == 0
        new, same = plain & (found.n_good + found.n_not_evaluated > 0), np.zeros(len(found), dtype=bool)
        if stand is not None:
            here, there = found.in_both(stand[0], stand[1])
            new[here] = False
            same[here] = plain[here] & (stand[-1][there] == 0)
            for name, column in zip(_SAID, stand[2:-1], strict=True):
                said, stood = getattr(found, name)[here], column[there]
                same[here] &= (said == stood) | (np.isnan(said) & np.isnan(stood))
        if new.any():
            added = found.of(new)
            columns = {name: getattr(added, name) for name in ("datastream", "bucket", *_SAID, "newest")}
            columns["computed_at"] = np.full(len(added), (self.now - _SINCE_2000) // _MICROSECOND)
            with self.connection.cursor() as cursor, cursor.copy(_SQL["add_5m"]) as copy:
                copy.write(binary_rows(columns, _WIRE))
        return found.of(~(new | same))

    def _write(self, found: Buckets, standing: LiteralString, given: Mapping[str, Any]) -> None:
        if not len(found):
            return
        parameters = _columns(found) | {
            "since": instant_of(int(found.bucket.min()) // FIVE_MINUTES),
            "until": instant_of(int(found.bucket.max()) // FIVE_MINUTES + 1),
            "now": self.now,
        }
        write_arrays(self.connection, _SQL["write_5m"].replace("{standing}", standing), parameters | dict(given))


def _columns(found: Buckets) -> dict[str, Any]:
    """As parameters."""
    columns = {one.name: getattr(found, one.name) for one in fields(found)}
    return {
        name: Instants(column)
        if name in ("bucket", "first_time", "last_time", "newest")
        else Int4s(column)
        if column.dtype == np.int64
        else Float8s(column if not np.isnan(column).all() else column[:0])  # unnest() fills up with null
        for name, column in columns.items()
    }


def by_month(keys: Keys) -> Iterator[tuple[datetime, Keys]]:
    """The buckets of each month (UTC) and when it began, in order."""
    days = keys.bucket // (24 * 12)
    months = (np.datetime64("2000-01-01") + days).astype("datetime64[M]")
    for month in np.unique(months):
        yield month.astype("datetime64[us]").item().replace(tzinfo=UTC), keys.of(months == month)


def instant_of(bucket: int) -> datetime:
    """When a bucket begins."""
    return _SINCE_2000 + timedelta(minutes=5 * bucket)


def _instants(buckets: Integers) -> Instants:
    return Instants(buckets * FIVE_MINUTES)
