"""Whoami: what a page shows as "signed in as"."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.access import Credentials, identify
from api.context import Using
from api.resources.whoami.schemas import Whoami
from api.tables import json_bytes

router = APIRouter(tags=["Operations"])


@router.get("/whoami", response_model=Whoami, summary="Whose token this is")
def get_whoami(context: Using, credentials: Credentials) -> Response:
    """Name, scopes and city of the token that came with the request. Needs a token, of any scope."""
    holder = identify(context, credentials)
    body = {"name": holder.name, "scopes": list(holder.scopes), "city": holder.city}
    return Response(json_bytes(body), media_type="application/json")
