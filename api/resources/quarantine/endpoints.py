"""Quarantine."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response

from api.access import Admin, PayloadAccess, Payloads, check_city
from api.audit import Deed, record
from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city, single
from api.payloads import SHOWN_BYTES
from api.resources.quarantine.queries import NAMED, QUARANTINE
from api.resources.quarantine.schemas import Quarantined, QuarantineWanted
from api.series import check_range
from api.times import instant
from bypuls.clock import isoformat
from bypuls.errors import NotFound

router = APIRouter(tags=["Devices"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
_WHOLE_BYTES = 2**31 - 1


@router.get(
    "/quarantine", response_model=Listed[Quarantined], responses=CSV_RESPONSES, summary="Messages that were refused"
)
def list_quarantine(
    request: Request, context: Using, payloads: Payloads, wanted: Annotated[QuarantineWanted, Query()]
) -> Response:
    """What was refused, why, and how to mend it; newest first.

    Payloads may hold personal data: from another machine they need a token.
    """
    parameters = wanted.filters()
    zone = in_city(context, wanted.city, {}) if wanted.city is not None else ZoneInfo("UTC")
    for name in ("from_", "to"):
        if parameters[name] is not None:
            parameters[name] = instant(parameters[name], zone)
    check_range(parameters["from_"], parameters["to"])
    question = Question(QUARANTINE, conditions(parameters, NAMED), parameters | _shown(payloads, SHOWN_BYTES))
    return answer(request, context, wanted, question)


@router.get("/quarantine/{id}", response_model=Quarantined, summary="One refused message, whole")
def get_quarantined(context: Using, payloads: Payloads, id: Id) -> Response:  # noqa: A002 -- the column's name
    """One refused message with its whole payload."""
    parameters: dict[str, Any] = {"id": id} | _shown(payloads, _WHOLE_BYTES)
    return single(context, Question(QUARANTINE, [NAMED["where_id"]], parameters), _missing(id))


@router.post(
    "/quarantine/{id}/replay", status_code=202, response_model=Quarantined, summary="Try a refused message again"
)
def replay_quarantined(context: Using, holder: Admin, id: Id) -> Response:  # noqa: A002 -- the column's name
    """Ask ingest to read the message again, once the reason is mended. Needs an admin token; leaves an audit row.

    The answer is the message as it waits; `replayed_at` and `replay_outcome` say later what became of it.
    """
    now = context.clock()
    with context.writing() as connection:
        row = connection.execute(NAMED["lock"], {"id": id}).fetchone()
        if row is None:
            raise NotFound(_missing(id))
        city, asked, replayed, outcome, erased = row
        check_city(holder, city)
        if erased is not None:
            raise NotFound(
                f"the message of {id} was erased on {erased:%Y-%m-%d}, when its time was over: it must be sent again"
            )
        connection.execute(NAMED["ask"], {"id": id, "now": now})
        before = {
            "replay_asked_at": isoformat(asked) if asked else None,
            "replayed_at": isoformat(replayed) if replayed else None,
            "replay_outcome": outcome,
        }
        deed = Deed(holder.name, "quarantine.replay", str(id), city, before, {"replay_asked_at": isoformat(now)})
        record(connection, deed)
    parameters: dict[str, Any] = {"id": id} | _shown(PayloadAccess(granted=True), _WHOLE_BYTES)
    return single(context, Question(QUARANTINE, [NAMED["where_id"]], parameters), _missing(id), status=202)


def _shown(payloads: PayloadAccess, most: int) -> dict[str, Any]:
    return {"payloads": payloads.granted, "payload_city": payloads.city, "shown_bytes": most}


def _missing(number: int) -> str:
    return f"no message {number} in quarantine: GET /v1/quarantine lists them"
