"""What can be guessed of one key or one topic, and why. It writes no profile."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from bypuls.errors import UnitError
from bypuls.properties import ObservedProperty, Properties, find
from bypuls.units import Units
from ingest.keys import is_wrapper, of_meter, of_part, read_key, split_end, unit_at_end
from ingest.members import as_channel, as_number
from ingest.rules import SENTINELS
from ingest.strict_json import is_name, printable
from ingest.words import said

Certainty = Literal["sure", "likely", "open"]


class Guess(NamedTuple):
    """One guess.

    Attributes:
        path: where in message or topic.
        guess: what it is taken for; "" where nothing can be guessed.
        reason: why, or what to do where it is open.
        certainty: sure (the message or the catalogue says so), likely (to be confirmed), open (to be filled in).
    """

    path: str
    guess: str
    reason: str
    certainty: Certainty


class Meant(NamedTuple):
    """What a member is taken for: an observed property, or none."""

    observed: ObservedProperty | None
    channel: str
    unit: str | None
    sentinel: bool
    reason: str
    certainty: Certainty


# Which units devices use for a dimension: only those are tried on a value without one.
_USUAL = {
    "temperature": ("Cel", "[degF]", "K"),
    "pressure": ("hPa", "Pa", "kPa", "inHg"),
    "relative_humidity": ("%", "1"),
    "speed": ("m/s", "km/h", "[mi_i]/h", "kn"),
    "energy": ("kW.h", "W.h", "MW.h"),
    "power": ("W", "kW"),
    "voltage": ("V", "mV"),
    "current": ("A", "mA"),
    "length": ("m", "cm", "mm"),
    "precipitation": ("mm", "[in_i]"),
    "mass_concentration": ("ug/m3", "mg/m3"),
    "mole_fraction": ("[ppm]", "[ppb]"),
    "battery_level": ("%", "1"),
    "ratio": ("%", "1"),
}
_SHORT = {"temp": "temperature", "tmp": "temperature", "hum": "humidity", "press": "pressure", "volt": "voltage"}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^\w]+|_+")
_WITHOUT_CHOICE = frozenset({"count", "index", "one", "ph"})
_WITH_UNIT = re.compile(r"\s*[+-]?\d{1,15}(?:\.\d{1,15})?\s*([^\d\s.,:/-]\S{0,11})\s*", re.ASCII)


def meant(key: str, value: Any, parents: tuple[str, ...], units: Units, *, meter: bool = False) -> Meant:
    """What the number under a key is, by the catalogue's words and the key's end.

    Args:
        key: the member's own.
        value: the number, or the text that holds it.
        parents: keys of the objects around it, the nearest last.
        units: the table.
        meter: it stands in what names a meter.
    """
    joined = _of_parents(parents, key)
    if joined is not None:
        whole, unit, parent = joined
        reason = f"{printable(parent)!r} and {printable(key)!r} are the catalogue's {whole!r}"
        reason += f"; of its units only {unit!r} is meant by the key's end" if unit is not None else ""
        return _with_unit(find(whole), "", unit, value, reason, "likely", units)
    known = read_key(key)
    if known.known:
        reason = f"the catalogue knows {known.quantity!r}"
        if known.unit is not None and known.unit != "deg":
            reason += f", and of its units only {known.unit!r} is meant by the key's end"
        part = ".".join(as_channel(parent) for parent in parents if not is_wrapper(parent))[:32]
        if part:
            reason += f"; it stands in {part!r}, which becomes the channel"
        channel = ".".join(text for text in (part, known.channel) if text)
        observed = find(known.quantity)
        others = _others(observed[0], known.quantity, parents) if observed is not None and part else []
        if others:
            reason += f"; its own word is general: it may as well be {', '.join(others)}"
        return _with_unit(observed, channel, known.unit, value, reason, "open" if others else "sure", units)
    letter = of_meter(key) if meter else None
    if letter is not None:
        return _with_unit(find(letter), "", None, value, f"of a meter, {key!r} is usually {letter}", "likely", units)
    for head, end in [*split_end(key), (key, "")]:
        word = said(head)
        found = find(word.quantity) if word.known else None
        unit = unit_at_end(end, found[0]) if found is not None and end else None
        if found is not None and (unit is not None or not end):
            rest = f"; the rest, {word.channel!r}, tells one of several apart" if word.channel else ""
            reason = f"its last words are the catalogue's {word.quantity!r}{rest}"
            reason += f"; {end!r} at the key's end is its unit" if unit is not None else ""
            others = _others(found[0], head, parents) if word.channel else []
            if others:
                reason += f"; these words are general: it may as well be {', '.join(others)}"
            return _with_unit(found, word.channel, unit, value, reason, "open" if others else "likely", units)
    named = printable(key)
    return Meant(
        None, "", None, False, f"the catalogue has no word {named!r}: name a property of docs/properties.md", "open"
    )


def _of_parents(parents: tuple[str, ...], key: str) -> tuple[str, str | None, str] | None:
    """The word that objects' names and the key in them make together, the unit at the key's end, and those names.

    Of several names around it as many as give a word: `road: {surface: {temp_c}}`, `wind: {speed_mps}`.
    """
    for start in range(len(parents)):
        parent = "_".join(parents[start:])
        for head, end in [(key, ""), *split_end(key)]:
            for written in dict.fromkeys((head, _spelled_out(head))):
                whole = of_part(parent, written)
                found = None if whole is None else find(whole)
                unit = None if found is None or not end else unit_at_end(end, found[0])
                if whole is not None and found is not None and (unit is not None or not end):
                    return whole, unit, parent
    return None


def _spelled_out(words: str) -> str:
    """A key whose short words are written out: no word of the catalogue is made of some.

    >>> _spelled_out("surface_temp"), _spelled_out("surfaceTemp"), _spelled_out("attempt")
    ('surface_temperature', 'surface_temperature', 'attempt')
    """
    parted = _HUMP.sub("_", words).casefold()
    return "_".join(_SHORT.get(word, word) for word in _SEPARATORS.split(parted) if word)


def _others(observed: ObservedProperty, head: str, parents: tuple[str, ...]) -> list[str]:
    """Properties that the words of a key may mean as well, where the catalogue's word for it is a general one.

    They are of the same dimension, end in the same word, and have a word of the key (or of the objects around it) that
    the property taken has not: `surface_temp` may be of a road.
    """
    own = observed.id.split("_")
    said_too = set(_spelled_out("_".join((*parents, head))).split("_")) - set(own)
    found = []
    for other in Properties.load().values():
        words = other.id.split("_")
        alike = other.id != observed.id and other.dimension == observed.dimension and words[-1] == own[-1]
        if alike and said_too.intersection(words):
            found.append(other.id)
    return sorted(found)[:4]


def _with_unit(
    found: tuple[ObservedProperty, str] | None,
    channel: str,
    unit: str | None,
    value: Any,
    reason: str,
    certainty: Certainty,
    units: Units,
) -> Meant:
    if found is None:
        return Meant(None, "", None, False, reason, "open")
    observed = found[0]
    channel = channel or found[1]
    if unit is None and isinstance(value, str):
        written = _WITH_UNIT.fullmatch(value)
        unit = None if written is None else unit_at_end(written[1], observed, letters=True)
        if unit is not None:
            reason += f"; its unit stands behind the number in {value.strip()[:20]!r}"
    if unit is None and observed.dimension in _WITHOUT_CHOICE:
        unit = observed.unit
        reason += f"; of {observed.dimension} there is no other unit"
    amount = as_number(value)
    sentinel = amount is not None and amount in SENTINELS and not _is_plausible(observed, amount, observed.unit, units)
    return Meant(observed, channel, unit, sentinel, reason, certainty)


def suggestion(observed: ObservedProperty, value: Any, units: Units) -> str:
    """What to do about a unit that the message does not give: which ones make the value plausible."""
    amount = as_number(value)
    usual = _USUAL.get(observed.dimension, (observed.unit,))
    if amount is None:
        return f"the message gives no unit; usual are {', '.join(usual)}"
    fitting = [unit for unit in usual if _is_plausible(observed, amount, unit, units)]
    if not fitting:
        return f"the message gives no unit; {amount:g} is plausible in none of {', '.join(usual)}"
    return f"the message gives no unit; {amount:g} is plausible in {' or '.join(fitting)}: see the maker's manual"


def _is_plausible(observed: ObservedProperty, amount: float, unit: str, units: Units) -> bool:
    span = observed.qc.gross_suspect or observed.qc.gross_fail
    try:
        factor, offset = units.conversion(unit, observed)
    except UnitError:
        return False
    return span is None or span[0] <= amount * factor + offset <= span[1]


_FILLERS = frozenset(
    {
        "tele", "stat", "cmnd", "sensor", "sensors", "data", "state", "status", "up", "uplink", "telemetry", "devices",
        "device", "application", "event", "events", "measurements", "measurement", "json", "mqtt", "loop", "site",
        "sites", "home", "out", "in", "messages", "message", "raw", "values", "value", "readings", "observations",
        "energy", "weather", "air", "meter", "meters", "gateway", "gateways", "node", "nodes", "station", "stations",
        "result", "report", "reports", "attrs", "pub", "publish", "public", "iot", "prod", "test", "info", "live",
        "city", "building", "buildings", "floor", "room", "rooms", "things", "thing", "me", "update", "rpc",
    }
)  # fmt: skip
_VERSION = re.compile(r"[vV]\d{1,2}(?:\.\d+)?")
_HEX = re.compile(r"(?:0x)?[0-9A-Fa-f]{6,16}")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}")


def device_level(levels: list[str], named: list[str]) -> tuple[int | None, str, Certainty]:
    """Which level of a topic is the device, why, and how sure that is; None: none looks like one.

    A level that is merely no usual word is taken only where the message names no device itself.

    Args:
        levels: of the topic.
        named: what the message itself calls devices.
    """
    folded = {name.casefold() for name in named}
    best: tuple[float, int, str, Certainty] | None = None
    for position, level in enumerate(levels):
        score, reason, certainty = _score(level, folded)
        rated = (score + position / 100, position, reason, certainty)
        if score > (1 if named else 0) and (best is None or rated[0] > best[0]):
            best = rated
    return (None, "", "open") if best is None else (best[1], best[2], best[3])


def _score(level: str, named: set[str]) -> tuple[float, str, Certainty]:
    if not level or not is_name(level):
        return -1, "", "open"
    if level.casefold() in named:
        return 10, f"the message names the device {level!r}, too", "sure"
    if level.casefold() in _FILLERS or _VERSION.fullmatch(level) or read_key(level).known:
        return -1, "", "open"
    digits = any(letter.isdigit() for letter in level)
    if _MAC.fullmatch(level) or (_HEX.fullmatch(level) and digits):
        return 6, f"{level!r} looks like a hardware address", "likely"
    if digits:
        return 4, f"{level!r} has a number, as devices' names have", "likely"
    return 1, f"{level!r} is the level that is no usual word of topics; compare with another device's topic", "likely"
