"""Silent datastreams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.silent.queries import NAMED, SILENT
from api.resources.silent.schemas import Silent, SilentWanted

router = APIRouter(tags=["Operations"])


@router.get("/silent", response_model=Listed[Silent], responses=CSV_RESPONSES, summary="Silent datastreams")
def list_silent(request: Request, context: Using, wanted: Annotated[SilentWanted, Query()]) -> Response:
    """Datastreams of active devices that have not spoken for three times their spacing (ten minutes at least).

    Those whose spacing nobody knows yet are not judged.
    """
    parameters = wanted.filters()
    in_city(context, wanted.city, {"site": wanted.site, "property": wanted.property})
    where = conditions(parameters, NAMED)
    return answer(request, context, wanted, Question(SILENT, where, parameters | {"now": context.clock()}))
