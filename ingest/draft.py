"""Drafts a maker profile from one message: what can be guessed, with its reason; the rest is left open and says how.

The draft loads and reads the message it was made of. Whoever confirms it removes the comments, fills in what is open
and tries it on further messages with `bypuls check decode --profile`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bypuls.clock import utc_now
from ingest.check import check_decode, shipped
from ingest.check import render as render_readings
from ingest.drafting.already import Unwrapped, already
from ingest.drafting.writing import Draft, Writer
from ingest.profiles import Profiles, profile_of
from ingest.reasons import refusal, shortened
from ingest.sources import ANY
from ingest.strict_json import parse

_LONGEST = 100_000
_LONGEST_TOPIC = 256
_BRACES = re.compile(r"[{}+#]")


def draft(
    topic: str, payload: bytes, *, now: datetime | None = None, unwrapped: Unwrapped | None = None, head: str = ""
) -> Draft:
    """Draft a profile from one message.

    Args:
        topic: as published.
        payload: as published: JSON, or a bare number.
        now: the arrival; None: the system's time.
        unwrapped: of a LoRaWAN network server's envelope: the profile is of the decoded object in it.
        head: a line that stands before all others, as a comment.

    Raises:
        Refusal: nothing can be drafted: no JSON and no number, an empty document, too long a payload.
    """
    if len(payload) > _LONGEST:
        raise refusal("too_large", f"{len(payload)} bytes; a draft is made of at most {_LONGEST}")
    if not topic or len(topic) > _LONGEST_TOPIC or not topic.isprintable() or _BRACES.search(topic):
        raise refusal("topic_not_ours", f"{shortened(topic)} is no topic that a device publishes on")
    document = parse(payload) if unwrapped is None else unwrapped.document
    return Writer(topic, document, now or utc_now(), unwrapped, head).draft()


def check_draft(topic: str, payload: bytes, *, now: datetime | None = None) -> dict[str, Any]:
    """A draft, and what it makes of the message that it was made of.

    Returns:
        id, profile (YAML), guesses (path, guess, reason, certainty), readings (as of `ingest.check.check_decode`).
        Where the message is read already, and whole: no id, no guesses, and as profile one comment that says by what.

    Raises:
        Refusal: nothing can be drafted.
    """
    arrival = now or utc_now()
    known = already(topic, payload, arrival, shipped())
    if known.whole:
        # As it is read anyway; no profile is to be saved.
        readings = check_decode(topic, payload, now=arrival, catalogue=shipped())
        return {**Draft("", f"# {known.said()}\n").as_json(), "readings": readings}
    if known.refused is not None:
        raise known.refused
    drafted = draft(topic, payload, now=arrival, unwrapped=known.unwrapped, head=known.said())
    profile = profile_of(drafted.profile, drafted.id)
    catalogue = replace(shipped(), profiles=Profiles({profile.id: profile}))
    read_as = "profile" if known.unwrapped is None else known.format
    source = replace(ANY, name=drafted.id, formats=(read_as,), profiles=(profile.id,), city="draft")
    return {**drafted.as_json(), "readings": check_decode(topic, payload, source, now=arrival, catalogue=catalogue)}


def render(found: Mapping[str, Any]) -> str:
    """For people: the profile, what it makes of the message, and what is open."""
    still = [guess for guess in found["guesses"] if guess["certainty"] == "open"]
    lines = [found["profile"], "# what it makes of this message:"]
    lines += [f"# {line}" for line in render_readings(found["readings"]).splitlines()]
    if found["id"]:
        lines.append(f"# {len(found['guesses'])} guesses, {len(still)} of them open: fill them in above")
    return "\n".join(lines)
