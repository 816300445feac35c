"""Reads who is asked for which KPI: a YAML file by unit, or CSV with a row per KPI or group."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from bypuls.errors import SettingsError
from bypuls.storage.collection_rounds import Asked
from bypuls.typed import convert
from bypuls.u4ssc.catalogue import U4sscCatalogue


class _Unit(msgspec.Struct, forbid_unknown_fields=True):
    """A unit of the organisation and what it is asked for."""

    unit: str
    kpis: list[str]
    contact: str | None = None


_COLUMNS = {"code", "unit", "contact"}


def read_asked(path: Path, catalogue: U4sscCatalogue) -> dict[str, Asked]:
    """KPI code -> who is asked. What stands later goes before: groups first, their exceptions after.

    YAML: a list of `{unit, contact, kpis}`, a KPI being a code or the beginning of codes ("EN: EN"; "*" for all).
    CSV: columns `code`, `unit` and, if there is one, `contact`.

    Raises:
        SettingsError: what is wrong, and where.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise SettingsError(message) from None
    try:
        units = _of_csv(text) if path.suffix.lower() == ".csv" else convert(yaml.safe_load(text), list[_Unit])
        return {code: Asked(one.unit.strip(), one.contact) for one in units for code in _codes(one.kpis, catalogue)}
    except (yaml.YAMLError, msgspec.ValidationError, SettingsError, csv.Error) as error:
        message = f"{path}: {str(error).splitlines()[0]}"
        raise SettingsError(message) from None


def _of_csv(text: str) -> list[_Unit]:
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")
    heads = {head.strip().lower() for head in rows.fieldnames or () if head}
    if not {"code", "unit"} <= heads <= _COLUMNS:
        raise SettingsError(f"its columns are {', '.join(sorted(heads)) or 'none'}: code, unit and contact are read")
    found = []
    for number, row in enumerate(rows, 2):
        cells = {(name or "").strip().lower(): (value or "").strip() for name, value in row.items() if name}
        if not cells.get("code"):
            raise SettingsError(f"row {number} names no code")
        found.append(_Unit(cells.get("unit", ""), [cells["code"]], cells.get("contact") or None))
    return found


def _codes(wanted: Iterable[str], catalogue: U4sscCatalogue) -> Iterable[str]:
    for text in wanted:
        parts = [] if text.strip() == "*" else [part.strip().upper() for part in text.split(":")]
        found = [code for code in catalogue.kpis if code.split(": ")[: len(parts)] == parts]
        if not found:
            raise SettingsError(f"U4SSC has no KPI {text!r}: a code is like 'EN: EN: AQ: 1C', a group like 'EN: EN'")
        yield from found
