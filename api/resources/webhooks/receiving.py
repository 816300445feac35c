"""Takes one message over HTTP: who sends it, for which source, whether it came before; then it waits in the outbox."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

import msgspec

from api.audit import Deed, record
from api.context import Context
from api.problems import Busy, InvalidParameter
from api.tokens import Holder
from bypuls.clock import isoformat
from bypuls.errors import Conflict, NotAllowed, NotFound
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.typed import read_json

NAMED = queries(__package__, "queries.sql")
SCOPE = "webhook"
MOST_BYTES = 1_048_576
"""As much as ingest reads of a message."""

_MOST_WAITING = 50_000
_LEVELS = 8
_LEVEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}")


class _NamesItself(msgspec.Struct, rename={"deduplication_id": "deduplicationId"}):
    """What network servers put into a message to tell it from others: The Things Stack, ChirpStack."""

    correlation_ids: list[str] = []
    deduplication_id: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is kept."""

    receipt: int
    topic: str
    received_at: datetime
    repeated: bool


def topic_of(source: str, rest: str, event: str | None) -> str:
    """Where a webhook of a source is published.

    >>> topic_of("tts-hook", "up", None)
    'bypuls/webhook/tts-hook/up'

    Raises:
        InvalidParameter: the address holds what a topic cannot.
    """
    levels = [*(rest.strip("/").split("/") if rest.strip("/") else []), *([event] if event else [])]
    if len(levels) > _LEVELS or not all(_LEVEL.fullmatch(level) for level in levels):
        raise InvalidParameter(
            f"the address goes on with {rest[:100]!r}: at most {_LEVELS} parts of letters, digits and . _ ~ : @ -"
        )
    return "/".join(["bypuls/webhook", source, *levels])


def key_of(idempotency_key: str | None, body: bytes) -> bytes | None:
    """What makes this message the same as another one; None when it does not name itself.

    Without a name equal bytes are no proof: a sensor without a clock sends the same value again and means it.
    """
    if idempotency_key:
        return hashlib.sha256(b"key\0" + idempotency_key.encode()).digest()
    try:
        names = read_json(body, _NamesItself)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not (names.correlation_ids or names.deduplication_id):
        return None
    return hashlib.sha256(b"body\0" + body).digest()


def take(context: Context, holder: Holder, source: str, topic: str, body: bytes, key: bytes | None) -> Taken:
    """Keep the message for ingest to publish, unless it was kept before.

    Raises:
        NotFound, NotAllowed, Conflict: no such source, not for this token, or not one for webhooks.
        Busy: too much waits to be published already.
    """
    now = context.clock()
    with context.writing() as connection:
        city = _city_of(connection, holder, source)
        parameters = {"source": source, "key": key, "topic": topic, "payload": body, "now": now, "most": _MOST_WAITING}
        if key is not None:
            connection.execute(NAMED["one_at_a_time"], parameters)
            known = connection.execute(NAMED["known"], parameters).fetchone()
            if known is not None:
                number, where, first_at = known
                return Taken(number, where, first_at, repeated=True)
        waiting = connection.execute(NAMED["waiting"], parameters).fetchone()
        if waiting is not None and waiting[0] >= _MOST_WAITING:
            raise Busy(f"{_MOST_WAITING} messages wait to be published: is ingest running? Send it again later")
        row = connection.execute(NAMED["post"], parameters).fetchone()
        receipt: int = row[0] if row is not None else 0
        if key is not None:
            connection.execute(NAMED["forget"], parameters)
            connection.execute(NAMED["keep"], parameters | {"receipt": receipt})
        _count(connection, holder, source, city, len(body), now)
    return Taken(receipt, topic, now, repeated=False)


def _city_of(connection: Connection, holder: Holder, source: str) -> str | None:
    row = connection.execute(NAMED["source"], {"source": source}).fetchone()
    if row is None:
        if SCOPE not in holder.scopes and "admin" not in holder.scopes:
            raise NotAllowed(f"token {holder.name!r} has no scope {SCOPE}: it cannot send messages")
        raise NotFound(f"no source {source!r}: add it with 'bypuls source add FILE'")
    topic_filter, elsewhere, city = row
    if not holder.may(SCOPE, city):
        where = "of every city" if city is None else f"of city {city!r}"
        raise NotAllowed(f"token {holder.name!r} may not send to source {source!r}: it needs scope {SCOPE}, {where}")
    wanted = f"bypuls/webhook/{source}/#"
    if topic_filter != wanted or elsewhere:
        why = "it lives at a broker of its own" if elsewhere else f"its topic_filter is {topic_filter!r}"
        raise Conflict(f"source {source!r} takes no webhooks: {why}; topic_filter {wanted!r} and no broker are meant")
    return str(city) if city is not None else None


def _count(connection: Connection, holder: Holder, source: str, city: str | None, size: int, now: datetime) -> None:
    """A machine's messages are counted; the first one of a token to a source leaves an audit row."""
    parameters = {"source": source, "token": holder.name, "now": now, "bytes": size}
    row = connection.execute(NAMED["count"], parameters).fetchone()
    if row is not None and row[0]:
        record(connection, Deed(holder.name, "webhook.begin", source, city, after={"first_at": isoformat(now)}))
