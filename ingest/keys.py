"""What a key means in JSON whose maker is not known: a time, a device, a unit, or a quantity and what its end says.

Rules, no guesses: a key is a catalogue word or it stays the device's own word; a unit is read from a key's end only
where the table of units and the property's dimension leave exactly one reading.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from typing import NamedTuple

from bypuls.errors import UnitError
from bypuls.properties import ObservedProperty, find
from bypuls.units import Units

_MOST_KNOWN = 16_384
_LONGEST = 96


class Role(Enum):
    """What a member of an object is, by its key."""

    PLAIN = "plain"
    TIME = "time"
    DATE = "date"
    DEVICE = "device"
    WEAK_DEVICE = "weak_device"
    NAME = "name"
    VALUE = "value"
    UNIT = "unit"
    UNIT_OF = "unit_of"
    CHANNEL = "channel"
    QUALITY = "quality"
    SCALE = "scale"
    WRAPPER = "wrapper"
    REMARK = "remark"


class Key(NamedTuple):
    """What one key says.

    Attributes:
        rank: of several times or devices in one object the lowest is meant.
        quantity: catalogue word, or the key itself; "" where the key names none.
        channel: from the key's end (`temperature_2`).
        unit: from the key's end (`outTemp_C`); None where it gives none.
        base: of UNIT_OF, the plain form of the key that it is the unit of; of a key with a unit, what stands before
            it; of other roles, the key's plain form.
        known: the catalogue has the quantity.
        letter: the unit is a single letter, which may as well be the name of a phase.
    """

    role: Role
    rank: int = 0
    quantity: str = ""
    channel: str = ""
    unit: str | None = None
    base: str = ""
    known: bool = False
    letter: bool = False


TIMES = (
    "measuredat", "observedat", "phenomenontime", "resulttime", "sampletime", "sampledat", "measurementtime",
    "measuretime", "observationtime", "eventtime", "recordedat", "timestamp", "timestampms", "timestamputc", "ts",
    "tst", "datetime", "datetimeutc", "dateutc", "timeutc", "utctime", "utc", "unixtime", "unixtimestamp", "epoch",
    "epochtime", "time", "date", "localtime", "createdat", "sentat", "stamp",
    "timestring", "t", "dt", "lastseen", "lastupdate", "updatedat",
)  # fmt: skip
"""Keys of a time, in plain form, the one that is nearest to the measurement first."""

DEVICES = (
    "deviceid", "devicename", "device", "deveui", "devid", "deviceserial", "devicecode", "deviceuid", "deviceuuid",
    "sensorid", "sensoruid", "stationid", "nodeid", "thingid", "meterid", "meternumber", "meterno", "macaddress",
    "mac", "serialnumber", "serialno", "imei", "eui", "endpointid", "stationcode", "stationname", "detectorid",
    "counterid", "loggerid", "cameraid",
)  # fmt: skip
"""Keys of a device, in plain form, the surest first."""

WEAK_DEVICES = ("sensor", "station", "node", "meter", "thing", "id", "sensorname", "nodename", "serial", "host", "name")
"""Keys that name a device only where something else shows it: items of a list, or an object of one value."""

NAMES = (
    "sensortype", "observedproperty", "property", "quantity", "parameter", "param", "metric", "measurement",
    "measurand", "measure", "variable", "phenomenon", "pollutant", "valuetype", "measurementtype", "fieldname", "key",
    "attribute", "signal", "kind", "type", "label", "n", "name", "field",
)  # fmt: skip
"""Keys that name the quantity of an object of one value, the surest first."""

VALUES = ("value", "v", "val", "reading", "measuredvalue", "sensorvalue", "currentvalue", "numericvalue", "result")
"""Keys of the value of an object of one value."""

_UNITS = frozenset({"unit", "units", "uom", "u", "unitofmeasure", "unitofmeasurement", "unitcode", "engunit"})
_CHANNELS = frozenset({"channel", "ch", "channelno", "channelid", "port", "portno", "phase", "lane", "laneno", "probe"})
_QUALITY = frozenset({"q", "quality", "qualitycode", "valid", "isvalid", "good"})
_SCALES = frozenset({"scalefactor", "scale", "multiplier", "factor"})
_WRAPPERS = frozenset(
    {
        "data", "values", "payload", "measurements", "readings", "sensors", "sensor", "observations", "fields", "state",
        "report", "reports", "result", "results", "body", "params", "parameters", "attributes", "telemetry", "message",
        "messages", "msg", "object", "metrics", "records", "record", "items", "samples", "points", "series", "devices",
        "nodes", "stations", "meters", "things", "channels", "events", "current", "content", "response", "d", "list",
        "decoded", "uplink", "environment", "status", "info", "device",
    }
)  # fmt: skip
_REMARKS = frozenset(
    {
        "version", "ver", "fw", "firmware", "firmwareversion", "fwversion", "swversion", "hwversion", "softwareversion",
        "hardware", "msgid", "messageid", "msgversion", "msgtype", "model", "modelid", "manufacturer", "vendor",
        "protocol", "protocolversion", "statuscode", "code", "errorcode", "errors", "error", "index", "idx", "status",
        "traceid", "requestid", "sequenceid", "ip", "ipaddress", "zone", "timezone", "tz", "utcoffset", "tzoffset",
        "description", "comment", "note", "unitsystem", "crc", "checksum", "hash", "city", "site", "location", "room",
        "interval", "period", "sampleinterval", "sampleperiod", "type", "id", "uid", "uuid", "name",
    }
)  # fmt: skip

# How unit codes are written where / and ° may not stand: in keys. Each counts only for its dimension.
_IN_KEYS = {
    "c": ("Cel",), "degc": ("Cel",), "deg_c": ("Cel",), "celsius": ("Cel",), "centigrade": ("Cel",),
    "f": ("[degF]",), "degf": ("[degF]",), "deg_f": ("[degF]",), "fahrenheit": ("[degF]",),
    "ms": ("m/s", "ms"), "m_s": ("m/s",), "mps": ("m/s",), "m_per_s": ("m/s",), "km_h": ("km/h",),
    "km_per_h": ("km/h",), "kph": ("km/h",), "mi_h": ("[mi_i]/h",), "knot": ("[kn_i]",),
    "ug_m3": ("ug/m3",), "mg_m3": ("mg/m3",), "ng_m3": ("ng/m3",), "µg_m3": ("ug/m3",), "ugm3": ("ug/m3",),
    "mgm3": ("mg/m3",), "mg_l": ("mg/L",), "ug_l": ("ug/L",),
    "wpm2": ("W/m2",), "w_m2": ("W/m2",), "wm2": ("W/m2",), "mm_h": ("mm/h",), "mm_per_hour": ("mm/h",),
    "mm_per_h": ("mm/h",), "l_min": ("L/min",), "l_h": ("L/h",), "l_s": ("L/s",), "m3_h": ("m3/h",),
    "m3_s": ("m3/s",), "us_cm": ("uS/cm",), "bq_m3": ("Bq/m3",), "usv_h": ("uSv/h",), "dba": ("dB[A]",),
    "db_a": ("dB[A]",), "volts": ("V",), "amps": ("A",), "amperes": ("A",), "watts": ("W",), "hertz": ("Hz",),
    "seconds": ("s",), "minutes": ("min",), "hours": ("h",), "meters": ("m",), "metres": ("m",),
    "millivolts": ("mV",), "veh_h": ("{vehicle}/h",),
}  # fmt: skip
_FAHRENHEIT_OR_CELSIUS = frozenset({"c", "f"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CUTS = re.compile(r"[_\-. (\[]|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_END = 16
# `trace_id`, `measurementId`: a name in the shape of a number.
_AN_ID = re.compile(r"[_\-. ][iI][dD]$|[a-z0-9]I[dD]$")
_NUMBERED = re.compile(r"(.*?[A-Za-z])(?:[_\-. #]?)(\d{1,2})")
# A meter's own letters, as IEC 60050 and makers' displays use them; only inside an object that names a meter.
_METER_LETTERS = {
    "e": "active_energy_import", "p": "active_power", "q": "reactive_power", "s": "apparent_power", "u": "voltage",
    "i": "current", "pf": "power_factor",
}  # fmt: skip


def plain(key: str) -> str:
    """A key without case and separators.

    >>> plain("Device_ID"), plain("dateTime")
    ('deviceid', 'datetime')
    """
    return key.casefold().replace("_", "").replace("-", "").replace(" ", "").replace(".", "")


def _roles() -> dict[str, Key]:
    roles: dict[str, Key] = {}
    for role, words in ((Role.REMARK, _REMARKS), (Role.QUALITY, _QUALITY), (Role.SCALE, _SCALES)):
        roles.update((word, Key(role)) for word in words)
    roles.update((word, Key(Role.UNIT)) for word in _UNITS)
    roles.update((word, Key(Role.CHANNEL)) for word in _CHANNELS)
    roles.update((word, Key(Role.NAME, rank)) for rank, word in enumerate(NAMES))
    roles.update((word, Key(Role.VALUE, rank)) for rank, word in enumerate(VALUES))
    roles.update((word, Key(Role.DEVICE, rank)) for rank, word in enumerate(DEVICES))
    roles.update((word, Key(Role.WEAK_DEVICE, rank)) for rank, word in enumerate(WEAK_DEVICES))
    roles.update((word, Key(Role.TIME, rank)) for rank, word in enumerate(TIMES))
    return roles


_ROLES = _roles()


def word_of_topic(topic: str) -> tuple[str, str] | None:
    """What a topic's end names and what stands before it; a last level `value` or `state` says nothing by itself.

    >>> word_of_topic("st1/temperature"), word_of_topic("st1/temperature/state"), word_of_topic("st1/data")
    (('st1', 'temperature'), ('st1', 'temperature'), None)
    """
    head, _, last = topic.strip("/").rpartition("/")
    if last in {"value", "state"}:
        head, _, last = head.rpartition("/")
    return (head, last) if head and last and read_key(last).known else None


def is_wrapper(key: str) -> bool:
    """Whether a key only holds others together, and names no part of a device.

    >>> is_wrapper("data"), is_wrapper("kitchen")
    (True, False)
    """
    return plain(key) in _WRAPPERS


# Devices repeat their few keys for ever.
KNOWN: dict[str, Key] = {}
"""Keys that were read before."""


def read_key(key: str) -> Key:
    """What a key says by itself.

    >>> read_key("outTemp_C").unit, read_key("power_mw").unit, read_key("temperature_2").channel
    ('C', None, '2')
    """
    return KNOWN.get(key) or learn(key)


def learn(key: str) -> Key:
    """Read a key that was not read before: dear, and so kept."""
    if len(key) > _LONGEST:
        return Key(Role.PLAIN, quantity=key)
    bare = plain(key)
    found = _ROLES.get(bare)
    if found is None and _AN_ID.search(key) and find(key) is None:
        found = Key(Role.REMARK)
    if found is not None:
        found = found._replace(base=bare)
    for end in () if found is not None else ("unit", "units", "uom"):
        if bare.endswith(end):
            found = Key(Role.UNIT_OF, base=bare.removesuffix(end))
        elif bare.startswith(f"{end}of") and len(bare) > len(end) + 2:
            found = Key(Role.UNIT_OF, base=bare[len(end) + 2 :])
    if len(KNOWN) >= _MOST_KNOWN:
        KNOWN.clear()
    KNOWN[key] = found = found or _quantity(key)
    return found


def _quantity(key: str) -> Key:
    """Quantity, channel and unit: the whole key, the key with a unit at its end, the key with a number at its end."""
    whole = known_word(key)
    if whole is not None:
        return Key(Role.PLAIN, quantity=whole, unit=_inherent(whole) or _own_end(key, whole), known=True)
    with_unit = _with_unit(key)
    if with_unit is not None:
        return with_unit
    word = _numbered_word(key)
    if word is not None:
        return Key(Role.PLAIN, quantity=word[0], channel=word[1], unit=_inherent(word[0]), known=True)
    return Key(Role.PLAIN, quantity=key)


def _numbered_word(key: str) -> tuple[str, str] | None:
    """Word and number of `temp2` and `pm25_2`; a digit behind a short word is part of a name (co2, no2)."""
    if not key[-1:].isdigit():
        return None
    numbered = _NUMBERED.fullmatch(key)
    if numbered is None:
        return None
    head, number = numbered[1], numbered[2]
    word = known_word(head)
    separated = len(head) + len(number) < len(key)
    if word is None or not (separated or (len(head) > 3 and len(number) == 1)):  # noqa: PLR2004
        return None
    return word, number


def known_word(key: str) -> str | None:
    """The form of a key that the catalogue knows: as it is, or with its humps parted.

    >>> known_word("windSpeed"), known_word("soilMoisture"), known_word("voltageL1"), known_word("wobble")
    ('windSpeed', 'soil_moisture', 'voltage_l1', None)
    """
    if find(key) is not None:
        return key
    parted = _parted(key)
    return parted if parted != key and find(parted) is not None else None


def _parted(key: str) -> str:
    return _CAMEL.sub("_", key).replace("-", "_").replace(" ", "_").casefold()


def _inherent(word: str) -> str | None:
    """Positions are decimal degrees wherever they are written as such numbers (WGS 84)."""
    found = find(word)
    return "deg" if found is not None and found[0].id in {"latitude", "longitude"} else None


def _own_end(key: str, whole: str) -> str | None:
    """The unit in which a word of the catalogue ends (`temp_c`, `battery_mV`)."""
    found = find(whole)
    head, separator, end = key.rpartition("_")
    if found is None or not (head and separator):
        return None
    return unit_at_end(end, found[0], letters=True)


def _with_unit(key: str) -> Key | None:
    """The key read as a word and the spelling of a unit, when exactly one unit fits the word's property."""
    for head, end in split_end(key):
        word, channel = known_word(head), ""
        if word is None:
            word, channel = _numbered_word(head) or (None, "")
        found = None if word is None else find(word)
        if word is None or found is None:
            continue
        unit = unit_at_end(end, found[0])
        if unit is not None:
            return Key(
                Role.PLAIN, quantity=word, channel=channel, unit=unit, base=head, known=True, letter=len(end) == 1
            )
    return None


