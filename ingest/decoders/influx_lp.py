r"""InfluxDB line protocol (`measurement,tag=value field=1.5,other=2i 1767607200000000000`), as Telegraf sends it.

One line per moment of one series, as many lines as one likes; `#` begins a comment, empty lines are skipped. Commas,
blanks and `=` in names are escaped with `\`; texts stand in double quotes and may go over line ends. Numbers are
floats, integers (`23i`) or unsigned ones (`23u`); texts and Booleans are states, no readings. One bad line or field
does not spoil the others.

- **Device**: the first of the tags `device`, `device_id`, `deviceid`, `dev`, `dev_id`, `dev_eui`, `deveui`, `node`,
  `node_id`, `nodeid`, `device_name`, `sensor_id`, `sensorid`, `station`, `station_id`, `meter`, `meter_id`, `thing`,
  `entity_id`, `serial`, `mac`; where there is none of these, the topic's (our own, or by the source's `identity`);
  where it names none, the first of `sensor`, `name`, `id`, `site`, `location`, `room`, `place`; then the level that
  names it in the tag `topic` (Telegraf's MQTT input); then `host`, which comes last because Telegraf puts the name of
  the machine it runs on there.
- **Property**: the field's name, together with the measurement where the catalogue knows both as one (`water` and
  `temperature`). Fields that say nothing (`value`, `v`, `mean` …) are named by the tag `quantity`, `property`,
  `parameter`, `metric`, `type` or `measurement`, by the last level of the tag `topic`, or by the measurement,
  whichever the catalogue knows first.
- **Channel**: what is left of such a name (`kitchen_temperature`), and the tags `channel`, `ch`, `lane`, `line`,
  `phase`, `port`, `probe`, `position`, `direction`, and `sensor` where something else names the device.
- **Unit**: the tag `unit`, `units` or `unit_of_measurement`. The protocol has none: otherwise the source's `units`.
- **Time**: the protocol does not say its precision. The source's `precision` does (`s`, `ms`, `us`, `ns`); without it
  the size of the number tells them apart. No time: arrival.

**Set it up.** Telegraf: `[[outputs.mqtt]]` with `data_format = "influx"`. A source with `format: influx_lp`, and
`units` for what it sends: `units: {air_temperature: Cel, relative_humidity: "%"}`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bypuls.errors import Refusal
from bypuls.properties import find
from ingest.decoding import Context, Decoded, Decoder, Message, Reading, Source
from ingest.reasons import refusal, shortened
from ingest.strict_json import bad_name, is_name, number, printable
from ingest.timestamps import read_time
from ingest.topics import is_device_name, topic_device
from ingest.words import said

_LONGEST_LINE = 65_536  # what Telegraf takes
_MOST_TAGS = 256  # the same
_MOST_FIELDS = 1000
_TOLD = 100  # of lines that are refused: one by one
_STRONG = (
    *(
        "device",
        "device_id",
        "deviceid",
        "dev",
        "dev_id",
        "dev_eui",
        "deveui",
        "node",
        "node_id",
        "nodeid",
        "device_name",
    ),
    *("sensor_id", "sensorid", "station", "station_id", "meter", "meter_id", "thing", "entity_id", "serial", "mac"),
)
_WEAK = ("sensor", "name", "id", "site", "location", "room", "place")
_CHANNELS = ("channel", "ch", "lane", "line", "phase", "port", "probe", "position", "direction", "sensor")
_UNITS = ("unit", "units", "unit_of_measurement")
_QUANTITIES = ("quantity", "property", "parameter", "metric", "type", "measurement")
_SAYS_NOTHING = frozenset({"value", "val", "v", "values", "reading", "data", "mean", "last", "measurement", "result"})
_ABOUT_NOTHING = frozenset({"device", "sensor", "sensors", "data", "mqtt_consumer", "file", "internal"})
_CHIRPSTACK = "device_frmpayload_data_"  # how ChirpStack's own InfluxDB integration begins measurements
_NO_CHANNEL = re.compile(r"[^A-Za-z0-9_.-]+")
# One pass from left to right, no way back: a name is plain characters and escaped pairs.
_HEAD = re.compile(r"(?:[^\\ \n]|\\.)+")
_KEY = re.compile(r"(?:[^\\ ,=\n]|\\.)+")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(r"[^ ,\n]*")
_PIECE = re.compile(r"(?:[^\\,=]|\\.)*")
_ESCAPED = re.compile(r"\\([, =])")
_NUMBER = re.compile(r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,3})?)[iu]?", re.ASCII)
_TIME = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_LOOKS_LIKE = re.compile(rb"[^\s,{\[\"#/|][^\n\"]{0,500}? [^\s,=\"]{1,200}=(?:[-+.0-9\"]|[tTfF])")
_STATES = frozenset({"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"})
_PRECISION = {"s": 1_000_000, "ms": 1000, "us": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Series(NamedTuple):
    """What measurement and tags say; the same for ever."""

    device: str | None  # by a tag that names devices
    fallback: str | None  # by one that may
    channel: str
    fallback_channel: str  # where the tag `sensor` may name the device
    unit: str | None
    measurement: str
    named: tuple[str, ...]  # words for what a field measures that says nothing itself


def recognises(message: Message) -> bool:
    """Whether the first line that is no comment has a series and a field."""
    start = message.payload[:1024]
    if start[:1] in b"{[/":
        return False
    while start[:1] in b"#\r\n" and start:
        start = start.partition(b"\n")[2].lstrip(b"\r\n")
    return _LOOKS_LIKE.match(start) is not None


def decode(message: Message, source: Source, _context: Context) -> Decoded:
    """The readings of every line.

    Raises:
        Refusal: of the whole message: no UTF-8, too many lines or readings, or nothing in it.
    """
    text = _text(message.payload)
    if text.count("\n") > source.max_readings:
        raise refusal("too_large", f"{text.count(chr(10))} lines in one message; {source.max_readings} are allowed")
    decoded, place = Decoded(), topic_device(message, source)
    at = line = refused_lines = 0
    empty = True
    while at < len(text):
        line += 1
        end = at
        if text[at] not in "\n#":
            empty = False
            try:
                end = _line(text, at, line, place, source, decoded)
            except Refusal as refused:
                refused_lines += 1
                if refused_lines <= _TOLD:
                    decoded.refusals.append(refused)
        following = text.find("\n", end)
        at = len(text) if following < 0 else following + 1
        if len(decoded.readings) + len(decoded.refusals) > source.max_readings:
            raise refusal("too_large", f"more than {source.max_readings} fields in one message are not allowed")
    if empty:
        raise refusal("empty", "the message holds no line")
    if refused_lines > _TOLD:
        decoded.refusals.append(refusal("line_protocol_invalid", f"{refused_lines - _TOLD} further lines"))
    return decoded


def _text(payload: bytes) -> str:
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise refusal("line_protocol_invalid", f"byte 0x{byte:02x} at {error.start} is not UTF-8") from None
    return text.replace("\r\n", "\n") if "\r" in text else text


def _line(text: str, at: int, line: int, place: str | None, source: Source, decoded: Decoded) -> int:
    """Read the line that begins at `at`; where it ends (texts in quotes may hold line ends)."""
    head = _HEAD.match(text, at, at + _LONGEST_LINE)
    if head is None or text[head.end() : head.end() + 1] != " ":
        raise _invalid(line, "a series, a blank and a field are meant")
    series = _series(head[0])
    if series is None:
        raise _invalid(line, f"{shortened(head[0])} is no measurement with its tags")
    fields, at = _fields(text, head.end(), line)
    time, at = _time(text, at, line, source)
    device, channel = series.device, series.channel
    if device is None and place is not None:
        device = place
    elif device is None:
        device, channel = series.fallback or "", series.fallback_channel
    for name, value in fields:
        try:
            _field(name, value, series, device, channel, time, decoded)
        except Refusal as refused:
            decoded.refusals.append(refused)
    return at


def _fields(text: str, at: int, line: int) -> tuple[list[tuple[str, str]], int]:
    """Names and values as they stand there, and where they end."""
    while text[at : at + 1] == " ":
        at += 1
    end = text.find("\n", at)
    rest = text[at : min(len(text) if end < 0 else end, at + _LONGEST_LINE)]
    if '"' in rest or "\\" in rest:
        return _quoted_fields(text, at, line)
    plain = rest.partition(" ")[0]
    fields = []
    for part in plain.split(",", _MOST_FIELDS):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise _invalid(line, f"name=value is meant where {shortened(part)} stands")
        fields.append((name, value))
    return fields, at + len(plain)


def _quoted_fields(text: str, at: int, line: int) -> tuple[list[tuple[str, str]], int]:
    """The same, where commas, blanks and line ends may be part of a text or of a name."""
    limit = at + _LONGEST_LINE
    fields: list[tuple[str, str]] = []
    while len(fields) < _MOST_FIELDS:
        key = _KEY.match(text, at, limit)
        if key is None or text[key.end() : key.end() + 1] != "=":
            raise _invalid(line, f"name=value is meant where {shortened(text[at : at + 40])} stands")
        at = key.end() + 1
        value = (_TEXT if text[at : at + 1] == '"' else _PLAIN).match(text, at, limit)
        if value is None:
            raise _invalid(line, f"the text of {shortened(key[0])} has no end")
        fields.append((key[0], value[0]))
        at = value.end()
        if text[at : at + 1] != ",":
            return fields, at
        at += 1
    raise _invalid(line, f"more than {_MOST_FIELDS} fields")


def _time(text: str, at: int, line: int, source: Source) -> tuple[datetime | None, int]:
    """The time behind the fields, and where the line ends."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    sent = text[at : min(end, at + 64)].strip()
    if not sent:
        return None, end
    if not _TIME.fullmatch(sent):
        raise _invalid(line, f"{shortened(sent)} stands where the time is meant")
    return _moment(int(sent), source.precision, line), end


