"""Parquet with the columns of tidy or wide CSV; times as timestamps, or as texts and Unix times as CSV has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from bypuls.errors import SettingsError
from ingest.importing.block import EMPTY, FINE, Block, Bytes, Float64, Int64, fault
from ingest.importing.columns import Given, Wide, layout
from ingest.importing.numbers import read_numbers
from ingest.importing.series import Parts, flags_of, series_of
from ingest.importing.times import from_local, read_times

_ROWS = 131_072


class ParquetFile:
    """One Parquet file.

    Attributes:
        size: its rows.
        layout: which column is what.
    """

    name = "parquet"

    def __init__(self, path: Path, given: Given, known: Callable[[str], bool], *, zone: str | None = None) -> None:
        """Read the schema.

        Raises:
            SettingsError: it is no Parquet, a column is missing, or its times have no zone and none is given.
        """
        self.path, self._zone = path, zone
        try:
            with parquet.ParquetFile(path) as file:
                self.size = file.metadata.num_rows
                schema = file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise SettingsError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from None
        self.layout = layout(schema.names, given, known, str(path))
        kind = schema.field(self.layout.roles["time"]).type
        if pa.types.is_timestamp(kind) and kind.tz is None and zone is None:
            raise SettingsError(f"{path}: its times have no zone: say which with --zone, as --zone Europe/Oslo")
        if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind) or _is_text(kind) or pa.types.is_integer(kind)):
            raise SettingsError(
                f"{path}: the column of the times is {kind}; a timestamp, a text or an integer is meant"
            )

    @property
    def unused(self) -> Sequence[str]:
        """Columns that mean nothing to us."""
        return self.layout.unused

    def blocks(self) -> Iterator[Block]:
        """The rows, a piece at a time.

        Raises:
            SettingsError: a piece cannot be read.
        """
        wanted = sorted({*self.layout.roles.values(), *(wide.column for wide in self.layout.wide)})
        first = 1
        with parquet.ParquetFile(self.path) as file:
            names = file.schema_arrow.names
            batches = file.iter_batches(_ROWS, columns=[names[number] for number in wanted], use_threads=False)
            try:
                for batch in batches:
                    columns = dict(zip(wanted, batch.columns, strict=True))
                    for wide in self.layout.wide or (None,):
                        block = self._block(columns, first, batch.num_rows, wide)
                        block.read = first + batch.num_rows - 1
                        yield block
                    first += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise SettingsError(f"{self.path}, from row {first} on: {' '.join(str(error).split())[:200]}") from None

    def _block(self, columns: dict[int, pa.Array], first: int, rows: int, wide: Wide | None) -> Block:
        roles, given = self.layout.roles, self.layout.given

        def of(role: str, otherwise: str = "") -> pa.Array | str:
            return columns[roles[role]] if role in roles else otherwise

        parts = Parts(
            city=of("city"),
            device=of("device", given.device),
            quantity=wide.quantity if wide else of("quantity", given.quantity),
            channel=of("channel", given.channel),
            unit=wide.unit if wide else of("unit", given.unit),
            interval=of("interval", given.interval),
        )
        series, sent = series_of(parts, rows)
        times, numbers = columns[roles["time"]], columns[wide.column if wide else roles["value"]]
        time, faults = self._times(times)
        value, value_faults = _numbers(numbers)
        flag: Bytes | None = None
        if "flag" in roles:
            flag, flag_faults = flags_of(columns[roles["flag"]])
            faults = np.where(faults == FINE, flag_faults, faults)
        faults = np.where((value_faults == EMPTY) | (faults == FINE), value_faults, faults)
        lines = np.arange(first, first + rows, dtype=np.int64)
        return Block(
            lines, series, sent, time, value, faults, flag, lambda row: (times[row].as_py(), numbers[row].as_py())
        )

    def _times(self, column: pa.Array) -> tuple[Int64, Bytes]:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if _is_text(kind) or pa.types.is_integer(kind):
            return read_times(pc.fill_null(pc.cast(column, pa.string()), ""), self._zone)
        missing = column.is_null().to_numpy(zero_copy_only=False)
        naive = pa.types.is_date(kind) or kind.tz is None
        if naive and self._zone is None:
            return np.zeros(len(column), np.int64), np.full(len(column), fault("time_without_zone"), np.uint8)
        # Finer than µs is cut off, as in messages; the zone is a matter of display: the number is UTC.
        plain = pc.cast(column, pa.timestamp("us") if naive else pa.timestamp("us", kind.tz), safe=False)
        times = pc.fill_null(plain.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        if naive:
            times = from_local(times, self._zone or "UTC")
        return times, np.where(missing, np.uint8(fault("time_missing")), np.uint8(FINE))


def _numbers(column: pa.Array) -> tuple[Float64, Bytes]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_text(column.type):
        return read_numbers(pc.fill_null(pc.cast(column, pa.string()), ""))
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        return np.full(len(column), np.nan), np.full(len(column), fault("wrong_type"), np.uint8)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    faults = np.where(np.isinf(values), np.uint8(fault("non_finite")), np.uint8(FINE))
    # NaN stands for "nothing was measured" in tables of numbers.
    faults[missing | np.isnan(values)] = EMPTY
    return values, faults


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any((pa.types.is_string(kind), pa.types.is_large_string(kind), pa.types.is_string_view(kind)))
