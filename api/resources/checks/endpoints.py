"""Checks. Served where the command lends what ingest knows."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.context import Using
from api.resources.checks.schemas import CheckResult, DraftedProfile, MessageToCheck
from api.tables import json_bytes
from bypuls.errors import NotFound

router = APIRouter(tags=["Devices"])


@router.post("/check/decode", response_model=CheckResult, summary="What would become of a message")
def check_decode(context: Using, message: MessageToCheck) -> Response:
    """Read a message as ingest would, and store nothing: what each reading would be stored as, or why it is refused.

    It judges the message alone: not whether its device is known.
    """
    if context.check_decode is None:
        raise NotFound("this process cannot decode: ask the one that 'bypuls serve' runs")
    readings = context.check_decode(message.topic, message.content())
    return Response(json_bytes({"readings": list(readings)}), media_type="application/json")


@router.post("/check/draft", response_model=DraftedProfile, summary="A maker profile drafted from one message")
def check_draft(context: Using, message: MessageToCheck) -> Response:
    """Draft a maker profile that reads this message: a YAML to confirm, and each guess with its reason.

    Nothing is stored. What is `likely` wants confirming, what is `open` filling in; docs/how-to/add-a-maker.md says
    where the file goes.
    """
    if context.draft_profile is None:
        raise NotFound("this process cannot draft: ask the one that 'bypuls serve' runs")
    drafted = context.draft_profile(message.topic, message.content())
    return Response(json_bytes(dict(drafted)), media_type="application/json")
