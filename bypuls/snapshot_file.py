"""The file of a city snapshot: sealed with the hash of its content, written, read and checked.

docs/schemas/city-snapshot.schema.json describes it (`json_schema`).
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from bypuls.errors import SettingsError
from bypuls.snapshot import FORMAT, FORMAT_VERSION, Content, Snapshot
from bypuls.typed import read_json

_READ = range(1, FORMAT_VERSION + 1)


def seal(content: Content, made_at: datetime) -> Snapshot:
    """Put the hash and the time beside the content.

    Raises:
        ValueError: a number is not finite (JSON has no such), or `made_at` or a period has no time zone.
    """
    if made_at.tzinfo is None or any(one.start.tzinfo is None or one.ends.tzinfo is None for one in content.kpis):
        raise ValueError("times of a snapshot need a time zone")
    return Snapshot(hash=content_hash(content), made_at=made_at, content=content)


def content_hash(content: Content) -> str:
    """`sha256:` and the hash of the canonical JSON.

    Raises:
        ValueError: a number is not finite.
    """
    return "sha256:" + hashlib.sha256(canonical_json(content)).hexdigest()


def canonical_json(content: Content) -> bytes:
    """UTF-8 with members sorted by name, no white space, numbers in their shortest form.

    Raises:
        ValueError: a number is not finite: JSON would say null and mean something else.
    """
    _check_finite(content)
    return msgspec.json.encode(content, order="sorted")


def write_snapshot(snapshot: Snapshot) -> bytes:
    """The file's bytes: indented, members sorted, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(snapshot, order="sorted"), indent=1) + b"\n"


def read_snapshot(file: Path) -> Snapshot:
    """Read and check a snapshot file.

    Raises:
        SettingsError: not readable, not of this format and version, or changed after it was made: one line each.
    """
    try:
        return parse_snapshot(file.read_bytes())
    except OSError as error:
        raise SettingsError(f"snapshot {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"snapshot {file}: {error}") from None


def parse_snapshot(data: bytes) -> Snapshot:
    """Read and check the bytes of a snapshot.

    Raises:
        ValueError: in one line, what is wrong and where.
    """
    try:
        head = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"is no JSON: {error}") from None
    found = head.get("format") if isinstance(head, dict) else None
    if found != FORMAT:
        raise ValueError(f"is no city snapshot: its member format is {found!r}, not {FORMAT!r}")
    if head.get("format_version") not in _READ:
        raise ValueError(
            f"has format version {head.get('format_version')!r}; this Bypuls reads 1 to {FORMAT_VERSION}: "
            "have it made again, or use the version that made it"
        )
    try:
        snapshot = read_json(data, Snapshot)
    except msgspec.ValidationError as error:
        raise ValueError(f"is not as its format says: {error}") from None
    # Over the members that the file has: those that a later version added are none of an earlier one's.
    computed = "sha256:" + hashlib.sha256(msgspec.json.encode(head["content"], order="sorted")).hexdigest()
    if computed != snapshot.hash:
        raise ValueError(f"was changed after it was made: it says {snapshot.hash[:19]}…, its content {computed[:19]}…")
    return snapshot


def json_schema() -> dict[str, Any]:
    """The format as JSON Schema (2020-12)."""
    schema = msgspec.json.schema(Snapshot)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"City snapshot of Bypuls, version {FORMAT_VERSION}",
        **schema,
    }


def _check_finite(value: Any, path: str = "content") -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}: a snapshot holds finite numbers or none")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _check_finite(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_finite(one, f"{path}.{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _check_finite(one, f"{path}[{number}]")
