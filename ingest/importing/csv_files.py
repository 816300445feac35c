"""Tidy CSV (one value a row) and wide CSV (one column a property), plain or gzip, a piece of the file at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from bypuls.errors import SettingsError
from ingest.importing.block import Block, Int64, Stray
from ingest.importing.columns import Given, Layout, Wide, layout
from ingest.importing.numbers import read_numbers
from ingest.importing.packed import Opened
from ingest.importing.series import Parts, flags_of, series_of
from ingest.importing.times import read_times
from ingest.reasons import REASONS, shortened

_PIECE = 16_000_000
_LONGEST_LINE = 1_000_000
_DELIMITERS = ",;\t|"


class CsvFile:
    """One CSV file.

    Attributes:
        size: bytes on the disk.
        layout: which column is what.
    """

    name = "csv"

    def __init__(
        self,
        path: Path,
        given: Given,
        known: Callable[[str], bool],
        *,
        zone: str | None = None,
        encoding: str = "utf-8",
        decimal_comma: bool = False,
    ) -> None:
        """Read the header.

        Raises:
            SettingsError: the file cannot be read or a column is missing.
        """
        self.path, self._zone, self._encoding, self._decimal_comma = path, zone, encoding, decimal_comma
        with Opened(self.path) as (_, text):
            self.size = path.stat().st_size
            first = text.readline(_LONGEST_LINE)
        header = self._decoded(first).removeprefix("\ufeff").rstrip("\r\n")
        self._delimiter = max(_DELIMITERS, key=header.count)
        try:
            names = next(csv.reader([header], delimiter=self._delimiter), [])
        except csv.Error as error:
            raise SettingsError(f"{path}: its first line is no header of CSV ({error})") from None
        self.layout: Layout = layout(names, given, known, str(path))
        self._columns = [str(number) for number in range(len(names))]

    @property
    def unused(self) -> Sequence[str]:
        """Columns that mean nothing to us."""
        return self.layout.unused

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode(self._encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise SettingsError(
                f"{self.path} cannot be read as {self._encoding}: {error}; name its encoding, as --encoding latin-1"
            ) from None

    def blocks(self) -> Iterator[Block]:
        """The rows, a piece at a time.

        Raises:
            SettingsError: the file is not in its encoding, or holds a line without an end.
        """
        with Opened(self.path) as (raw, text):
            line = 1 + text.readline(_LONGEST_LINE).count(b"\n")
            rest = b""
            while True:
                piece = text.read(_PIECE)
                data = rest + piece
                if not data:
                    return
                end = len(data) if not piece else data.rfind(b"\n") + 1
                if end == 0:
                    if len(data) > _PIECE + _LONGEST_LINE:
                        raise SettingsError(f"{self.path}: a line is longer than {_LONGEST_LINE} bytes: is it CSV?")
                    rest = data
                    continue
                data, rest = data[:end], data[end:]
                if self._encoding not in {"utf-8", "utf8"}:
                    data = self._decoded(data).encode()
                for block in self._blocks(data, line):
                    block.read = raw.tell()
                    yield block
                line += data.count(b"\n")

    def _blocks(self, data: bytes, line: int) -> Iterator[Block]:
        """Rows of whole lines; `line` is the number of the first."""
        table, lines, strays = self._parsed(data, line)
        texts = [column.combine_chunks() for column in table.columns]
        if not self.layout.wide:
            yield self._block(texts, lines, strays, None)
            return
        for wide in self.layout.wide:
            yield self._block(texts, lines, strays if wide is self.layout.wide[0] else [], wide)

    def _parsed(self, data: bytes, line: int) -> tuple[pa.Table, Int64, list[Stray]]:
        odd: list[tuple[int, str, int]] = []

        def keep(row: arrow_csv.InvalidRow) -> str:
            odd.append((row.number - 1, row.text, row.actual_columns))
            return "skip"

        series = {self.layout.roles.get(role) for role in ("device", "quantity", "unit", "channel", "interval", "city")}
        types = {
            name: pa.dictionary(pa.int32(), pa.string()) if number in series else pa.string()
            for number, name in enumerate(self._columns)
        }
        try:
            table = arrow_csv.read_csv(
                io.BytesIO(data),
                read_options=arrow_csv.ReadOptions(
                    column_names=self._columns, use_threads=False, block_size=max(len(data), 1)
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter, invalid_row_handler=keep),
                convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
            )
        except pa.ArrowInvalid as error:
            self._decoded(data)  # says it better where the encoding is what is wrong
            raise SettingsError(f"{self.path}, from line {line} on: {' '.join(str(error).split())[:300]}") from None
        lines = self._lines(data, line, table.num_rows + len(odd))
        strays = [self._stray(int(lines[row]), text, found) for row, text, found in odd]
        if odd:
            lines = np.delete(lines, [row for row, *_ in odd])
        return table, lines, strays

    def _lines(self, data: bytes, line: int, rows: int) -> Int64:
        """The line of each row; empty lines are no rows."""
        if data.count(b"\n") + (not data.endswith(b"\n")) == rows:
            return np.arange(line, line + rows, dtype=np.int64)
        filled = [number for number, text in enumerate(data.split(b"\n"), line) if text.strip(b"\r")]
        if len(filled) != rows:  # a quoted value with a line break in it: only where the piece begins is known
            return np.full(rows, line, np.int64)
        return np.array(filled, np.int64)

    def _stray(self, line: int, text: str, found: int) -> Stray:
        detail = f"{found} columns where the header has {len(self._columns)}"
        return Stray(line, "row_unreadable", detail, REASONS["row_unreadable"].hint, shortened(text, 500))

    def _block(self, texts: list[pa.Array], lines: Int64, strays: list[Stray], wide: Wide | None) -> Block:
        roles, given = self.layout.roles, self.layout.given
        parts = Parts(
            city=texts[roles["city"]] if "city" in roles else "",
            device=texts[roles["device"]] if "device" in roles else given.device,
            quantity=wide.quantity if wide else texts[roles["quantity"]] if "quantity" in roles else given.quantity,
            channel=texts[roles["channel"]] if "channel" in roles else given.channel,
            unit=wide.unit if wide else texts[roles["unit"]] if "unit" in roles else given.unit,
            interval=texts[roles["interval"]] if "interval" in roles else given.interval,
        )
        series, sent = series_of(parts, len(lines))
        written_time, written_value = texts[roles["time"]], texts[wide.column if wide else roles["value"]]
        time, fault = read_times(written_time, self._zone)
        numbers = pc.replace_substring(written_value, ",", ".") if self._decimal_comma else written_value
        value, value_fault = read_numbers(numbers)
        flag, flag_fault = flags_of(texts[roles["flag"]]) if "flag" in roles else (None, None)
        for more in (flag_fault,):
            fault = fault if more is None else np.where(fault == 0, more, fault)
        # A row without a value says nothing, whatever else stands in it.
        fault = np.where((value_fault == 1) | (fault == 0), value_fault, fault)
        return Block(
            lines, series, sent, time, value, fault, flag,
            lambda row: (written_time[row].as_py(), written_value[row].as_py()), strays,
        )  # fmt: skip
