"""Audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.audit.queries import AUDIT, NAMED
from api.resources.audit.schemas import AuditEntry, AuditWanted

router = APIRouter(tags=["Operations"])


@router.get("/audit", response_model=Listed[AuditEntry], responses=CSV_RESPONSES, summary="Who changed what")
def list_audit(request: Request, context: Using, holder: Admin, wanted: Annotated[AuditWanted, Query()]) -> Response:
    """Every write, newest first. Needs an admin token; one for a city shows that city's."""
    parameters = wanted.filters()
    if wanted.city is not None:
        in_city(context, wanted.city, {})
        check_city(holder, wanted.city)
    parameters["city"] = wanted.city or holder.city
    return answer(request, context.of_persons(), wanted, Question(AUDIT, conditions(parameters, NAMED), parameters))
