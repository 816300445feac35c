"""An audit as a whole: rollups, queues and KPI values of a city, step by step; what it found, and mending it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from psycopg.types.json import Jsonb

from bypuls.clock import isoformat
from bypuls.errors import NotFound, SettingsError
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from processors.audit import Difference, check_rollups, repair
from processors.audit_agenda import Agenda, Span, days_of
from processors.audit_queue import QueueDifference, check_queues, mend_queues
from processors.audit_said import told
from processors.audit_strangers import ALONE, check_strangers, withdraw
from processors.audit_values import ValueDifference, check_values, queue_values, snapshot
from processors.calculation import Catalogue
from processors.rollup import read_places

_SQL = queries("processors", "auditing.sql")
_STREAMS_AT_ONCE = 100
_EXAMPLES = 50
_WAIT_SECONDS = 0.25
_LEFT_OUT = frozenset({"computed_at", "datastream", "bucket"})

Found = Difference | ValueDifference | QueueDifference


@dataclass(slots=True)
class Audited:
    """What an audit has come to so far.

    Attributes:
        checked: how many of what: `datastream_days`, `kpi_values`, `queues`; `not_compared` are KPI values that were
            known to be old, or that others worked on; `aged` those of districts and cities that expect other sites now.
        differences: how many, by table.
        lines: one for each, for people; `public` those without anything of a household.
        repaired: rows of queues that were added or put right.
        summed_up: it is at its end.
        waits: others work on what comes next; a step now would not find them gone.
        doubted: (datastream, hour) that differed: what rests on them is no second difference.
        unreached: what is still to come; first: all that is to be audited.
    """

    checked: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    public: list[str] = field(default_factory=list)
    repaired: int = 0
    summed_up: bool = False
    waits: bool = False
    doubted: set[tuple[int, datetime]] = field(default_factory=set)
    unreached: Agenda = field(default_factory=Agenda)

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
        if self.checked["aged"]:
            checked += f" ({self.checked['aged']:,} of districts and cities expect other sites since)"
        if not self.total:
            return f"{checked}: no differences"
        found = ", ".join(f"{count:,} in {table}" for table, count in sorted(self.differences.items()))
        mended = f"; {self.repaired:,} queued to be put right" if self.repaired else ""
        return f"{checked}: {self.total:,} differences ({found}){mended}"


def audit(
    connection: Connection,
    catalogue: Catalogue,
    city: str,
    done: Audited,
    clock: Callable[[], datetime],
    *,
    mend: bool,
    withdrawing: bool = False,
) -> Iterator[Audited]:
    """Go through the days that a city's audit has not reached, in steps of a second or so; yields the sum so far.

    With `mend` what is wrong is queued to be computed again, at once; with `withdrawing` values that ought not exist go
    into the history, which is for people to ask for. The connection is in autocommit, as writer.
    """
    agenda = done.unreached
    personal = {slug for (slug,) in connection.execute(_SQL["personal_sites"], (city,)).fetchall()}

    def take(found: Sequence[Found], unreached: Agenda) -> Audited:
        if found:
            if mend:
                with connection.transaction():
                    done.repaired += _mend(connection, found, city, clock(), withdrawing=withdrawing)
            for table, line, private in _lines(connection, found, city, personal):
                done.differences[table] += 1
                done.lines.append(line)
                if not private:
                    done.public.append(line)
        done.unreached = unreached
        return done

    done.checked["queues"] = 2
    yield take(check_queues(connection, catalogue, city, clock()), agenda)
    reached, group = agenda.stream, agenda.group
    for number, (since, until) in enumerate(agenda.days):
        rest = agenda.days[number:]
        for streams in _streams_of_day(connection, city, since, until, reached):
            with snapshot(connection):
                found = check_rollups(connection, since, until, streams)
            done.doubted |= {(one.datastream, one.bucket.replace(minute=0)) for one in found}
            done.checked["datastream_days"] += len(streams)
            reached = streams[-1]
            yield take(found, Agenda(rest, reached, group))
        # After the day's rollups: a value whose hour was just found wrong waits for it, and is no second difference.
        lacking: set[tuple[str, str, datetime]] = set()
        for compared in check_values(connection, catalogue, city, (since, until), clock(), done.doubted, group):
            done.checked["kpi_values"] += compared.values
            done.checked["not_compared"] += compared.left
            done.checked["aged"] += len(compared.aged)
            done.waits = compared.waits
            lacking |= {(one.kpi, one.period, one.start) for one in compared.differences if one.stored is None}
            if mend:
                queue_values(connection, compared.aged, clock())
            yield take(compared.differences, Agenda(rest, reached, compared.group))
        strangers = check_strangers(connection, catalogue, city, since, until)
        reached, group = 0, ""
        yield take(
            [one for one in strangers if one.why != ALONE or (one.kpi, one.period, one.start) not in lacking],
            Agenda(rest[1:]),
        )
    done.summed_up = True
    yield done


def _streams_of_day(
    connection: Connection, city: str, since: datetime, until: datetime, after: int
) -> Iterator[list[int]]:
    """The datastreams that were alive then, some at a time; of those up to `after` none."""
    given = {"city": city, "since": since, "until": until, "after": after}
    streams = [one for (one,) in connection.execute(_SQL["streams"], given).fetchall()]
    for first in range(0, len(streams), _STREAMS_AT_ONCE):
        yield streams[first : first + _STREAMS_AT_ONCE]


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
        run = begin(connection, one, span) if mend else None
        asked = Audited(unreached=Agenda(tuple(days_of([span]))))
        for done in audit(connection, catalogue, one, asked, clock, mend=mend, withdrawing=mend):
            yield one, done
            if done.waits:
                time.sleep(_WAIT_SECONDS)
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


def _mend(connection: Connection, found: Sequence[Found], city: str, now: datetime, *, withdrawing: bool) -> int:
    values = [one for one in found if isinstance(one, ValueDifference)]
    rollups = [one for one in found if isinstance(one, Difference)]
    if rollups:
        _remove_what_counts_too_much(connection, rollups)
    count = repair(connection, rollups)
    count += mend_queues(connection, [one for one in found if isinstance(one, QueueDifference)], city, now)
    if withdrawing:
        count += withdraw(connection, [one for one in values if one.recomputed is None], now)
    return count + queue_values(connection, values, now)


def _remove_what_counts_too_much(connection: Connection, rollups: Sequence[Difference]) -> None:
    """Readings never become fewer: the worker would leave it, as if it had outlived them. What has not goes first."""
    counting = [one for one in rollups if one.stored and "n_good" in one.stored]
    never = [one for one in counting if not one.recomputed or _counts(one.stored) > _counts(one.recomputed)]
    wrong = {(one.datastream, one.bucket.replace(minute=0)) for one in rollups if one.table == "rollup_5m"}
    # Where its five minutes are there and right, an hour that counts more is wrong for sure.
    hours = [one for one in never if one.table == "rollup_1h"]
    sure = [one for one in hours if one.recomputed and (one.datastream, one.bucket) not in wrong]
    for query, some in (
        ("never_there_5m", [one for one in never if one.table == "rollup_5m"]),
        ("never_there_1h", [one for one in hours if not one.recomputed]),
        ("gone_hours", sure),
    ):
        if some:
            connection.execute(_SQL[query], [[one.datastream for one in some], [one.bucket for one in some]])


def _counts(row: dict[str, float] | None) -> float:
    names = ("n_good", "n_not_evaluated", "n_suspect", "n_fail", "n_invalidated")
    return sum((row or {}).get(name) or 0 for name in names)


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
            stored, recomputed = told(one.stored, one.recomputed)
            says = f"stored {stored}, {one.why or f'recomputed {recomputed}'}"
            private = one.scope in personal or one.scope_kind == "group"
            yield one.table, f"{one.table} {where}, {isoformat(one.start)}: {says}", private
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


def newest_night(connection: Connection, city: str) -> tuple[date, Audited] | None:
    """How far a city's newest night came, and to what; None: it had none."""
    row = connection.execute(_SQL["newest_night"], (city,)).fetchone()
    if row is None:
        return None
    night, unreached, checked, differences, repaired, examples = row
    done = Audited(Counter(checked), Counter(differences), list(examples), list(examples), repaired)
    done.unreached = Agenda.of_json(unreached)
    return night, done


