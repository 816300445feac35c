"""Times as people and older systems write them, beside Unix time and ISO 8601; what may be read two ways is not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from bypuls.errors import Refusal
from ingest.reasons import refusal, shortened
from ingest.timestamps import read_time

_LONGEST = 64
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)? ?(?P<half>[AaPp][Mm])?"
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:[Tt ,_-]+{_CLOCK})?", re.ASCII
)
_YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<next>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})(?:[Tt ,_-]+{_CLOCK})?", re.ASCII
)
_DIGITS = re.compile(r"(?:19|20)\d{12}", re.ASCII)
_OFFSET = re.compile(r" ?([+-])(\d\d):?(\d\d)$", re.ASCII)
_ZONE_NAME = re.compile(r" ?([A-Za-z]{1,5})$", re.ASCII)
_LETTERED = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4}", re.ASCII)
_NOON = 12

_ZONES: dict[str, tzinfo] = {
    "z": UTC,
    "utc": UTC,
    "gmt": UTC,
    "cest": timezone(timedelta(hours=2)),
    "eest": timezone(timedelta(hours=3)),
    "west": timezone(timedelta(hours=1)),
}
# "CET" on a summer's day is written by systems that mean the region; so the region's summer time holds (IANA).
_REGIONS = {"cet": "CET", "met": "MET", "eet": "EET", "wet": "WET"}


def read_any_time(
    value: object, zone: str | None = None, field: str | None = None, *, day_first: bool = False
) -> datetime:
    """The instant that a device means, in UTC: what `read_time` reads, and dates with slashes, dots, names of zones.

    `17/09/2012T12:34:45CET`, `2020/03/20T17:18:02z`, `31.12.2026 23:59`, `2026-01-05-14:57:54`, `20260105145754`,
    `Thu, 01 Oct 2020 13:32:00 GMT`. Of zone names only those are read that mean one thing: Z, UTC, GMT, and CET, MET,
    EET, WET (the region, with its summer time), CEST, EEST, WEST.

    Args:
        value: as it stands in the message.
        zone: IANA name for times without a zone.
        field: where it stands, for the error.
        day_first: `03/04/2026` is the third of April; without it only dots say so, or a number above 12.

    Raises:
        Refusal: `time_unreadable` or `time_without_zone`.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return _placed(_from_digits(value.strip(), field), zone, value, field)
    try:
        return read_time(value, zone, field)
    except Refusal as refused:
        if refused.code != "time_unreadable" or not isinstance(value, str) or len(value) > _LONGEST:
            raise
    text = value.strip()
    rest, written_zone = zone_of(text)
    time = _calendar(rest, field, day_first=day_first) if rest[:1].isdigit() else None
    if time is None and _LETTERED.match(text):
        time, written_zone = _lettered(text), None
    if time is None:
        raise refusal("time_unreadable", f"{shortened(value)} is no time", field=field)
    if written_zone is not None and time.tzinfo is None:
        time = time.replace(tzinfo=written_zone)
    return _placed(time, zone, value, field)


def zone_of(text: str) -> tuple[str, tzinfo | None]:
    """A text without the zone at its end, and the zone; None where none is written that means one thing.

    >>> zone_of("17/09/2012T12:34:45CET")
    ('17/09/2012T12:34:45', zoneinfo.ZoneInfo(key='CET'))
    """
    offset = _OFFSET.search(text)
    if offset is not None and ":" in text[: offset.start()]:
        span = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if span < timedelta(days=1):
            return text[: offset.start()], timezone(-span if offset[1] == "-" else span)
    name = _ZONE_NAME.search(text)
    if name is not None:
        folded = name[1].casefold()
        if folded in _REGIONS:
            return text[: name.start()], ZoneInfo(_REGIONS[folded])
        if folded in _ZONES:
            return text[: name.start()], _ZONES[folded]
    return text, None


def _placed(time: datetime, zone: str | None, value: object, field: str | None) -> datetime:
    try:
        if time.tzinfo is None and zone is not None:
            time = time.replace(tzinfo=ZoneInfo(zone))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except OverflowError:
        raise refusal("time_unreadable", f"{shortened(value)} is no time", field=field) from None
    raise refusal("time_without_zone", f"{shortened(value)} has no zone", field=field)


def _calendar(text: str, field: str | None, *, day_first: bool) -> datetime | None:
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        return _moment(match, int(match["month"]), int(match["day"]), text, field)
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return None
    first, second = int(match["first"]), int(match["next"])
    if match["mark"] == "." or day_first or first > _NOON or first == second:
        return _moment(match, second, first, text, field)
    if second > _NOON:
        return _moment(match, first, second, text, field)
    raise refusal(
        "time_unreadable",
        f"{shortened(text)} has its day or its month first",
        field=field,
        hint="send 2026-01-05T10:00:00Z, or say in a profile how the time is written",
    )


def _moment(match: re.Match[str], month: int, day: int, text: str, field: str | None) -> datetime:
    hour = int(match["hour"] or 0)
    if match["half"]:
        hour = hour % _NOON + (_NOON if match["half"].casefold() == "pm" else 0)
    micro = int((match["fraction"] or "0").ljust(6, "0")[:6])
    clock = (int(match["minute"] or 0), int(match["second"] or 0), micro)
    try:
        return datetime(int(match["year"]), month, day, hour, *clock)  # noqa: DTZ001 - the zone is asked for afterwards
    except ValueError:
        raise refusal("time_unreadable", f"{shortened(text)} is no time", field=field) from None


def _from_digits(text: str, field: str | None) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone is asked for afterwards
    except ValueError:
        raise refusal("time_unreadable", f"{shortened(text)} is no time", field=field) from None


def _lettered(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
