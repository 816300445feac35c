"""Webhooks."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.exceptions import HTTPException

from api.access import Credentials, identify
from api.context import Using
from api.problems import InvalidParameter
from api.resources.webhooks.receiving import MOST_BYTES, key_of, take, topic_of
from api.resources.webhooks.schemas import Receipt
from api.tables import json_bytes
from api.tokens import Holder
from bypuls.clock import isoformat

router = APIRouter(tags=["Devices"])

Source = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,62}$", examples=["tts-hook"])]
Event = Annotated[
    str | None, Query(max_length=128, description="Goes behind the address: ChirpStack names its events so.")
]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=200, description="The same key within 24 hours is the same message."),
]
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The message as its maker formats it; whatever the source's formats read.",
        "content": {"application/json": {"schema": {}}, "application/octet-stream": {"schema": {"format": "binary"}}},
    }
}


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


def _sender(request: Request, context: Using, credentials: Credentials) -> Holder:
    holder = identify(context, credentials)
    wait = request.app.state.webhook_rates.take(holder.name)
    if wait > 0:
        seconds = math.ceil(wait)
        detail = f"token {holder.name!r} sends more than BYPULS_API_WEBHOOKS_PER_MINUTE: wait {seconds} s"
        raise HTTPException(429, detail, {"Retry-After": str(seconds)})
    return holder


Sender = Annotated[Holder, Depends(_sender)]


@router.post(
    "/webhooks/{source}", status_code=202, response_model=Receipt, summary="Send a message", openapi_extra=_BODY
)
def post_webhook(
    context: Using, holder: Sender, source: Source, body: Body, event: Event = None, idempotency_key: Key = None
) -> Response:
    """Take a message over HTTP and publish it on the broker for its source, where ingest reads it like every other.

    Needs a token with scope `webhook` for the source's city. 202 means that it is kept, not yet that it could be read:
    that shows the device's page, or quarantine. A message that names itself (`Idempotency-Key`, or a network server's
    `correlation_ids` or `deduplicationId`) is published once, however often it is sent within 24 hours.
    """
    return _receive(context, holder, source, topic_of(source, "", event), body, idempotency_key)


@router.post(
    "/webhooks/{source}/{rest:path}",
    status_code=202,
    response_model=Receipt,
    summary="Send a message of a kind",
    openapi_extra=_BODY,
)
def post_webhook_of_a_kind(
    context: Using,
    holder: Sender,
    source: Source,
    rest: Annotated[str, Path(max_length=1000, examples=["up"])],
    body: Body,
    event: Event = None,
    idempotency_key: Key = None,
) -> Response:
    """The same; what the address goes on with goes behind the topic: `up`, `join`, a device's name."""
    return _receive(context, holder, source, topic_of(source, rest, event), body, idempotency_key)


def _receive(
    context: Using, holder: Holder, source: str, topic: str, body: bytes, idempotency_key: str | None
) -> Response:
    if not body:
        raise InvalidParameter("the body is empty: send the message as the body")
    if len(body) > MOST_BYTES:
        raise HTTPException(413, f"the message has {len(body)} bytes; {MOST_BYTES} are read: send less at once")
    taken = take(context, holder, source, topic, body, key_of(idempotency_key, body))
    receipt = {
        "receipt": taken.receipt,
        "source": source,
        "topic": taken.topic,
        "bytes": len(body),
        "received_at": isoformat(taken.received_at),
        "repeated": taken.repeated,
    }
    return Response(json_bytes(receipt), 202, media_type="application/json")
