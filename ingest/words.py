"""What a name of several words measured: `Energy/Active Import`, `roof_temperature`, `L1/Voltage`.

Only for names that nobody wrote a rule for; a maker's profile knows better. What it does not know stays the device's
own word, so that it is quarantined under its name rather than stored as something that it is not.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import NamedTuple

from bypuls.properties import Properties
from ingest.strict_json import is_name, printable

_LONGEST = 256
_MOST_WORDS = 16
_LONGEST_CHANNEL = 32
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^\w]+|_+")
_NO_CHANNEL = re.compile(r"[^a-z0-9_-]+")
# A number or a phase behind a word is its channel …
_COUNTED = re.compile(r"\d{1,3}|l[123]|l12|l23|l31|ch\d{1,2}|t[1-4]|[abc]")
# … but these are other substances: no_2, pm_10.
_FORMULAS = frozenset({"no", "co", "so", "nh", "pm", "pn", "o"})
# With one of these in its name a value is not the quantity but something about it.
_ABOUT = frozenset(
    {"setpoint", "set", "target", "limit", "threshold", "alarm", "warning", "fault", "error", "offset", "calibration"}
    | {"min", "max", "minimum", "maximum", "peak", "average", "avg", "mean", "std", "forecast", "raw", "corrected"}
    | {"serial", "order", "part", "batch", "model", "version", "id", "status", "state", "mode", "index", "level"}
    | {"daily", "day", "week", "month", "monthly", "year", "today", "yesterday", "last", "previous", "cost", "price"}
    | {"rate", "delta", "rated", "nominal", "estimated", "reference", "factor"}
)

_NOT_ITSELF = _ABOUT - {"serial", "order", "part", "batch", "model", "id", "status", "state", "index", "level", "mode"}
_EMPTY = frozenset(
    {"total", "sensor", "sensors", "value", "values", "measurement", "measurements", "reading", "actual"}
)


class Said(NamedTuple):
    """An observed property's id where the catalogue knows the name, else the name itself; and the channel."""

    quantity: str
    channel: str
    known: bool


# Devices repeat their few names for ever.
@lru_cache(maxsize=16_384)
def said(name: str, beside: str = "") -> Said:
    """What a name measured.

    The longest run of words at its end that the catalogue knows is the quantity, the rest is the channel; a number or
    phase behind it counts to the channel.

    Args:
        name: words joined by `/`, `_`, `-`, blanks or humps.
        beside: words that say nothing new, such as the device's name: left out of the channel.

    >>> said("Energy/Active Import")[:2], said("roof_temperature")[:2], said("L1/Voltage")[:2]
    (('active_energy_import', ''), ('air_temperature', 'roof'), ('voltage', 'l1'))
    >>> said("temperature_2")[:2], said("temperature setpoint")
    (('air_temperature', '2'), Said(quantity='temperature setpoint', channel='', known=False))
    """
    own = Said(name if is_name(name) else printable(name[:_LONGEST])[:64], "", known=False)
    if len(name) > _LONGEST:
        return own
    # Humps second: eCO2 and hexadecimal names are words without them.
    for text in (name, _HUMP.sub("_", name)):
        words = _words(text)
        if not 0 < len(words) <= _MOST_WORDS:
            return own
        found = _quantity(words)
        if found is not None:
            quantity, channel, rest = found
            return Said(quantity, _channel([*_without(rest, beside), *channel]), known=True)
    return own


def is_about(name: str) -> bool:
    """Whether a name is of something about a quantity, of a day's or a limit: no other rule may make it the quantity.

    >>> is_about("energy_today"), is_about("Battery level")
    (True, False)
    """
    return not _NOT_ITSELF.isdisjoint(_words(name[:_LONGEST]))


def channel_of(name: str, beside: str = "") -> str:
    """A name as a channel: lower case, at most 32 characters; two names stay two.

    >>> channel_of("Roof, north"), channel_of("Boiler outlet", "boiler-7")
    ('roof_north', 'outlet')
    """
    return _channel(_without(_words(name[:_LONGEST]), beside))


def _quantity(words: list[str]) -> tuple[str, list[str], list[str]] | None:
    """Property, its channel and the words before it, with or without a number at the end."""
    found = _at_the_end(words)
    counted = words[-1]
    if found is None and len(words) > 1 and _COUNTED.fullmatch(counted) and words[-2] not in _FORMULAS:
        found = _at_the_end(words[:-1])
        if found is not None:
            found[1].append(counted)
    return found


def _at_the_end(words: list[str]) -> tuple[str, list[str], list[str]] | None:
    """Property, its channel and the words before it; None where no end of the words is known."""
    known = Properties.load().words
    for start in range(len(words)):
        found = known.get("_".join(words[start:]))
        if found is not None:
            rest = words[:start]
            return None if not _ABOUT.isdisjoint(rest) else (found[0], [found[1]] if found[1] else [], rest)
    return None


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _SEPARATORS.split(name) if word]


def _without(words: list[str], beside: str) -> list[str]:
    known = _EMPTY.union(_words(beside)) if beside else _EMPTY
    return [word for word in words if word not in known]


def _channel(words: list[str]) -> str:
    text = _NO_CHANNEL.sub("", "_".join(words)).strip("_-")
    if len(text) <= _LONGEST_CHANNEL:
        return text
    # Two long names stay two channels.
    return f"{text[-23:].lstrip('_-')}-{zlib.crc32(text.encode()):08x}"
