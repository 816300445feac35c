"""What rows mean and whether they may be stored: the rules of `ingest.validation`, by columns.

What holds for a whole series (property, unit, device, datastream) is asked once of the same parts that messages go
through; what differs from row to row (window, range, codes for "no value") is compared by columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
import numpy as np

from bypuls.errors import Refusal
from bypuls.observation import Quality
from bypuls.properties import Properties
from bypuls.typed import convert
from ingest.decoding import Reading, Source
from ingest.importing.block import (
    EMPTY,
    FAULTS,
    FINE,
    FIRST_FAULT,
    Block,
    Bytes,
    Float64,
    Int32,
    Int64,
    Mask,
    Sent,
    fault,
)
from ingest.importing.numbers import as_number
from ingest.importing.times import to_datetime, to_microseconds
from ingest.reasons import REASONS, refusal, shortened
from ingest.registry import Datastream, Key
from ingest.rules import SENTINELS, Converted, Rule, Rules
from ingest.strict_json import bad_name, is_channel
from ingest.timestamps import read_time
from ingest.topics import is_device_name
from ingest.validation import EARLIEST
from ingest.writer import Conversion

_SENTINELS = np.array(sorted(SENTINELS))
_CACHED = 100_000

Resolve = Callable[[Mapping[Key, float | None], Source], dict[Key, Datastream | Refusal]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a series is, or why its rows are refused.

    Attributes:
        interval: seconds that a value covers, where its rows say so: then their times are its start.
    """

    refused: Refusal | None = None
    key: Key | None = None
    rule: Rule | None = None
    interval: float | None = None
    stream: Datastream | None = None

    @property
    def shift(self) -> int:
        """µs to add to its times: from the end of an interval to its start."""
        if self.stream is None or self.stream.shift is None or self.interval is not None:
            return 0
        return round(self.stream.shift.total_seconds() * 1e6)


@dataclass(slots=True)
class Checked:
    """A block's rows that may be stored, by columns, in the order of the file.

    Attributes:
        stream: datastream; time: µs, start of the interval; value: in the canonical unit; flag: of the gross range.
        given: the flag that the file gives; None: it gives none.
        block: with the faults found here too.
        meanings: of the block's series.
    """

    stream: Int32
    time: Int64
    value: Float64
    flag: Bytes
    given: Bytes | None
    block: Block
    meanings: list[Meaning]


