"""Quality control of one datastream as its values arrive: QARTOD over time, with what a value's successor reveals."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bypuls.observation import Quality
from bypuls.properties import ObservedProperty, Thresholds
from bypuls.qc_stream import Stream

_LOG = logging.getLogger(__name__)


class Judged(NamedTuple):
    """A value that came before, with the flag it has now that its successor is known."""

    time: datetime
    value: float
    flag: Quality


class Watch:
    """One datastream's memory. A property without tests over time needs none: its values pass at once."""

    __slots__ = ("_newest", "_stream")

    def __init__(self, thresholds: Thresholds) -> None:
        stream = Stream(thresholds)
        self._stream = stream if stream.history_seconds > 0 else None
        self._newest: tuple[datetime, float] | None = None

    @property
    def history(self) -> timedelta:
        """How far back its verdicts depend on earlier values; zero: not at all."""
        return timedelta(seconds=self._stream.history_seconds if self._stream is not None else 0)

    def push(self, time: datetime, value: float, gross: Quality) -> tuple[Quality, Judged | None]:
        """The flag of this value, and the one before if that is judged differently now.

        `gross` is what the gross range test said.
        """
        stream = self._stream
        if stream is None:
            return gross, None
        flag, corrected = stream.push(time.timestamp(), value)
        before = self._newest
        if before is None or time > before[0]:
            self._newest = (time, value)
        judged = None if corrected is None or before is None else Judged(before[0], before[1], corrected.flag)
        return flag, judged

    def restore(self, recent: Iterable[tuple[datetime, float]]) -> None:
        """Remember what is stored, oldest first: so the state survives a restart."""
        values = list(recent)
        if self._stream is not None and values:
            self._stream.restore([(time.timestamp(), value) for time, value in values])
            self._newest = values[-1]


def thresholds(observed: ObservedProperty, overrides: dict[str, Any] | None) -> Thresholds:
    """The property's thresholds, some of them replaced by the datastream's own where these can be used."""
    if overrides:
        try:
            own = replace(observed.qc, **overrides)
            Stream(own)
        except (TypeError, ValueError) as error:
            _LOG.error("thresholds of a datastream of %s are not used: %s", observed.id, error)
        else:
            return own
    return observed.qc


def watch(observed: ObservedProperty, overrides: dict[str, Any] | None) -> Watch:
    """A watch with the property's thresholds, some of them replaced by the datastream's own."""
    return Watch(thresholds(observed, overrides))
