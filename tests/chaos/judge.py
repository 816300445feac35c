"""Judges a database after a fault: what the broker acknowledged against what is stored, and what follows from it.

The expected side comes from the load's plan (numbers), never from ingest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bypuls.storage.database import connect
from processors.audit import check_rollups
from processors.worker import drain
from simulators.load import TIMED, TIMELESS, Kind, Plan

EPOCH, FOREVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass
class Sent:
    """What went to the broker of one plan: numbers below `sent` but those in `under_way` were acknowledged."""

    plan: Plan
    sent: int
    under_way: frozenset[int] = frozenset()
    resent: frozenset[int] = frozenset()

    @property
    def acknowledged(self) -> int:
        return self.sent - len(self.under_way)


@dataclass
class Verdict:
    """Counts of messages; `rollups_differing` and `kpis_differing` of rows.

    Attributes:
        stored: messages whose every value is stored, right.
        quarantined: of the others, those that are in quarantine.
        lost: acknowledged and in neither.
        twice: stored or kept more than once, though sent once.
        sent_twice: the same of messages that were sent again because their acknowledgement was lost with a connection.
        wrong: values that nobody sent, or values replaced by another.
        refused_unduly: in quarantine though nothing is wrong with them.
    """

    acknowledged: int = 0
    stored: int = 0
    quarantined: int = 0
    lost: int = 0
    twice: int = 0
    sent_twice: int = 0
    wrong: int = 0
    refused_unduly: int = 0
    rollups_differing: int = 0
    kpis: int = 0
    kpis_differing: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def faultless(self) -> bool:
        return not (
            self.lost
            or self.twice
            or self.wrong
            or self.refused_unduly
            or self.rollups_differing
            or self.kpis_differing
        )


def judge(url: str, sent: Sent) -> Verdict:
    """Compare; the processor must not run. It is drained here, and at the end every KPI value is computed anew."""
    verdict = Verdict(acknowledged=sent.acknowledged)
    with connect(url, autocommit=True) as connection:
        judge_messages(connection, sent, verdict)
    _judge_numbers(url, verdict)
    return verdict


def judge_messages(connection, sent: Sent, verdict: Verdict) -> None:
    """Count what became of the messages."""
    plan = sent.plan
    timed, timeless = _stored(connection, plan)
    kept = _kept(connection, plan)
    for n in range(sent.sent):
        expected = plan.expected(n)
        sequence = n // plan.devices
        key = hashlib.sha256(plan.topic_of(n).encode() + b"\0" + plan.payload(n)).digest()
        refused = kept.pop(key, 0)
        if expected.kind is Kind.TIMELESS:
            found = timeless.pop((expected.device, sequence), {})
            counts = [found.get(name, 0) for name in TIMELESS]
        else:
            found = timed.pop((expected.device, expected.time), {})
            counts = [int(found.get(name) == value) for name, value in expected.values.items()]
            wrong = sum(found.get(name, value) != value for name, value in expected.values.items())
            verdict.wrong += wrong + len(found.keys() - expected.values.keys())
        whole = bool(counts) and min(counts) > 0
        if n in sent.under_way and not (whole or refused):
            verdict.wrong += bool(found)  # half a message
            continue
        verdict.stored += whole and n not in sent.under_way
        verdict.quarantined += bool(refused) and not whole and n not in sent.under_way
        if not whole and not refused:
            _lost(verdict, n, expected, found)
        if refused and not expected.kind.is_poison:
            verdict.refused_unduly += 1
            verdict.examples.append(f"refused unduly: {n} {expected}")
        if max(counts, default=0) > 1 or refused > 1 or (whole and refused):
            if n in sent.resent:
                verdict.sent_twice += 1
            else:
                verdict.twice += 1
                verdict.examples.append(f"twice: {n} {expected} {found} {refused}")
    verdict.wrong += len(timed) + len(timeless) + sum(kept.values())
    verdict.examples += [f"nobody sent: {each}" for each in [*timed.items(), *timeless.items()][:3]]
    replaced = connection.execute("SELECT count(*) FROM observation_revision").fetchone()[0]
    if replaced:
        verdict.twice += replaced
        verdict.examples.append(f"{replaced} values were replaced")
    del verdict.examples[20:]


def _lost(verdict, n, expected, found):
    verdict.lost += 1
    if len(verdict.examples) < 10:
        verdict.examples.append(f"lost: {n} {expected}, found {found}")


def _stored(connection, plan):
    """(device, time) -> property -> value, and (device, sequence) -> property -> how many rows."""
    timed, timeless = {}, {}
    query = """SELECT d.external_id, s.property, o.time, o.value
               FROM observation o JOIN datastream s ON s.id = o.datastream JOIN device d ON d.id = s.device
               WHERE d.city = %s"""
    for device, name, time, value in connection.execute(query, (plan.city,)):
        if name in TIMED:
            timed.setdefault((device, time), {})[name] = value
        else:
            of_message = timeless.setdefault((device, value), {})
            of_message[name] = of_message.get(name, 0) + 1
    return timed, timeless


def _kept(connection, plan):
    query = "SELECT payload_hash, count(*) FROM quarantine WHERE topic LIKE %s GROUP BY 1"
    pattern = plan.topic.format(city=plan.city, device="%")
    return {bytes(key): count for key, count in connection.execute(query, (pattern,)).fetchall()}


def _judge_numbers(url, verdict):
    with connect(url, "writer") as connection:
        drain(connection)
        waiting = connection.execute("SELECT count(*) FROM changed_bucket").fetchone()[0]
        differences = check_rollups(connection, EPOCH, FOREVER)
        verdict.rollups_differing = len(differences) + waiting
        verdict.examples += [str(difference) for difference in differences[:3]]
        before = _kpi_values(connection)
    with connect(url, autocommit=True) as connection:
        # Everything derived is forgotten and derived anew from the raw data.
        connection.execute("TRUNCATE rollup_5m, rollup_1h, rollup_1h_history, kpi_value, kpi_value_history, kpi_due")
        connection.execute(
            """INSERT INTO changed_bucket (datastream, bucket)
               SELECT DISTINCT datastream, date_bin('5 minutes', time, '2000-01-01 00:00:00+00') FROM observation"""
        )
    with connect(url, "writer") as connection:
        drain(connection)
        after = _kpi_values(connection)
    verdict.kpis = len(before)
    differing = [key for key in before.keys() | after.keys() if not _same(before.get(key), after.get(key))]
    verdict.kpis_differing = len(differing)
    verdict.examples += [f"KPI {key}: {before.get(key)}, anew {after.get(key)}" for key in sorted(differing)[:3]]


def _kpi_values(connection):
    """Of periods that are over: what the running hour may say depends on when it is asked.

    So does how many sensors are silent: who is registered later is silent later.
    """
    query = """SELECT city, kpi, scope_kind, scope, period, start, value, quality FROM kpi_value
               WHERE ends < %s AND kpi NOT LIKE 'sensors.%%'"""
    rows = connection.execute(query, (datetime.now(UTC) - timedelta(hours=3),)).fetchall()
    return {row[:6]: row[6:] for row in rows}


def _same(one, other):
    if one is None or other is None:
        return False
    (value, quality), (anew, quality_anew) = one, other
    if quality != quality_anew or (value is None) != (anew is None):
        return False
    return value is None or abs(value - anew) <= 1e-9 * max(1.0, abs(anew))
