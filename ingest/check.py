"""A dry run: what would be stored of one message, or why not. Without a database: city and device cannot be judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from bypuls.city import City
from bypuls.clock import isoformat, utc_now
from bypuls.errors import Refusal, SettingsError, UnitError
from bypuls.units import Units
from ingest.accepted import Accepted, Event
from ingest.decoding import Message, Reading, Refused, Source
from ingest.source_files import read_source
from ingest.sources import source_for
from ingest.strict_json import printable
from ingest.topics import is_device_name
from ingest.validation import Catalogue, Reader


@cache
def shipped() -> Catalogue:
    """What is shipped with the platform, and a user's own profiles; read once in a process."""
    return Catalogue.load()


def check_decode(
    topic: str,
    payload: bytes,
    source: Source | None = None,
    *,
    now: datetime | None = None,
    catalogue: Catalogue | None = None,
) -> list[dict[str, Any]]:
    """What ingest would make of a message that arrives now.

    Args:
        topic: as published.
        payload: as published.
        source: which source reads it; None: the built-in one that the topic belongs to, else every format.
        now: time of arrival; None: the system's.
        catalogue: None: the shipped one.

    Returns:
        One entry per reading that would be stored: device, field, property, channel, value, unit (as sent, UCUM;
        None where the message gives none), stored {value, unit}, time (RFC 3339 with Z), flag (QARTOD), diagnostic.
        One per event: device, event (its kind), property, channel, time, detail.
        One per refusal: error, detail, hint and, where it is one reading's, field, device, quantity, channel, value,
        unit and time as they were read. Nothing for a message that rightly leaves nothing behind.
    """
    known = catalogue or shipped()
    message = Message(topic, payload, now or utc_now())
    read = Reader(source or source_for(topic), known).read(message)
    entries = [_stored(accepted, known.units) for accepted in read.accepted]
    entries += [_event(event) for event in read.events]
    return entries + [_refused(refusal, known.units) for refusal in read.refusals]


def dry_source(topic: str, file: Path | None, profile: str | None, payload_format: str | None) -> Source:
    """The source that a dry run reads a message with: a file's, or the topic's own with what else is said.

    Raises:
        SettingsError: the file cannot be, or a name that there is not.
    """
    if file is not None:
        # No broker is asked, so its password is not needed.
        source = msgspec.structs.replace(read_source(file), broker=None, password_variable=None).source()
    else:
        source = source_for(topic)
        if payload_format is None and profile is not None:
            payload_format = "profile" if not _of_network_servers(profile) else None
    if payload_format is not None:
        source = replace(source, formats=(_one_of(payload_format, shipped().decoders, "format"),))
    if profile is not None:
        source = replace(source, profiles=(_one_of(profile, shipped().profiles, "profile"),))
    return source


def check_profiles(city: City) -> None:
    """Whether every profile that a city's file names is there.

    Raises:
        SettingsError: one is not.
    """
    for device in city.devices or ():
        if device.profile is not None and device.profile not in shipped().decoders:
            try:
                _one_of(device.profile, shipped().profiles, "profile")
            except SettingsError as error:
                message = (
                    f"city {city.city}, device {device.id}: {error}; BYPULS_INGEST_PROFILES names a folder of yours"
                )
                raise SettingsError(message) from None


def _one_of(name: str, known: Collection[str], what: str) -> str:
    if name in known:
        return name
    message = f"there is no {what} {name!r}; there are: {', '.join(sorted(known))}"
    raise SettingsError(message)


def _of_network_servers(profile: str) -> bool:
    """Whether a maker's messages come in the envelope of a network server, which is a format of its own."""
    known = shipped().profiles.get(profile)
    return known is not None and not known.document.topics


def exit_code(entries: Sequence[Mapping[str, Any]]) -> int:
    """0 when something would be stored or nothing needs to be, 1 when everything was refused."""
    return 0 if not entries or any("error" not in entry for entry in entries) else 1


def render(entries: Sequence[Mapping[str, Any]]) -> str:
    """The same for people: a table of what would be stored, then what was refused and how to mend it."""
    if not entries:
        return "nothing to store, and nothing wrong: an empty or retained message, or one without numbers"
    stored = [entry for entry in entries if "stored" in entry]
    lines = _table(stored) if stored else []
    for entry in entries:
        if "event" in entry:
            told = " ".join(f"{name} {value}" for name, value in entry["detail"].items())
            of = " ".join(part for part in (entry["property"], entry["channel"]) if part)
            lines.append(
                f"event {entry['event']} of {entry['device']} {of} at {entry['time']} {told}".replace("  ", " ")
            )
        if "error" in entry:
            where = f" in {entry['field']}" if entry.get("field") else ""
            lines.append(f"refused{where}: {entry['error']}: {entry['detail']}")
            if entry["hint"]:
                lines.append(f"    {entry['hint']}")
    return "\n".join(lines)


def _stored(accepted: Accepted, units: Units) -> dict[str, Any]:
    reading = accepted.reading
    return {
        "device": accepted.device,
        "field": reading.field,
        "property": accepted.property,
        "channel": accepted.channel,
        "value": reading.value,
        "unit": _ucum(reading.unit, units),
        "stored": {"value": accepted.value, "unit": accepted.unit},
        "time": isoformat(accepted.time),
        "flag": int(accepted.flag),
        "diagnostic": accepted.diagnostic,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "device": event.device,
        "event": event.kind,
        "property": event.property,
        "channel": event.channel,
        "time": isoformat(event.time),
        "detail": event.detail,
    }


def _refused(refusal: Refusal, units: Units) -> dict[str, Any]:
    entry: dict[str, Any] = {"error": refusal.code, "detail": refusal.detail, "hint": refusal.hint}
    if isinstance(refusal, Refused):
        entry |= _as_read(refusal.reading, units)
    elif refusal.field is not None:
        entry["field"] = refusal.field
    return entry


def _as_read(reading: Reading, units: Units) -> dict[str, Any]:
    return {
        "field": reading.field,
        "device": reading.device if is_device_name(reading.device or "") else printable(reading.device or "") or None,
        "quantity": reading.quantity,
        "channel": reading.channel,
        "value": reading.value,
        "unit": _ucum(reading.unit, units),
        "time": None if reading.time is None else isoformat(reading.time),
    }


def _ucum(unit: str | None, units: Units) -> str | None:
    """UCUM where the table knows the spelling, else what was sent."""
    if unit is None:
        return None
    try:
        return units.canonical(unit).ucum
    except UnitError:
        return printable(unit)


def _table(stored: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ("device", "property", "channel", "sent", "stored", "time", "flag")
    rows = [head, *(_row(entry) for entry in stored)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    kept = entry["stored"]
    return (
        entry["device"],
        entry["property"],
        entry["channel"] or "-",
        f"{entry['value']:.10g} {entry['unit'] or '(no unit)'}",
        f"{kept['value']:.10g} {kept['unit']}",
        entry["time"],
        str(entry["flag"]),
    )