@lru_cache(maxsize=1024)
def _moment(sent: int, precision: str | None, line: int) -> datetime:
    if precision is None:
        return read_time(sent, field=f"line {line}")
    micros = sent // 1000 if precision == "ns" else sent * _PRECISION.get(precision, 1)
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise refusal("time_unreadable", f"{sent} {precision} since 1970 is no time", field=f"line {line}") from None


def _field(
    raw: str, value: str, series: _Series, device: str, channel: str, time: datetime | None, decoded: Decoded
) -> None:
    if value[:1] == '"' or value in _STATES:
        return
    name = _unescaped(raw)
    if not is_name(name):
        raise bad_name(name, name)
    match = _NUMBER.fullmatch(value)
    if match is None:
        number(value, name)  # says what is wrong with it
        raise refusal("wrong_type", f"{shortened(value)} is no number", field=printable(name))
    measured = float(match[1])
    if not math.isfinite(measured):
        raise refusal("non_finite", f"{shortened(value)} is no finite number", field=printable(name))
    quantity, of_name = _meaning(series.measurement, series.named, name)
    if of_name:
        channel = f"{channel}.{of_name}"[:32] if channel else of_name
    decoded.readings.append(Reading(device, name, quantity, channel, measured, series.unit, time))


# A series is the same text in every message.
@lru_cache(maxsize=16_384)
def _series(head: str) -> _Series | None:
    first, *rest = _pieces(head)
    if not first or len(rest) > _MOST_TAGS:
        return None
    tags: dict[str, str] = {}
    for tag in rest:
        name, equals, value = _split(tag)
        if not name or not equals:
            return None
        tags[name.casefold()] = value.strip()
    device = _first(tags, _STRONG)
    return _Series(
        device,
        _first(tags, _WEAK) or _by_topic(tags.get("topic")) or _first(tags, ("host",)),
        _channel(tags, with_sensor=True),
        _channel(tags, with_sensor=device is not None),
        next((tags[name] for name in _UNITS if tags.get(name)), None),
        _unescaped(first)[:128],
        _named(tags),
    )