@dataclass(slots=True)
class Checker:
    """Checks the blocks of one import.

    Attributes:
        properties: the catalogue.
        rules: how quantities and units are taken in a city.
        resolve: finds, or adds, datastreams (`Registry.resolve`).
        arrival: when the import began.
        streams: datastream -> what its rows mean, of all that rows were accepted for.
    """

    source: Source
    properties: Properties
    rules: Callable[[str], Rules]
    resolve: Resolve
    arrival: datetime
    streams: dict[int, Meaning] = field(default_factory=dict)
    _meanings: dict[Sent, Meaning] = field(default_factory=dict)

    def forget(self) -> None:
        """The registry has changed: ask again."""
        self._meanings.clear()

    def check(self, block: Block) -> Checked:
        """What of a block may be stored."""
        meanings = [self._meanings.get(sent) or self._mean(sent) for sent in block.sent]
        known = np.array([meaning.refused is None for meaning in meanings], np.bool_)
        fine = (block.fault == FINE) & known[block.series] if len(block) else np.zeros(0, np.bool_)
        self._window(block, fine)
        flag, value = self._judge(block, fine, meanings)
        self._find(block, fine, meanings)
        rows = np.flatnonzero(fine)
        series = block.series[rows]
        streams = np.array([-1 if m.stream is None else m.stream.id for m in meanings], np.int32)
        shifts = np.array([m.shift for m in meanings], np.int64)
        return Checked(
            streams[series] if len(rows) else np.zeros(0, np.int32),
            block.time[rows] + shifts[series] if len(rows) else np.zeros(0, np.int64),
            value[rows],
            flag[rows],
            None if block.flag is None else block.flag[rows],
            block,
            meanings,
        )

    def explain(self, checked: Checked, row: int) -> Refusal:
        """Why a row of a block is refused, in the words that a message would hear."""
        block = checked.block
        code = int(block.fault[row])
        meaning = checked.meanings[block.series[row]]
        series_refused: Refusal | None = meaning.refused
        if code == FINE and series_refused is not None:
            return series_refused
        time, value = block.wrote(row)
        name = FAULTS[code - FIRST_FAULT]
        try:
            if name in {"time_unreadable", "time_without_zone"}:
                read_time(time, self.source.zone)
            elif name in {"wrong_type", "non_finite"} and isinstance(value, str):
                as_number(value.strip())
        except Refusal as refused:
            return Refusal(refused.code, refused.detail, hint=refused.hint or REASONS[refused.code].hint)
        what = meaning.key.property if meaning.key is not None else "the value"
        details = {
            "time_missing": "the row has no time",
            "wrong_type": f"the flag of the row is none of 1, 2, 3, 4, 9 ({shortened(value)} is its value)",
            "non_finite": f"{shortened(value)} is no number that can be stored",
            "sentinel": f"{what} {value} is a code for 'no value', not a measurement",
        }
        return refusal(name, details.get(name) or f"{to_datetime(int(block.time[row])):%Y-%m-%dT%H:%M:%SZ}")

    def _mean(self, sent: Sent) -> Meaning:
        if len(self._meanings) >= _CACHED:
            self._meanings.clear()
        meaning = self._meanings[sent] = self._read(sent)
        return meaning

    def _read(self, sent: Sent) -> Meaning:
        """What can be said of a series without the database."""
        try:
            if not sent.device:
                raise refusal("device_missing", "the row names no device")
            if not is_device_name(sent.device):
                raise bad_name(sent.device)
            if sent.channel and not is_channel(sent.channel):
                raise bad_name(sent.channel)
            city = sent.city or self.source.city or ""
            unit = None if self._overridden(sent.quantity) else sent.unit or None
            reading = Reading(sent.device, "", sent.quantity or None, sent.channel, 0.0, unit, None)
            rule = self.rules(city).of(reading, sent.device)
            interval = _seconds(sent.interval)
        except Refusal as refused:
            hint = refused.hint or REASONS[refused.code].hint
            return Meaning(Refusal(refused.code, refused.detail, hint=hint, field=refused.field))
        return Meaning(None, Key(city, sent.device, rule.property, sent.channel or rule.channel), rule, interval)

    def _overridden(self, quantity: str) -> bool:
        """Whether the command line says the unit of a property, whatever the file says."""
        if not self.source.units:
            return False
        found = self.properties.find(quantity)
        return found is not None and found[0].id in self.source.units

    def _find(self, block: Block, fine: Mask, meanings: list[Meaning]) -> None:
        """Find the datastreams of the series that have a row to store; what cannot be found refuses its rows."""
        there = np.bincount(block.series[fine], minlength=len(meanings))
        wanted = {
            number: meaning.key
            for number, meaning in enumerate(meanings)
            if there[number] and meaning.stream is None and meaning.key is not None
        }
        if not wanted:
            return
        intervals = {key: meanings[number].interval for number, key in wanted.items()}
        found = self.resolve(intervals, self.source)
        for number, key in wanted.items():
            meaning, stream = meanings[number], found[key]
            if isinstance(stream, Refusal):
                # Not remembered: people mend it while the import goes on.
                meanings[number] = Meaning(stream)
                fine[block.series == number] = False
                continue
            meanings[number] = self._meanings[block.sent[number]] = replace(meaning, stream=stream)
            self.streams[stream.id] = meanings[number]

    def _window(self, block: Block, fine: Mask) -> None:
        self._refuse(block, fine, fine & (block.time < to_microseconds(EARLIEST)), "time_in_past")
        if self.source.future is not None:
            latest = to_microseconds(self.arrival + self.source.future)
            self._refuse(block, fine, fine & (block.time > latest), "time_in_future")

    def _judge(self, block: Block, fine: Mask, meanings: list[Meaning]) -> tuple[Bytes, Float64]:
        """Convert, and make the gross range test (`ingest.rules.judge`, by columns)."""
        series, raw = block.series, block.value
        if not len(block):
            return np.zeros(0, np.uint8), np.zeros(0, np.float64)
        table = np.array([_limits(meaning) for meaning in meanings])
        factor, offset, fail_low, fail_high, low, high, unlimited = (column[series] for column in table.T)
        with np.errstate(invalid="ignore", over="ignore"):
            value: Float64 = raw * factor + offset
            outside = ~((fail_low <= value) & (value <= fail_high))
            suspect = ~((low <= value) & (value <= high))
        sentinel = fine & outside & np.isin(raw, _SENTINELS)
        for codes in {meaning.rule.observed.sentinels for meaning in meanings if meaning.rule is not None} - {
            frozenset()
        }:
            of_series = np.array([m.rule is not None and m.rule.observed.sentinels == codes for m in meanings])
            sentinel |= fine & of_series[series] & np.isin(raw, list(codes))
        self._refuse(block, fine, sentinel, "sentinel")
        self._refuse(block, fine, fine & ~np.isfinite(value), "non_finite")
        flag = np.full(len(value), int(Quality.GOOD), np.uint8)
        flag[unlimited > 0] = Quality.NOT_EVALUATED
        flag[suspect] = Quality.SUSPECT
        flag[outside] = Quality.FAIL
        return flag, value

    @staticmethod
    def _refuse(block: Block, fine: Mask, rows: Mask, code: str) -> None:
        if rows.any():
            block.fault[rows] = fault(code)
            fine &= ~rows


