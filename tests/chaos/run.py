"""Runs one fault and gives its row."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field

from tests.chaos.faults import Fault
from tests.chaos.world import World

_BEFORE_SECONDS, _AFTER_SECONDS = 5, 5


@dataclass
class Row:
    """What became of one fault; `skipped` says why nothing did.

    `load`: how many processes wanted to run in the minute before it (the load average).
    """

    name: str
    words: str
    loses: bool
    skipped: str | None = None
    rate: float = 0.0
    load: float | None = None
    catch_up_seconds: float = 0.0
    ingest_megabytes: float = 0.0
    ended: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    faultless: bool = True


def run(fault: Fault) -> Row:
    """Load, fault, load, quiet; then judge."""
    row = Row(fault.name, fault.words, fault.loses, skipped=fault.missing(), rate=fault.setting.rate)
    if row.skipped:
        return row
    row.load = round(os.getloadavg()[0], 1)
    with World(fault.setting) as world:
        world.send()
        time.sleep(_BEFORE_SECONDS)
        fault.inject(world)
        if not fault.loses:
            row.catch_up_seconds = round(world.caught_up(), 1)
        time.sleep(_AFTER_SECONDS)
        world.finish()
        world.settle(losing=fault.loses)
        verdict = world.judge()
    row.ingest_megabytes = round(world.peak_megabytes)
    row.ended = world.ended
    row.examples = verdict.examples
    row.faultless = verdict.faultless
    row.counts = {name: value for name, value in asdict(verdict).items() if isinstance(value, int)}
    return row
