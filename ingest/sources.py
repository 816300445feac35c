"""The sources that need no configuration: our own topics, and what `bypuls check` falls back on."""

from __future__ import annotations

from datetime import timedelta

from bypuls.observation import SourceRank
from ingest.choice import EVERY
from ingest.decoding import Source
from ingest.topics import matches

LIVE = Source(
    name="live",
    topic_filter="bypuls/v1/+/+/observations",
    canonical_units=True,
    past=timedelta(days=366),
    future=timedelta(minutes=5),
)
"""What devices measure now."""

HISTORY = Source(
    name="history",
    topic_filter="bypuls/v1/+/+/history",
    canonical_units=True,
    past=None,
    future=timedelta(minutes=5),
    rank=SourceRank.LIVE,
)
"""Replays and simulated history: no bound in the past."""

EVENTS = Source(
    name="events",
    topic_filter="bypuls/v1/+/+/events",
    formats=("device_event",),
    canonical_units=True,
    past=None,
    future=timedelta(minutes=5),
)
"""What happened to devices: a meter was swapped, a device moved, a fault."""

ANY = Source(
    name="any",
    topic_filter="#",
    formats=(EVERY,),
    past=None,
    future=timedelta(minutes=5),
    trusts_payload_device=True,
)
"""For a dry run on a topic that no source reads: every format, the device as the payload names it, no unit guessed."""

UNCLAIMED = Source(name="unclaimed", topic_filter="", formats=())
"""Stands for no source: what a broker still sends of a subscription that is configured no more is refused, not lost."""

BUILT_IN = (LIVE, HISTORY, EVENTS)


def source_for(topic: str, sources: tuple[Source, ...] = BUILT_IN) -> Source:
    """The first source that reads a topic, or `ANY`."""
    return next((source for source in sources if matches(topic, source.topic_filter)), ANY)
