"""Whose an object is, of which channel and of which time: what holds for all the values in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from bypuls.errors import Refusal
from ingest.decoding import Source
from ingest.moments import TimeFrom, earlier, length_of, time_of, until
from ingest.parts import CompiledPart
from ingest.paths import Template
from ingest.strict_json import bad_name, is_channel

_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)


class Scene(NamedTuple):
    """What is known of a message before it is read.

    Attributes:
        device: as the topic or the envelope names it; None where neither does.
        time: of values without one; None: the arrival.
        captures: from the topic.
        zone_of: the registry's zone of a device.
        fixed: topic or envelope are right about the device, whatever the message says of itself; objects of which a
            message holds several still name their own.
    """

    device: str | None
    source: Source
    time: datetime | None = None
    captures: Mapping[str, str] = {}
    zone_of: Callable[[str], str | None] | None = None
    fixed: bool = False


class Here:
    """What holds for the values of one object.

    Attributes:
        stamp: the time as sent; None: the scene's.
        time, offset, interval: of its values; the time is an interval's start.
        trouble: why its times are not known.
    """

    __slots__ = (
        "captures",
        "channel",
        "device",
        "interval",
        "meanings",
        "node",
        "offset",
        "part",
        "stamp",
        "time",
        "trouble",
    )

    def __init__(self, part: CompiledPart, node: Any, captures: Mapping[str, str]) -> None:
        self.part, self.node, self.captures = part, node, captures
        self.meanings = part.rules.within(captures)
        self.device = self.channel = ""
        self.stamp: datetime | None = None
        self.time: datetime | None = None
        self.offset = 0.0
        self.interval: float | None = None
        self.trouble: Refusal | None = None


class Places:
    """Places the objects of one message; what several of them share is looked at once.

    Args:
        root: the message.
        scene: what is known before.
        zone: the profile's.
    """

    __slots__ = ("_asked", "_device", "_device_at", "_root", "_scene", "_told", "_zone_of_profile")

    def __init__(self, root: Any, scene: Scene, zone: str | None) -> None:
        self._root, self._scene, self._zone_of_profile = root, scene, zone
        # Several parts read one object, and its time is one.
        self._asked: tuple[Any, Any, Any] = (None, None, None)
        self._told: tuple[datetime | None, Refusal | None] = (None, None)
        self._device_at: Template | None = None
        self._device: str | None = None

    def place(self, here: Here) -> None:
        """Say whose the object is, which channel, and of which time.

        Raises:
            Refusal: `bad_name`, of the channel.
        """
        self._device_of(here)
        part, scene = here.part, self._scene
        if part.times or part.interval is not None or part.until is not None:
            self._when(here)
        else:
            here.stamp = here.time = scene.time

    def _device_of(self, here: Here) -> None:
        scene, part = self._scene, here.part
        here.device = scene.device or ""
        if part.device is not None and not (scene.fixed and not part.many):
            if part.device is not self._device_at:
                self._device = part.device.fill(here.node, self._root, here.captures)
                self._device_at = part.device if part.device_at_root else None
            here.device = self._device or here.device
        if part.channel is not None:
            text = part.channel.fill(here.node, self._root, here.captures)
            if text is not None:
                channel = channel_name(text)
                if channel is None:
                    raise bad_name(text, "channel")
                here.channel = channel

    def _when(self, here: Here) -> None:
        part = here.part
        times, node, device = self._asked
        if part.times is times and (part.times_at_root or here.node is node) and here.device == device:
            here.stamp, here.trouble = self._told
        else:
            self._stamp(here)
            self._asked, self._told = (part.times, here.node, here.device), (here.stamp, here.trouble)
        here.time = here.stamp
        if part.interval is not None:
            here.interval = length_of(part.interval, here.node, self._root, here.captures)
        elif part.until is not None and here.stamp is not None:
            here.interval = self._until(part.until, here)
        if part.at_end and here.interval is not None:
            here.time, here.offset = earlier(here.stamp, here.interval)

    def _stamp(self, here: Here) -> None:
        """The first of the part's times that is one; the scene's where there is none."""
        for place in here.part.times:
            found = place.at.find(here.node, self._root, here.captures)
            if found is None or found == "":
                continue
            zone = place.zone or self._zone(here)
            # Without a zone it may be any of several hours: the time of arrival is surer, and no guess.
            if zone is None and type(found) is str and _NAIVE.fullmatch(found):
                continue
            try:
                here.stamp = time_of(place, found, zone, self._scene.source.precision)
                break
            except Refusal as refused:
                if refused.code != "time_without_zone":
                    here.trouble = refused
        else:
            here.stamp = self._scene.time
        if here.stamp is not None:
            here.trouble = None

    def _zone(self, here: Here) -> str | None:
        scene = self._scene
        known = scene.zone_of(here.device) if scene.zone_of is not None and here.device else None
        return known or self._zone_of_profile or scene.source.zone

    def _until(self, place: TimeFrom, here: Here) -> float | None:
        found = place.at.find(here.node, self._root, here.captures)
        if found is None or here.stamp is None:
            return None
        try:
            return until(here.stamp, time_of(place, found, self._zone(here), self._scene.source.precision))
        except Refusal:
            return None


@lru_cache(maxsize=4096)
def channel_name(text: str) -> str | None:
    """A channel in the form in which they are compared; None: the text names none."""
    return text.casefold() if text == "" or is_channel(text) else None