def last_night(connection: Connection, city: str) -> str | None:
    """That the newest night did not reach all, in a line; None: it did."""
    night, done = newest_night(connection, city) or (None, Audited())
    if night is None or not done.unreached.days:
        return None
    return f"the audit of the night to {night} did not reach {done.unreached}: the next night goes on there"


def begin_night(connection: Connection, city: str, night: date, agenda: Agenda, spans: Sequence[Span]) -> int | None:
    """The run's number; None when another processor does it or has done it."""
    given = {"city": city, "night": night, "spans": _of_spans(spans), "unreached": Jsonb(agenda.as_json())}
    row = connection.execute(_SQL["begin_night"], given).fetchone()
    return row[0] if row else None


def begin(connection: Connection, city: str, span: Span) -> int:
    """Note that a person's audit began."""
    row = connection.execute(_SQL["begin"], (city, None, _of_spans([span]))).fetchone()
    return int(row[0]) if row else 0


def alive(connection: Connection, run: int, done: Audited) -> None:
    """Note how far an audit has come: if its processor dies, another goes on there."""
    connection.execute(_SQL["alive"], _progress(run, done))


def finish(connection: Connection, run: int, done: Audited, *, complete: bool) -> None:
    """Note what an audit came to."""
    connection.execute(_SQL["finish"], _progress(run, done) | {"complete": complete})


def _progress(run: int, done: Audited) -> dict[str, object]:
    left = done.unreached.as_json()
    return {
        "id": run,
        "checked": Jsonb(dict(done.checked)),
        "differences": Jsonb(dict(done.differences)),
        "repaired": done.repaired,
        "examples": done.public[:_EXAMPLES],
        "unreached": left and Jsonb(left),
    }


def _of_spans(spans: Sequence[Span]) -> Jsonb:
    return Jsonb([[isoformat(since), isoformat(until)] for since, until in spans])
