"""Tables in JSON: names once, then rows of values, as loggers and databases write them.

`{"columns": ["time", "temperature"], "rows": [["2026-01-05T10:00:00Z", 21.4]]}`; Campbell Scientific's CSIJSON
`{"head": {"environment": {…}, "fields": [{"name", "units"}]}, "data": [{"time", "vals": […]}]}`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ingest.reasons import refusal

_NAMES = ("columns", "fields", "headers", "header", "names")
_ROWS = ("rows", "data", "values", "records")
_VALUES = ("vals", "values", "row")
_MOST_CELLS = 100_000
# The logger's count of records; its time stands beside it.
_RECORD_NUMBERS = frozenset({"no", "record", "recnbr", "RECORD", "RecNbr"})
_STATIONS = ("station_name", "serial_no")


class _Column(NamedTuple):
    name: str
    unit: str | None


def rows_of(document: dict[str, Any]) -> list[dict[str, Any]] | None:
    """An object for each row; None where the document is no table.

    A value whose column gives a unit becomes `{"value", "unit"}`.

    Raises:
        Refusal: `wrong_type`, a row of another length.
    """
    head = document.get("head")
    columns = _columns(head if type(head) is dict else document)
    if columns is None:
        return None
    rows = next((document[key] for key in _ROWS if type(document.get(key)) is list), None)
    if not rows or len(rows) * len(columns) > _MOST_CELLS:
        return None
    if type(rows[0]) not in {list, dict}:
        rows = [rows]
    shared = _shared(document, head)
    found: list[dict[str, Any]] = []
    for row in rows:
        cells, beside = row, {}
        if type(row) is dict:
            cells = next((row[key] for key in _VALUES if type(row.get(key)) is list), None)
            beside = {key: value for key, value in row.items() if type(value) in {str, int, float}}
        if type(cells) is not list or (cells is not row and len(cells) != len(columns)):
            return None
        if len(cells) != len(columns):
            raise refusal("wrong_type", f"row {len(found)} holds {len(cells)} values for {len(columns)} columns")
        found.append({**shared, **_plain(beside), **_read(columns, cells)})
    return found


def _columns(document: dict[str, Any]) -> list[_Column] | None:
    for key in _NAMES:
        said = document.get(key)
        if type(said) is list and said:
            columns = [_column(one) for one in said]
            return None if None in columns else [column for column in columns if column is not None]
    return None


def _column(said: Any) -> _Column | None:
    if type(said) is str:
        return _Column(said, None)
    if type(said) is not dict or type(said.get("name")) is not str:
        return None
    unit = said.get("units", said.get("unit"))
    return _Column(said["name"], unit if type(unit) is str and unit.strip() else None)


def _shared(document: dict[str, Any], head: Any) -> dict[str, Any]:
    """What holds for all rows: the document's own texts and numbers, and the station that the head names."""
    shared = {key: value for key, value in document.items() if type(value) in {str, int, float}}
    place = head.get("environment") if type(head) is dict else None
    if type(place) is dict:
        name = next((place[key] for key in _STATIONS if type(place.get(key)) is str and place[key]), None)
        if name is not None:
            shared["station_name"] = name
    return shared


def _plain(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key not in _RECORD_NUMBERS}


def _read(columns: list[_Column], cells: list[Any]) -> dict[str, Any]:
    pairs = zip(columns, cells, strict=True)
    read = {name: cell if unit is None else {"value": cell, "unit": unit} for (name, unit), cell in pairs}
    return _plain(read)
