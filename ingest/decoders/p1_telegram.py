r"""P1 and HAN telegrams of smart meters in text (DSMR 2.2 to 5, Belgium, Luxembourg, Sweden …; IEC 62056-21 grammar).

The telegram as the meter sends it, from `/` to the line with `!`, one or several in a message:

```text
/ISK5\2M550T-1012

1-3:0.2.8(50)
0-0:1.0.0(260105110000W)
0-0:96.1.1(4530303434303037)
1-0:1.8.1(002130.115*kWh)
1-0:1.7.0(00.111*kW)
0-1:24.1.0(003)
0-1:96.1.0(4730303339303031)
0-1:24.2.1(260105105500W)(00246.138*m3)
!960A
```

- **Checksum**: the four digits after `!` are CRC-16/ARC of everything from `/` to `!`. A wrong one refuses the telegram
  (`crc_mismatch`); so does a missing one, but for DSMR 2 and 3, which had none. Line ends may have lost their `\r`.
- **Device**: the topic's (our own, or by the source's `identity`), else the meter's number (0-0:96.1.1, 42.0.0,
  96.1.0) as it stands there, else the last level of the topic that is no word such as `raw` or `telegram`. Meters on
  the M-Bus (0-1 to 0-9: gas, water, heat) are devices of their own, by their own number; where the topic names the
  device they are its parts, `<device>/<number>`.
- **Property and channel**: the OBIS code, by bypuls/catalogue/obis.yaml; of M-Bus meters by their type (24.1.0).
  Identifiers, thresholds, texts, counts of failures and logs are no measurements.
- **Unit**: behind the `*`.
- **Time**: 0-0:1.0.0 for the meter, the number in front of the value for M-Bus meters. `W` is standard time, `S` summer
  time of the source's zone, Central Europe without one. Without the letter (DSMR 2 and 3) local time; without a time
  that of arrival.
- A meter on the M-Bus that has not spoken yet is sent with time 1970 or 63-25-25 and an empty number: no reading.

**Set it up.** docs/how-to/connect-a-p1-port.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from bypuls.errors import Refusal
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Refused, Source
from ingest.obis import Codes, Meaning, codes
from ingest.reasons import REASONS, refusal, shortened
from ingest.strict_json import number, printable
from ingest.timestamps import read_time
from ingest.topics import is_device_name, topic_device

ZONE = "Europe/Amsterdam"
"""Where neither the source nor the registry says another: P1 is specified in local time of Central Europe."""

_LONGEST = 16_384  # the longest real ones have two text messages of 2 kB
_MOST_TELEGRAMS = 5
_MOST_LINES = 200
_START = re.compile(rb"\s{0,8}/[A-Za-z]{3}[0-9A-Za-z\-]")
_LINE = re.compile(r"(?:(\d{1,3})-(\d{1,3}):)?(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?)(?:\*\d{1,3})?(\(.*\))")
_STAMP = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})([SW]?)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?", re.ASCII)
_CRC = re.compile(r"[0-9A-Fa-f]{1,4}")
_FIRST_WITH_CHECKSUM = 40
_NEVER = ("700101", "632525", "000000")
_TOPIC_WORDS = frozenset({"raw", "telegram", "telegrams", "p1", "dsmr_raw", "data", "datagram", "state", "message"})


def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = entry >> 1 ^ 0xA001 if entry & 1 else entry >> 1  # noqa: PLW2901
        entries.append(entry)
    return tuple(entries)


_CRC_TABLE = _table()


@dataclass(slots=True)
class _Meter:
    """One meter of a telegram: the electricity meter, or one on its M-Bus."""

    number: str = ""
    kind: int | None = None
    lines: list[tuple[str, str, list[str]]] = field(default_factory=list)  # as sent, C.D.E, what stands in brackets


@dataclass(slots=True)
class _Telegram:
    """What the lines say, in whatever order they come."""

    main: _Meter = field(default_factory=_Meter)
    on_bus: dict[int, _Meter] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    time: str | None = None
    has_checksum: bool = False  # by its version

    def take(self, line: str, table: Codes) -> None:
        """Read one line. What is none is a text of the maker's: the checksum tells whether something broke."""
        match = _LINE.fullmatch(line)
        if match is None:
            return
        medium, channel, code, brackets = match.groups()
        values = brackets[1:-1].split(")(")
        if medium == "0" and int(channel) > 0:
            self._on_bus(int(channel), code, line, values, table)
            return
        name = f"{int(channel or 0)}:{code}"
        if code in table.versions:
            self.has_checksum = not values[0].isdecimal() or int(values[0][:4]) >= _FIRST_WITH_CHECKSUM
        elif code == table.time and self.time is None:
            self.time = values[0]
        elif name in table.identifiers:
            self.names.setdefault(name, _name(values[0]))
        elif table.is_measured(code):
            self.main.lines.append((line.partition("(")[0], code, values))

    def _on_bus(self, channel: int, code: str, line: str, values: list[str], table: Codes) -> None:
        meter = self.on_bus.setdefault(channel, _Meter())
        if code == table.mbus_type:
            meter.kind = int(values[0]) if values[0].isdecimal() and len(values[0]) < 4 else None  # noqa: PLR2004
        elif code in table.mbus_identifiers:
            meter.number = meter.number or _name(values[0])
        elif code in table.readings:
            meter.lines.append((line.partition("(")[0], code, values))