def _cuts(key: str) -> list[int]:
    """Where a unit may begin: behind separators and humps near the end, the longest end first."""
    start = max(len(key) - _LONGEST_END, 1)
    return [match.start() for match in _CUTS.finditer(key, start)][-4:]


def split_end(key: str) -> list[tuple[str, str]]:
    """A key as what may be a word and what may be its unit, the longest end first.

    >>> split_end("roof_temperature_degC")
    [('roof_temperature', 'degC'), ('roof_temperature_deg', 'C')]
    """
    pairs = [(key[:cut].rstrip("_-. (["), key[cut:].strip("_-. ()[]")) for cut in _cuts(key)]
    return [(head, end) for head, end in pairs if end.casefold() in _ends()]


def unit_at_end(end: str, observed: ObservedProperty, *, letters: bool = False) -> str | None:
    """The one unit that the end of a key means for a property, as a spelling of the table; None for none or several.

    A spelling of the table counts as it is written; without regard to case only where one unit of the property's
    dimension is left (mw is milliwatt or megawatt: none); a single small letter counts for degrees alone, or with
    `letters`.
    """
    table = _table()
    if _fits(end, observed):
        return end
    folded = end.casefold()
    candidates = list(_IN_KEYS.get(folded, ()))
    if letters or len(end) > 1 or folded in _FAHRENHEIT_OR_CELSIUS:
        candidates += table.get(folded, ())
    fitting = {_units().canonical(spelling).ucum for spelling in candidates if _fits(spelling, observed)}
    return fitting.pop() if len(fitting) == 1 else None


