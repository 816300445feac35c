"""An audit as a whole: rollups, queues and KPI values of a city, step by step; what it found, and mending it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from bypuls.clock import isoformat
from bypuls.errors import NotFound, SettingsError
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.audit import Difference, check_rollups, repair
from processors.audit_queue import QueueDifference, check_queues, mend_queues
from processors.audit_values import Said, ValueDifference, check_values, queue_values, snapshot
from processors.calculation import Catalogue
from processors.rollup import read_places

_SQL = queries("processors", "auditing.sql")
_STREAMS_AT_ONCE = 100
_EXAMPLES = 50
_LEFT_OUT = frozenset({"computed_at", "datastream", "bucket", "expected"})

Span = tuple[datetime, datetime]
Found = Difference | ValueDifference | QueueDifference


@dataclass(slots=True)
class Audited:
    """What an audit has come to so far.

    Attributes:
        checked: how many of what: `datastream_days`, `kpi_values`, `queues`; `not_compared` are KPI values that were
            known to be old, or that others worked on.
        differences: how many, by table.
        lines: one for each, for people; `public` those without anything of a household.
        repaired: rows of queues that were added or put right.
        summed_up: it is at its end.
        doubted: (datastream, hour) that differed: what rests on them is no second difference.
    """

    checked: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    repaired: int = 0
    summed_up: bool = False
    doubted: set[tuple[int, datetime]] = field(default_factory=set)

    @property
    def total(self) -> int:
        """How many differences."""
        return sum(self.differences.values())

    def summary(self) -> str:
        """The counts in one line."""
        checked = (
            f"{self.checked['datastream_days']:,} days of datastreams, {self.checked['kpi_values']:,} KPI values "
            f"and the queues compared"
        )
        if self.checked["not_compared"]:
            checked += f" ({self.checked['not_compared']:,} KPI values wait to be computed or cannot be: left out)"
        if not self.total:
            return f"{checked}: no differences"
        found = ", ".join(f"{count:,} in {table}" for table, count in sorted(self.differences.items()))
        mended = f"; {self.repaired:,} queued to be put right" if self.repaired else ""
        return f"{checked}: {self.total:,} differences ({found}){mended}"


def audit(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    spans: Sequence[Span],
    clock: Callable[[], datetime],
    *,
    mend: bool,
) -> Iterator[Audited]:
    """Go through a city's spans (whole hours of UTC), a step of a second or so at a time; yields the sum so far.

    With `mend` what is wrong is queued to be computed again, at once. The connection is in autocommit, as writer.
    """
    done = Audited()
    personal = {slug for (slug,) in connection.execute(_SQL["personal_sites"], (city,)).fetchall()}

    def take(found: Sequence[Found]) -> Audited:
        if found:
            if mend:
                with connection.transaction():
                    done.repaired += _mend(connection, found, city, clock())
            for table, line, private in _lines(connection, found, city, personal):
                done.differences[table] += 1
                done.lines.append(line)
                if not private:
                    done.public.append(line)
        return done

    done.checked["queues"] = 2
    yield take(check_queues(connection, catalogue, city, clock()))
    for day, end, streams in _streams_of_days(connection, city, spans):
        with snapshot(connection):
            found = check_rollups(connection, day, end, streams)
        done.doubted |= {(one.datastream, one.bucket.replace(minute=0)) for one in found}
        done.checked["datastream_days"] += len(streams)
        yield take(found)
    # After the rollups: a value whose hour was just found wrong waits for it, and is no second difference.
    for since, until in spans:
        for compared in check_values(connection, catalogue, city, since, until, clock(), done.doubted):
            done.checked["kpi_values"] += compared.values
            done.checked["not_compared"] += compared.left
            yield take(compared.differences)
    done.summed_up = True
    yield done


def _streams_of_days(
    connection: Connection, city: str, spans: Sequence[Span]
) -> Iterator[tuple[datetime, datetime, list[int]]]:
    """Each day of each span, with some of the datastreams that were alive then."""
    for since, until in spans:
        day = since
        while day < until:
            end = min(day + timedelta(days=1), until)
            streams = [one for (one,) in connection.execute(_SQL["streams"], (city, end, day)).fetchall()]
            for first in range(0, len(streams), _STREAMS_AT_ONCE):
                yield day, end, streams[first : first + _STREAMS_AT_ONCE]
            day = end


def audit_cities(
    connection: Connection,
    catalogue: Catalogue,
    city: str | None,
    span: Span,
    clock: Callable[[], datetime],
    *,
    mend: bool,
) -> Iterator[tuple[str, Audited]]:
    """The same for one city or all of them, as people ask for it: what is mended is noted as a run.

    Raises:
        NotFound: no such city.
    """
    cities = sorted(read_places(connection))
    if city is not None and city not in cities:
        raise NotFound(f"no city {city!r}: `bypuls city list` names them")
    for one in cities if city is None else [city]:
        run = begin(connection, one, [span]) if mend else None
        for done in audit(connection, catalogue, one, [span], clock, mend=mend):
            yield one, done
            if done.summed_up and run is not None:
                finish(connection, run, done, complete=True)


def in_whole_hours(since: datetime | None, until: datetime | None, now: datetime) -> Span:
    """The time to audit, widened to whole hours of UTC; not beyond now, and a day before its end without a beginning.

    Raises:
        SettingsError: it ends before it begins.
    """
    end = min(until or now, now).astimezone(UTC)
    begin_ = (since or end - timedelta(days=1)).astimezone(UTC)
    if begin_ >= end:
        raise SettingsError(f"nothing lies between {isoformat(begin_)} and {isoformat(end)}: --since is before --until")
    whole = end.replace(minute=0, second=0, microsecond=0)
    return begin_.replace(minute=0, second=0, microsecond=0), whole if whole == end else whole + timedelta(hours=1)


def _mend(connection: Connection, found: Sequence[Found], city: str, now: datetime) -> int:
    rollups = [one for one in found if isinstance(one, Difference)]
    count = 0
    if rollups:
        # Readings never become fewer, so the worker leaves an hour that counts too many: where its five minutes are
        # right, it is wrong for sure, and goes first.
        buckets = {(one.datastream, one.bucket.replace(minute=0)) for one in rollups if one.table == "rollup_5m"}
        gone = [
            (one.datastream, one.bucket)
            for one in rollups
            if one.table == "rollup_1h" and one.stored and one.recomputed and "n_good" in one.stored
            and (one.datastream, one.bucket) not in buckets and _counts(one.stored) > _counts(one.recomputed)
        ]  # fmt: skip
        if gone:
            connection.execute(_SQL["gone_hours"], [list(column) for column in zip(*gone, strict=True)])
        count += repair(connection, rollups)
    count += mend_queues(connection, [one for one in found if isinstance(one, QueueDifference)], city, now)
    return count + queue_values(connection, [one for one in found if isinstance(one, ValueDifference)], now)


def _counts(row: dict[str, float]) -> float:
    names = ("n_good", "n_not_evaluated", "n_suspect", "n_fail", "n_invalidated")
    return sum(row.get(name) or 0 for name in names)


def _lines(
    connection: Connection, found: Sequence[Found], city: str, personal: set[str]
) -> Iterator[tuple[str, str, bool]]:
    """(table, line, whether it tells of a household) of each."""
    streams = {one.datastream for one in found if not isinstance(one, ValueDifference) and one.datastream is not None}
    names: dict[int, tuple[str, bool]] = {}
    for stream, device, name, channel, site, _, private in connection.execute(
        _SQL["names"], (list(streams),)
    ).fetchall():
        of = f"{device} {name}{f' ({channel})' if channel else ''}{f' at {site}' if site else ''}"
        names[stream] = f"{city}: datastream {stream} {of}", private
    for one in found:
        if isinstance(one, ValueDifference):
            where = f"{city}: {one.kpi} {one.period} of {one.scope_kind} {one.scope}"
            says = f"stored {_said(one.stored)}, recomputed {_said(one.recomputed)}"
            yield (
                "kpi_value",
                f"kpi_value {where}, {isoformat(one.start)}: {says}",
                one.scope in personal or one.scope_kind == "group",
            )
        elif isinstance(one, QueueDifference):
            if one.datastream is not None:
                name, private = names.get(one.datastream, (f"{city}: datastream {one.datastream}", True))
            else:
                name, private = f"{city}: {one.kpi} {one.period} of site {one.site}", one.site in personal
            yield one.table, f"{one.table} {name}, {isoformat(one.start)}: {one.what}", private
        else:
            name, private = names.get(one.datastream, (f"{city}: datastream {one.datastream}", True))
            why = " (a change was not queued)" if one.unqueued else ""
            stored, recomputed = _differing(one)
            line = f"{one.table} {name}, {isoformat(one.bucket)}: stored {stored}, recomputed {recomputed}{why}"
            yield one.table, line, private


def _differing(one: Difference) -> tuple[str, str]:
    """What differs, by name; all of what is there where the other lacks."""
    stored, recomputed = one.stored or {}, one.recomputed or {}
    names = [
        name
        for name in (recomputed or stored)
        if name not in _LEFT_OUT
        and (not stored or not recomputed or (name in stored and _unlike(stored[name], recomputed[name])))
        and (stored.get(name) is not None or recomputed.get(name) is not None)
    ]

    def told(row: dict[str, object]) -> str:
        return ", ".join(f"{name} {row.get(name)}" for name in names) if row else "nothing"

    return told(stored), told(recomputed)


def _unlike(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) > 1e-9 * (1 + abs(other))
    return (one or 0) != (other or 0)


def _said(said: Said | None) -> str:
    if said is None:
        return "nothing"
    value = "no value" if said.value is None else f"{said.value:.12g}"
    return f"{value}{f' [{said.band}]' if said.band else ''} ({said.quality})"


def begin_night(connection: Connection, city: str, night: object, spans: Sequence[Span]) -> int | None:
    """The run's number; None when another processor does it or has done it."""
    given = {"city": city, "night": night, "spans": _of_spans(spans)}
    row = connection.execute(_SQL["begin_night"], given).fetchone()
    return row[0] if row else None


def begin(connection: Connection, city: str, spans: Sequence[Span]) -> int:
    """Note that a person's audit began."""
    row = connection.execute(_SQL["begin"], (city, None, _of_spans(spans))).fetchone()
    return int(row[0]) if row else 0


def finish(connection: Connection, run: int, done: Audited, *, complete: bool) -> None:
    """Note what an audit came to."""
    connection.execute(
        _SQL["finish"],
        {
            "id": run,
            "complete": complete,
            "checked": Jsonb(dict(done.checked)),
            "differences": Jsonb(dict(done.differences)),
            "repaired": done.repaired,
            "examples": done.public[:_EXAMPLES],
        },
    )


def _of_spans(spans: Sequence[Span]) -> Jsonb:
    return Jsonb([[isoformat(since), isoformat(until)] for since, until in spans])
