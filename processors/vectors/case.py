"""Vectors as they stand in a file: case_id, standard, inputs (JSON), expected (JSON), tolerance, source."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bypuls.errors import SettingsError

COLUMNS = ("case_id", "standard", "inputs", "expected", "tolerance", "source")


@dataclass(frozen=True, slots=True)
class Case:
    """One row.

    Attributes:
        place: file and line.
        tolerance: of numbers, absolute (of some standards relative).
    """

    place: str
    case_id: str
    standard: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float
    source: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that is no case, and why."""

    place: str
    why: str


def find_files(paths: list[Path]) -> list[Path]:
    """The files named, and those of the folders named (*.csv, also further down), in order.

    Raises:
        SettingsError: there is none.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
        if not inside:
            raise SettingsError(f"folder {path} has no .csv file: name the folder of the vectors")
        found += inside
    return found


def read_cases(path: Path) -> Iterator[Case | Malformed]:
    """The rows of one file.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"vectors {path} cannot be read: {why}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    while True:
        place = f"{path}:{reader.line_num + 1}"
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Malformed(place, f"no row of CSV: {error}")
            continue
        if row is None:
            break
        if not row:
            continue
        if header is not None:
            yield _case(place, header, row)
            continue
        header = [name.strip() for name in row]
        if lacking := [name for name in COLUMNS[:-1] if name not in header]:
            yield Malformed(place, f"the header lacks {', '.join(lacking)}: it must be {','.join(COLUMNS)}")
            return
    if header is None:
        yield Malformed(f"{path}:1", f"the file is empty: its header must be {','.join(COLUMNS)}")


def _case(place: str, header: list[str], row: list[str]) -> Case | Malformed:
    if len(row) != len(header):
        return Malformed(place, f"{len(row)} fields, the header has {len(header)}")
    fields = dict(zip(header, row, strict=True))
    case_id = fields["case_id"].strip() or "row without case_id"
    try:
        inputs, expected = _object(fields, "inputs"), _object(fields, "expected")
        tolerance = _tolerance(fields["tolerance"])
    except (ValueError, RecursionError) as error:
        return Malformed(place, f"{case_id}: {error}")
    return Case(place, case_id, fields["standard"].strip(), inputs, expected, tolerance, fields.get("source", ""))


def _object(fields: Mapping[str, str], name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(fields[name], parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a JSON object")  # noqa: TRY004 - of a file, not of an argument
    if name == "expected" and not value:
        raise ValueError("expected names nothing to compare")
    return value


def _tolerance(text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = math.nan
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance {text!r} is no number from 0 on")
    return tolerance


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is none; undefined is null")