@dataclass(slots=True)
class Conversions:
    """What was sent as shares of volume and is stored as mass per volume, or the reverse: noted as for messages."""

    _known: dict[tuple[int, Converted | None], int] = field(default_factory=dict)

    def of(self, checked: Checked) -> list[Conversion]:
        """From when on which factor holds, where a block's rows say something new of it."""
        found = []
        for number, meaning in enumerate(checked.meanings):
            stream, rule = meaning.stream, meaning.rule
            if stream is None or rule is None or (rule.converted is None and not stream.converted):
                continue
            rows = (checked.block.series == number) & (checked.block.fault == FINE)
            if not rows.any():
                continue
            stream.converted = True
            first, key = int(checked.block.time[rows].min()) + meaning.shift, (stream.id, rule.converted)
            if self._known.get(key, first + 1) <= first:
                continue
            for other in [known for known in self._known if known[0] == stream.id]:
                del self._known[other]
            self._known[key] = first
            time, how = to_datetime(first), rule.converted
            if how is None:
                found.append(Conversion(stream.id, time, rule.unit, 1.0, None, None, 0))
            else:
                found.append(Conversion(stream.id, time, how.unit, how.factor, *how.conditions, 0))
        return found


def refused_rows(checked: Checked) -> Int64:
    """Rows of a block that are refused, each for its first reason."""
    block = checked.block
    series_refused = np.array([meaning.refused is not None for meaning in checked.meanings], np.bool_)
    by_series = series_refused[block.series] if len(block) else np.zeros(0, np.bool_)
    return np.flatnonzero((block.fault >= FIRST_FAULT) | ((block.fault == FINE) & by_series))


def empty_rows(checked: Checked) -> int:
    """How many rows of a block hold no value."""
    return int((checked.block.fault == EMPTY).sum())


def _limits(meaning: Meaning) -> tuple[float, float, float, float, float, float, float]:
    """Factor, offset, the spans outside of which values fail and are suspect, and whether there are none."""
    everything = (-math.inf, math.inf)
    rule = meaning.rule
    if rule is None:
        return 1.0, 0.0, *everything, *everything, 0.0
    fail, suspect = rule.observed.qc.gross_fail, rule.observed.qc.gross_suspect
    return rule.factor, rule.offset, *(fail or everything), *(suspect or everything), float(fail is suspect is None)


def _seconds(interval: str) -> float | None:
    """The length of an interval: seconds, or a duration such as PT1H (ISO 8601).

    Raises:
        Refusal: `wrong_type`.
    """
    if not interval:
        return None
    try:
        return float(interval) if interval[:1].isdigit() else convert(interval, timedelta).total_seconds()
    except (ValueError, msgspec.ValidationError):
        raise refusal("wrong_type", f"{shortened(interval)} is no interval such as 3600 or PT1H") from None
