"""When an NGSI entity was observed: instants, intervals, times without a zone. Reads no value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.reasons import refusal, shortened
from ingest.timestamps import read_time

_INSTANTS = ("dateObserved", "TimeInstant", "observedAt", "observationDateTime", "timestamp", "dateTime")
# The further away the arrival is, the less it says about a time without a zone: zones reach from -12 to +14 hours.
_NEAR = timedelta(hours=26)


class When(NamedTuple):
    """Time of an observation.

    Attributes:
        time: UTC; None: the arrival is meant.
        seconds: length of the interval that begins at `time`; None of an instant.
        refused: why the time is not known although one was sent; what is measured then is not to be stored.
    """

    time: datetime | None = None
    seconds: float | None = None
    refused: Refusal | None = None


ARRIVAL = When()


def plain(attribute: Any) -> Any:
    """The value of an attribute in whatever form: bare, normalized, typed (`{"@type", "@value"}`), a reference."""
    for _ in range(3):
        if type(attribute) is not dict:
            break
        for key in ("value", "@value", "object", "@id"):
            if key in attribute:
                attribute = attribute[key]
                break
        else:
            break
    return attribute


def entity_time(
    entity: Mapping[str, Any], names: tuple[str, ...], zone: str | None, arrival: datetime, *, alone: bool
) -> When:
    """When the entity says it was observed.

    Args:
        entity: attribute -> attribute.
        names: attributes that hold the time, before the common ones.
        zone: of times without one.
        arrival: what such a time is compared with where no zone is known.
        alone: whether the message holds no other entity; the arrival stands for one time, not for several.
    """
    problem: When | None = None
    if "dateObservedFrom" in entity:
        start, end = plain(entity["dateObservedFrom"]), plain(entity.get("dateObservedTo"))
        when = _between(start, end, zone, arrival, "dateObservedFrom", alone=alone)
        if when.time is not None:
            return when
        problem = when
    for name in (*names, *_INSTANTS):
        if name not in entity:
            continue
        value = plain(entity[name])
        if value is None or value == "":
            continue
        when = written_time(value, zone, arrival, name, alone=alone)
        if when.time is not None:
            return when
        problem = problem or when
    return problem or ARRIVAL


def written_time(value: Any, zone: str | None, arrival: datetime, field: str, *, alone: bool = True) -> When:
    """An instant, or an ISO 8601 interval `from/to`."""
    if type(value) is str and "/" in value[:64]:
        start, _, end = value.partition("/")
        return _between(start, end, zone, arrival, field, alone=alone)
    try:
        return When(read_time(value, zone, field))
    except Refusal as refused:
        if refused.code != "time_without_zone":
            return When(refused=refused)
        # It is an ISO time: read_time has read it.
        distance = abs(datetime.fromisoformat(value.strip()) - arrival.replace(tzinfo=None))
        return ARRIVAL if alone and distance <= _NEAR else When(refused=refused)


def _between(start: Any, end: Any, zone: str | None, arrival: datetime, field: str, *, alone: bool) -> When:
    begins = written_time(start, zone, arrival, field, alone=alone)
    if begins.time is None or not isinstance(end, str | int | float):
        return begins
    ends = written_time(end, zone, arrival, field, alone=alone)
    if ends.time is None:
        return begins
    seconds = (ends.time - begins.time).total_seconds()
    if seconds < 0:
        detail = f"the interval ends at {shortened(end)}, before it begins at {shortened(start)}"
        return When(refused=refusal("time_unreadable", detail, field=field))
    return When(begins.time, seconds or None)


def contains(interval: When, instant: When) -> bool:
    """Whether an instant lies in an interval: then it is the interval that the value is of."""
    if interval.time is None or instant.time is None or interval.seconds is None:
        return False
    return timedelta(0) <= instant.time - interval.time <= timedelta(seconds=interval.seconds)
