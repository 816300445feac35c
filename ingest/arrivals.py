"""When a message that states no time came first: a redelivered one is of that time, or it would be stored twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from ingest.decoding import Message, Source
from ingest.digests import digest
from ingest.inbox import Delivery


def as_first_arrived(
    deliveries: Sequence[Delivery], stored: Mapping[tuple[str, int], tuple[bytes, datetime]]
) -> list[tuple[Message, Source]]:
    """Messages in their order, the redelivered ones as of the time at which the same bytes came under their packet id.

    Their first delivery may be stored, or wait in the same batch: while the database is away, a connection that is cut
    and comes back puts both into the inbox.

    Args:
        deliveries: a batch, in order of arrival.
        stored: (client, packet id) -> what came under it last, as digest and time.
    """
    first = dict(stored)
    messages = []
    for delivery in deliveries:
        message = delivery.message
        if delivery.mid:
            key, same = (delivery.connection.client_id, delivery.mid), digest(message)
            known, arrived = first.get(key, (None, None))
            if delivery.redelivered and arrived is not None and known == same:
                message = replace(message, received_at=arrived)
            first[key] = (same, message.received_at)
        messages.append((message, delivery.source))
    return messages