def _fits(spelling: str, observed: ObservedProperty) -> bool:
    try:
        if _units().exact.get(spelling) is None:
            return False
        _units().conversion(spelling, observed)
    except UnitError:
        return False
    return True


@cache
def _units() -> Units:
    return Units.load()


@cache
def _ends() -> frozenset[str]:
    """Every end of a key that may be a unit."""
    return frozenset(_IN_KEYS) | frozenset(_table())


@cache
def _table() -> dict[str, tuple[str, ...]]:
    """Spellings without case -> the spellings of the table."""
    spellings: dict[str, tuple[str, ...]] = {}
    for spelling in _units().exact:
        folded = spelling.casefold()
        spellings[folded] = (*spellings.get(folded, ()), spelling)
    return spellings


def of_part(part: str, key: str) -> str | None:
    """The catalogue's word for a key inside a part that completes it (`wind: {speed}`, `battery: {voltage}`).

    >>> of_part("wind", "speed"), of_part("kitchen", "temperature")
    ('wind_speed', None)
    """
    return known_word(f"{part}_{key}")


def of_meter(key: str) -> str | None:
    """What a letter means where a meter speaks.

    >>> of_meter("E"), of_meter("I1")
    ('active_energy_import', 'current_l1')
    """
    letters = key.casefold().rstrip("123")
    word = _METER_LETTERS.get(letters)
    if word is None:
        return None
    phase = key[len(letters) :]
    named = f"{word}_l{phase}" if phase else word
    return named if len(phase) < 2 and find(named) is not None else None  # noqa: PLR2004
