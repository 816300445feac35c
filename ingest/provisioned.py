"""Messages whose names mean nothing by themselves, read by the profile that a device or its source was given."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.decoding import Context, Decoded, Refused, Source
from ingest.mapping import Scene, apply
from ingest.ngsi_times import When
from ingest.profiles import Profile


def zone_and_profile(device: str, source: Source, context: Context) -> tuple[str | None, Profile | None]:
    """Zone of times without one, and the profile: the registry's of the device, else the source's only one."""
    registered = context.registered(device) if device else None
    zone, profile = source.zone, None
    if source.profiles is not None and len(source.profiles) == 1:
        profile = context.profiles.get(source.profiles[0])
    if registered is not None:
        zone = registered.zone or zone
        if registered.profile is not None:
            profile = context.profiles.get(registered.profile) or profile
    return zone, profile


def read_by_profile(
    profile: Profile, document: dict[str, Any], device: str, source: Source, when: When, offset: float
) -> Decoded:
    """Read an object by a profile's first mapping.

    Args:
        profile: the device's.
        document: name -> value.
        device: as topic or envelope name it; the document does not overrule it.
        source: the message's.
        when: of values that have no time of their own.
        offset: seconds from the arrival, of values without any time.

    Raises:
        Refusal: `too_large` or `too_deep`.
    """
    scene = Scene(device, source, time=when.time, fixed=True)
    read = apply(profile, profile.default, document, scene)
    readings = read.readings
    read.readings = []
    for reading in readings:
        if when.seconds is not None and reading.time is when.time and reading.interval_seconds is None:
            reading = msgspec.structs.replace(reading, interval_seconds=when.seconds)  # noqa: PLW2901 - same reading
        if reading.time is not None:
            read.readings.append(reading)
        elif when.refused is not None:
            why = when.refused
            read.refusals.append(Refused(why.code, why.detail, hint=why.hint, reading=reading))
        else:
            late = reading.offset_seconds + offset
            read.readings.append(msgspec.structs.replace(reading, offset_seconds=late) if offset else reading)
    return read