def recognises(message: Message) -> bool:
    """Whether the payload begins as a telegram does: `/`, three letters of the maker."""
    return _START.match(message.payload[:16]) is not None


def decode(message: Message, source: Source, context: Context) -> Decoded:
    """The readings of every telegram in the message.

    Raises:
        Refusal: of the whole message.
    """
    decoded, refused = Decoded(), []
    for telegram in _telegrams(message.payload):
        try:
            _telegram(telegram, message, source, context, decoded)
        except Refusal as refusal_:
            refused.append(refusal_)
    if len(refused) == 1 and not decoded.readings:
        raise refused[0]
    decoded.refusals += refused
    return decoded


def crc16(data: bytes) -> int:
    """CRC-16/ARC (polynomial 0x8005 reflected, start 0), as DSMR uses it.

    >>> f"{crc16(b'123456789'):04X}"
    'BB3D'
    """
    table, crc = _CRC_TABLE, 0
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def _telegrams(payload: bytes) -> Iterator[bytes]:
    """Each from its `/` to the end of the line with `!`.

    Raises:
        Refusal: `telegram_invalid` or `too_large`.
    """
    at, found = payload.find(b"/"), 0
    if at < 0:
        raise refusal("telegram_invalid", "no line begins with /")
    while at >= 0:
        end = payload.find(b"\n!", at, at + _LONGEST)
        if end < 0:
            if len(payload) - at > _LONGEST:
                raise refusal("too_large", f"a telegram of more than {_LONGEST} bytes")
            raise refusal("telegram_invalid", "the line that begins with ! is missing: the telegram was cut off")
        found += 1
        if found > _MOST_TELEGRAMS:
            raise refusal("too_large", f"more than {_MOST_TELEGRAMS} telegrams in one message")
        yield payload[at : end + 2 + 8]
        following = payload.find(b"\n/", end)
        at = -1 if following < 0 else following + 1


def _telegram(telegram: bytes, message: Message, source: Source, context: Context, decoded: Decoded) -> None:
    """Read one.

    Raises:
        Refusal: of the whole telegram.
    """
    body, _, end = telegram.rpartition(b"\n!")
    table, read = codes(), _Telegram()
    # One character that is no ASCII, in a name, does not spoil the rest.
    for line in _lines(body.decode("latin-1")):
        read.take(line, table)
    _check(body + b"\n!", end.decode("latin-1"), needed=read.has_checksum)
    place = topic_device(message, source)
    number_ = next((read.names[code] for code in table.identifiers if read.names.get(code)), "")
    own = place or number_ or _from_topic(message.topic)
    registered = context.registered(own) if own else None
    zone = (registered.zone if registered is not None else None) or source.zone
    time = None if read.time is None else _time(read.time, zone, "0-0:1.0.0")
    for sent, code, values in read.main.lines:
        _keep(own, sent, table.electricity.get(code) or Meaning(code, "", None), values, time, zone, decoded)
    for channel, meter in read.on_bus.items():
        device = meter.number or f"mbus{channel}"
        device = device if place is None and meter.number else f"{own}/{device}"
        for sent, _, values in meter.lines:
            _mbus(device, sent, meter, values, zone, decoded)


def _lines(text: str) -> list[str]:
    """Without the first; a line that begins with a bracket belongs to the one before it (DSMR 2 and 3)."""
    lines: list[str] = []
    for raw in text.split("\n")[1:]:
        line = raw.strip()
        if line.startswith("(") and lines:
            lines[-1] += line
        elif line:
            lines.append(line)
        if len(lines) > _MOST_LINES:
            raise refusal("too_large", f"a telegram of more than {_MOST_LINES} lines")
    return lines


def _check(body: bytes, end: str, *, needed: bool) -> None:
    """The checksum behind `!`.

    Raises:
        Refusal: `crc_mismatch`.
    """
    match = _CRC.match(end)
    if match is None:
        if needed:
            raise refusal("crc_mismatch", "the checksum behind ! is missing; DSMR 4 and later send one")
        return
    meant, found = int(match[0], 16), crc16(body)
    # Readers that publish line by line lose the \r that the meter computed with.
    if meant != found and meant != crc16(body.replace(b"\r", b"").replace(b"\n", b"\r\n")):
        raise refusal("crc_mismatch", f"the telegram says {meant:04X}, its bytes give {found:04X}")


