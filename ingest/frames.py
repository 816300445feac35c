"""Which LoRaWAN frames came before, and how many never came: by device, session and frame counter.

The same frame may come several times: over two network servers, by a second delivery of the broker, by a replay.
Counters are 16 bits wide in some devices and begin anew when a device joins or, without a join, loses its power.
What is known of a device is one note in `Memory`; no database is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ingest.decoding import Frame
from ingest.memory import Memory

WINDOW = 64
"""Frames that come out of order are told from repeated ones when they are at most this many behind the newest."""

LONGEST_GAP = 16_384
"""A longer leap is a counter that was set, not frames that were lost (LoRaWAN 1.0, MAX_FCNT_GAP)."""

_WIDTH = 65_536
_MASK = (1 << WINDOW) - 1
_CERTAINLY_LATER = timedelta(seconds=60)
# What a 16-bit counter may have lost when it wraps and is still believed to have wrapped, not to have begun anew.
_LONGEST_GAP_AT_WRAP = 1_024


class Judged(NamedTuple):
    """What one frame is.

    Attributes:
        duplicate: it came before; nothing of it is new.
        lost: frames missing between the one before and this.
    """

    duplicate: bool
    lost: int = 0


class Traffic(NamedTuple):
    """What is known of a device's frames, for people.

    Attributes:
        received: frames that came, repeated ones not counted.
        lost: frames whose counters are missing between those that came, less what came late.
        duplicates: frames that came once more.
        restarts: times that the counter began anew.
        eui: the device's worldwide key, as its network server spells it; "" where none was sent.
    """

    received: int
    lost: int
    duplicates: int
    restarts: int
    eui: str


def key(device: str) -> str:
    """Under which a device's frames are noted."""
    return f"frames/{device}"


class Frames:
    """Judges frames by a device's note. Holds nothing itself."""

    @staticmethod
    def judge(memory: Memory, frame: Frame) -> Judged:
        """Whether a frame is new, and what is missing before it; the note is renewed."""
        note = memory.get(key(frame.device))
        if note is None or note.get("session") != frame.session or note.get("joined"):
            memory.put(key(frame.device), _begun(frame, note))
            return Judged(duplicate=False)
        highest = int(note["highest"])
        ahead = _ahead(highest, frame.counter, wrapped=bool(note.get("wrapped")))
        if ahead <= -WINDOW and _sent_before(note, frame):
            # Long past, as after a crash the broker hands over again what was stored but not acknowledged: stored once
            # more it changes nothing, and no counter began anew.
            return Judged(duplicate=False)
        if ahead > LONGEST_GAP or ahead <= -WINDOW or (ahead <= 0 and _sent_later(note, frame)):
            memory.put(key(frame.device), _begun(frame, note))
            return Judged(duplicate=False)
        if ahead > 0:
            memory.put(key(frame.device), _advanced(frame, note, ahead))
            return Judged(duplicate=False, lost=ahead - 1)
        return _behind(memory, frame, note, -ahead)

    @staticmethod
    def joined(memory: Memory, device: str) -> None:
        """The device joined anew: its next frame begins a count, whatever its number."""
        note = memory.get(key(device))
        if note is not None:
            memory.put(key(device), {**note, "joined": True})

    @staticmethod
    def traffic(memory: Memory, device: str) -> Traffic | None:
        """What is known of a device's frames; None for a device that has sent none."""
        note = memory.get(key(device))
        return None if note is None else traffic_of(note)


def traffic_of(note: Mapping[str, Any]) -> Traffic:
    """What a device's note says."""
    return Traffic(
        int(note.get("received", 0)),
        int(note.get("lost", 0)),
        int(note.get("duplicates", 0)),
        int(note.get("restarts", 0)),
        str(note.get("eui", "")),
    )


def _ahead(highest: int, counter: int, *, wrapped: bool) -> int:
    """How far a counter is ahead of the highest; negative: behind it."""
    ahead = counter - highest
    if highest < _WIDTH and counter < _WIDTH:
        if ahead < 0 and ahead + _WIDTH <= _LONGEST_GAP_AT_WRAP:
            return ahead + _WIDTH
        if wrapped and ahead - _WIDTH > -WINDOW:
            return ahead - _WIDTH
    return ahead


def _begun(frame: Frame, note: Mapping[str, Any] | None) -> dict[str, Any]:
    before: Mapping[str, Any] = note or {}
    return {
        "session": frame.session,
        "highest": frame.counter,
        "seen": "1",
        "span": 0,
        "sent_at": _seconds(frame.sent_at),
        "received": int(before.get("received", 0)) + 1,
        "lost": int(before.get("lost", 0)),
        "duplicates": int(before.get("duplicates", 0)),
        "restarts": int(before.get("restarts", 0)) + (note is not None),
        "eui": frame.eui or str(before.get("eui", "")),
    }


def _advanced(frame: Frame, note: Mapping[str, Any], ahead: int) -> dict[str, Any]:
    # Hexadecimal, because JSON numbers are exact to 53 bits only.
    seen = ((int(str(note["seen"]), 16) << ahead) | 1) & _MASK if ahead < WINDOW else 1
    return {
        **note,
        "highest": frame.counter,
        "seen": f"{seen:x}",
        "span": int(note["span"]) + ahead,
        "sent_at": _seconds(frame.sent_at),
        "received": int(note["received"]) + 1,
        "lost": int(note["lost"]) + ahead - 1,
        "wrapped": frame.counter < int(note["highest"]) or (bool(note.get("wrapped")) and frame.counter < WINDOW),
        "eui": frame.eui or str(note.get("eui", "")),
    }


def _behind(memory: Memory, frame: Frame, note: Mapping[str, Any], behind: int) -> Judged:
    """A frame that is not the newest: late, or here before."""
    seen = int(str(note["seen"]), 16)
    if seen >> behind & 1:
        memory.put(key(frame.device), {**note, "duplicates": int(note["duplicates"]) + 1})
        return Judged(duplicate=True)
    late = {
        "seen": f"{seen | 1 << behind:x}",
        "received": int(note["received"]) + 1,
        # A frame from before the first that was heard was never counted as lost.
        "lost": int(note["lost"]) - (behind < int(note["span"])),
    }
    memory.put(key(frame.device), {**note, **late})
    return Judged(duplicate=False)


def _sent_later(note: Mapping[str, Any], frame: Frame) -> bool:
    """Whether a frame with a lower or the same counter was sent after the newest: then the counter began anew."""
    newest = note.get("sent_at")
    if newest is None or frame.sent_at is None:
        return False
    return frame.sent_at.timestamp() - float(newest) > _CERTAINLY_LATER.total_seconds()


def _sent_before(note: Mapping[str, Any], frame: Frame) -> bool:
    newest = note.get("sent_at")
    return newest is not None and frame.sent_at is not None and frame.sent_at.timestamp() < float(newest)


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()
