"""City reports that were made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.reports.queries import NAMED, REPORTS
from api.resources.reports.schemas import Report, ReportsWanted
from bypuls.errors import NotFound

router = APIRouter(tags=["Indicators"])

_MEDIA = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}


@router.get("/reports", response_model=Listed[Report], responses=CSV_RESPONSES, summary="City reports that were made")
def list_reports(request: Request, context: Using, wanted: Annotated[ReportsWanted, Query()]) -> Response:
    """Reports of one city, by whatever inputs they were made of: `bypuls report city` makes them."""
    parameters = wanted.filters()
    in_city(context, wanted.city, {})
    return answer(request, context, wanted, Question(REPORTS, conditions(parameters, NAMED), parameters))


@router.get(
    "/reports/{report}/file",
    summary="A report's file",
    response_class=Response,
    responses={
        200: {
            "description": "The file, to be kept.",
            "content": {name.partition(";")[0]: {"schema": {"type": "string"}} for name in _MEDIA.values()},
        }
    },
)
def get_report_file(context: Using, report: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
    """The file as it was made: HTML, PDF or a city snapshot."""
    with context.reading() as connection:
        row = connection.execute(NAMED["file"], {"report": report}).fetchone()
    if row is None:
        message = f"no report {report}: /v1/reports?city=… lists them"
        raise NotFound(message)
    city, year, format_, language, fingerprint, document = row
    spoken = "" if language == "mul" else f"-{language}"
    # To be kept, not shown: a page of ours would be read with this API's rights.
    headers = {
        "Content-Disposition": f'attachment; filename="city-report-{city}-{year}{spoken}.{format_}"',
        "ETag": f'"{fingerprint}"',
    }
    return Response(bytes(document), media_type=_MEDIA[format_], headers=headers)