def _keep(
    device: str,
    sent: str,
    meaning: Meaning,
    values: list[str],
    time: datetime | Refusal | None,
    zone: str | None,
    decoded: Decoded,
) -> None:
    """One number of the electricity meter; a peak comes with the time at which it happened."""
    try:
        if len(values) > 1 and _STAMP.fullmatch(values[0]):
            if values[0].startswith(_NEVER):
                return
            time, values = _time(values[0], zone, sent), values[1:]
        value, unit = _value(values[-1], sent)
    except Refusal as refused:
        decoded.refusals.append(refused)
        return
    if value is not None:
        _put(Reading(device, sent, meaning.property, meaning.channel, value, unit or meaning.unit, None), time, decoded)


def _mbus(device: str, sent: str, meter: _Meter, values: list[str], zone: str | None, decoded: Decoded) -> None:
    """One number of a meter on the M-Bus."""
    stamp = values[0] if _STAMP.fullmatch(values[0]) else None
    # DSMR 2 and 3: (time)(status)(minutes)(count)(code)(unit) and the number in the line after.
    unit = next((text for text in values[1:-1] if text[:1].isalpha()), None)
    try:
        value, own_unit = _value(values[-1], sent)
        unit = own_unit or unit
        if value is None or (unit is None and stamp is not None and stamp.startswith(_NEVER)):
            return
        time = None if stamp is None else _time(stamp, zone, sent)
    except Refusal as refused:
        decoded.refusals.append(refused)
        return
    meaning = None if meter.kind is None else codes().of_mbus(meter.kind, unit)
    if meaning is None:
        meaning = Meaning(f"M-Bus type {meter.kind}", "", None)
    _put(Reading(device, sent, meaning.property, meaning.channel, value, unit, None), time, decoded)


def _put(reading: Reading, time: datetime | Refusal | None, decoded: Decoded) -> None:
    if isinstance(time, Refusal):
        hint = time.hint or REASONS[time.code].hint
        decoded.refusals.append(Refused(time.code, time.detail, hint=hint, reading=reading))
    else:
        decoded.readings.append(msgspec.structs.replace(reading, time=time))


def _value(text: str, sent: str) -> tuple[float | None, str | None]:
    """Number and unit of `00246.138*m3`; no number where the brackets are empty."""
    digits, _, unit = text.partition("*")
    # Meters pad with zeros; elsewhere a number with a leading zero is a serial number.
    if _NUMBER.fullmatch(digits):
        return float(digits), unit or None
    if not digits.strip():
        return None, None
    number(digits, sent)  # says what is wrong with it
    raise refusal("wrong_type", f"{shortened(digits)} is no number", field=printable(sent))


def _time(text: str, zone: str | None, sent: str) -> datetime | Refusal:
    """An instant, or why it is none: the values of a telegram are kept beside the reason."""
    try:
        return _instant(text, zone, sent)
    except Refusal as refused:
        return refused


@lru_cache(maxsize=1024)
def _instant(text: str, zone: str | None, sent: str) -> datetime:
    match = _STAMP.fullmatch(text)
    if match is None:
        raise refusal("time_unreadable", f"{shortened(text)} is no time; YYMMDDhhmmssX is meant", field=printable(sent))
    *parts, letter = match.groups()
    year, month, day, hour, minute, second = (int(part) for part in parts)
    try:
        naive = datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone comes below
    except ValueError:
        raise refusal("time_unreadable", f"{shortened(text)} is no time", field=printable(sent)) from None
    if not letter:
        return read_time(naive.isoformat(), zone or ZONE, sent)
    standard, summer = _offsets(zone or ZONE)
    return naive.replace(tzinfo=timezone(summer if letter == "S" else standard)).astimezone(UTC)


@lru_cache(maxsize=64)
def _offsets(zone: str) -> tuple[timedelta, timedelta]:
    """Standard and summer time of a zone, from UTC."""
    offsets = [datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta() for month in (1, 7)]
    return min(offsets), max(offsets)


def _name(text: str) -> str:
    name = text.strip()
    return name if is_device_name(name) else ""


def _from_topic(topic: str) -> str:
    levels = [level for level in topic.split("/") if is_device_name(level)]
    while len(levels) > 1 and levels[-1].casefold() in _TOPIC_WORDS:
        levels.pop()
    return levels[-1] if levels else ""


DECODER = Decoder("p1_telegram", recognises, decode)