def _pieces(head: str) -> list[str]:
    """Measurement and tags, split at the commas that are not escaped."""
    if "\\" not in head:
        return head.split(",")
    pieces = [""]
    for part in re.split(r"((?:\\.)|,)", head):
        if part == ",":
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces


def _split(tag: str) -> tuple[str, str, str]:
    name = _PIECE.match(tag)
    end = 0 if name is None else name.end()
    return _unescaped(tag[:end]), tag[end : end + 1], _unescaped(tag[end + 1 :])


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _by_topic(topic: str | None) -> str | None:
    """The device in the topic that Telegraf read from: its last level, or the one before a property's name."""
    levels = [level for level in (topic or "").split("/") if level]
    if len(levels) > 1 and said(levels[-1]).known:
        levels.pop()
    return levels[-1] if levels and is_device_name(levels[-1]) else None


def _first(tags: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((tags[name] for name in names if name in tags and is_device_name(tags[name])), None)


def _channel(tags: dict[str, str], *, with_sensor: bool) -> str:
    words = [tags[name] for name in _CHANNELS if tags.get(name) and (name != "sensor" or with_sensor)]
    return _NO_CHANNEL.sub("_", ".".join(words)).strip("_.-")[:32].casefold()


def _named(tags: dict[str, str]) -> tuple[str, ...]:
    names = [tags[name][:128] for name in _QUANTITIES if tags.get(name)]
    if tags.get("topic"):
        names.append(tags["topic"].rpartition("/")[2][:128])
    return tuple(names)


@lru_cache(maxsize=16_384)
def _meaning(measurement: str, named: tuple[str, ...], name: str) -> tuple[str, str]:
    """Property and channel of a field; its own name where the catalogue knows none."""
    measurement = measurement.removeprefix(_CHIRPSTACK)
    if name.casefold() in _SAYS_NOTHING:
        candidates = [*named, measurement]
    else:
        # The temperature of a measurement `water` is the water's; one called `device` is not about the device itself.
        together = [] if measurement.casefold() in _ABOUT_NOTHING else [f"{measurement}_{name}"]
        candidates = [*(word for word in together if find(word) is not None), name, *together]
    for word in candidates:
        known = said(word)
        if known.known:
            return known.quantity, known.channel
    own = candidates[0]
    return own if is_name(own) else printable(own)[:64], ""


def _invalid(line: int, detail: str) -> Refusal:
    return refusal("line_protocol_invalid", f"line {line}: {detail}", field=f"line {line}")


DECODER = Decoder("influx_lp", recognises, decode)
