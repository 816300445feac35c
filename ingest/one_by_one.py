"""For batches that are taken apart: one message prepared alone, refused alone, put together with the others again."""

from __future__ import annotations

from ingest.decoding import Message, Source
from ingest.digests import digest
from ingest.pipeline import Prepared, clean
from ingest.reasons import refusal
from ingest.writer import Batch, Quarantined


def outcome_of(prepared: Prepared) -> str:
    """What became of a single message, for people."""
    refused = [str(refusal) for refusal in prepared.refused[0]]
    return f"{prepared.stored[0]} stored" + (f"; still refused: {'; '.join(refused)[:900]}" if refused else "")


def append(whole: Prepared, one: Prepared, n: int) -> None:
    """Add what the single message number `n` came to."""
    batch, part = whole.batch, one.batch
    batch.rows.extend(row._replace(message=n) for row in part.rows)
    batch.flags.extend(flag._replace(message=n) for flag in part.flags)
    for entry in part.quarantined:
        entry.message = n
    for post in part.posts:
        post.message = n
    batch.events.extend(event._replace(message=n) for event in part.events)
    batch.notes.extend(note._replace(message=n) for note in part.notes)
    batch.conversions.extend(conversion._replace(message=n) for conversion in part.conversions)
    batch.quarantined.extend(part.quarantined)
    batch.posts.extend(part.posts)
    whole.stored.extend(one.stored)
    whole.refused.extend(one.refused)
    whole.timeless.extend([n] if one.timeless else [])


def not_storable(message: Message, source: Source, reason: str) -> Batch:
    """A message that the database or we ourselves cannot take, as it goes to quarantine."""
    found = refusal("not_storable", reason)
    refusals = [{"code": found.code, "detail": clean(found.detail), "hint": found.hint, "field": None}]
    entry = Quarantined(
        message.received_at,
        None,
        source.name,
        clean(message.topic) or "",
        message.payload,
        digest(message),
        refusals,
        0,
        None,
        None,
        0,
    )
    return Batch(quarantined=[entry])
