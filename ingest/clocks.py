"""How far devices' clocks are from ours: the median of arrival minus stated time over a device's last live messages."""

from __future__ import annotations

from array import array
from statistics import median

_MESSAGES = 21
_FEWEST = 5  # a median of fewer says little
_MOST_DEVICES = 100_000  # whoever makes up device names does not fill the memory
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WRONG = 60.0
"""Seconds from which on a clock is called wrong."""


class Clocks:
    """What each device's messages said, by city and device. Positive: the clock is behind, or messages are late."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], array[float]] = {}
        self._changed: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()

    def heard(self, device: tuple[str, str], seconds: float) -> None:
        """A live message arrived this long after the time that it states."""
        values = self._heard.get(device)
        if values is None:
            if len(self._heard) >= _MOST_DEVICES:
                self._heard.clear()
                self._told.clear()
            values = self._heard[device] = array("d")
        values.append(seconds)
        if len(values) > _MESSAGES:
            del values[0]
        self._changed.add(device)

    def offset(self, device: tuple[str, str]) -> float | None:
        """Seconds, or None while too little was heard."""
        values = self._heard.get(device)
        return None if values is None or len(values) < _FEWEST else median(values)

    def changed(self) -> dict[tuple[str, str], float]:
        """The offsets of the devices that were heard since this was last asked."""
        changed, self._changed = self._changed, set()
        offsets = {device: self.offset(device) for device in changed}
        return {device: seconds for device, seconds in offsets.items() if seconds is not None}

    def newly_wrong(self, device: tuple[str, str], seconds: float) -> bool:
        """Whether a clock is off by more than `WRONG`, and this was not said yet."""
        if abs(seconds) <= WRONG:
            self._told.discard(device)
            return False
        if device in self._told:
            return False
        self._told.add(device)
        return True


def in_words(seconds: float) -> str:
    """An offset for people.

    >>> in_words(-7199.9), in_words(75.0)
    ('2 h ahead of ours', '75 s behind ours, or its messages come late')
    """
    size = abs(seconds)
    number, unit = next((size / span, name) for span, name in _SPANS if size >= 1.5 * span or name == "s")
    text = f"{number:.3g} {unit}"
    return f"{text} ahead of ours" if seconds < 0 else f"{text} behind ours, or its messages come late"
