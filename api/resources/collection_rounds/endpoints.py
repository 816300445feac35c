"""Collection rounds."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.access import Admin, Insider, Reporter, check_city
from api.context import Context, Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city, single, wants_csv
from api.resources.collection_rounds import missing_list, schemas
from api.resources.collection_rounds.queries import ASSIGNMENTS, NAMED, ROUNDS
from api.tables import CSV_TYPE, json_bytes
from bypuls.clock import isoformat
from bypuls.collection.entering import check_kpi, findings_of
from bypuls.collection.texts import BadText, clean
from bypuls.errors import NotFound, SettingsError
from bypuls.storage import collection_rounds as rounds
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.plausibility import check_reporting

router = APIRouter(tags=["U4SSC"])
of_round = APIRouter(prefix="/collection-rounds/{city}/{year}")

_SCOPE = "report"
_JSON = "application/json"
CityPath = Annotated[str, Path(max_length=63, examples=["trondheim"])]
YearPath = Annotated[int, Path(ge=1900, le=2200, examples=[2024])]
CodePath = Annotated[str, Path(max_length=40, description="With or without its blanks.", examples=["EN:EN:AQ:1C"])]


def _place(context: Using, city: CityPath, year: YearPath) -> tuple[str, int]:
    in_city(context, city, {})
    return city, year


Place = Annotated[tuple[str, int], Depends(_place)]


@router.get(
    "/collection-rounds", response_model=Listed[schemas.Round], responses=CSV_RESPONSES, summary="Rounds of a city"
)
def list_rounds(request: Request, context: Using, wanted: Annotated[schemas.RoundsWanted, Query()]) -> Response:
    """Newest first, with how many KPIs are asked, entered, checked and signed."""
    in_city(context, wanted.city, {})
    parameters = wanted.filters()
    return answer(request, context, wanted, Question(ROUNDS, conditions(parameters, NAMED), parameters))


@of_round.get("", response_model=schemas.Round, summary="One round")
def get_round(context: Using, place: Place) -> Response:
    """One round of a city."""
    city, year = place
    missing = f"no collection round {year} of {city}: PUT /v1/collection-rounds/{city}/{year} opens one"
    return single(context, Question(ROUNDS, [NAMED["where_year"]], {"city": city, "year": year}), missing)


@of_round.put("", response_model=schemas.Round, summary="Open or change a round")
def put_round(context: Using, holder: Admin, place: Place, body: schemas.RoundOpened) -> Response:
    """Open a round with its deadline, ask units for KPIs, close it or open it again. Needs an admin token.

    Whom nobody names is whom the last round asked. What is already entered for the year counts as entered.
    """
    city, year = place
    check_city(holder, city)
    asked = {code: _asked(whom) for code, whom in body.asked.items()}
    with context.writing() as connection:
        deadline = body.deadline
        if deadline is None:
            try:
                deadline = rounds.the_round(connection, city, year).deadline
            except NotFound:
                raise SettingsError("body deadline: a new round needs one, a day like 2025-03-01") from None
        rounds.open_round(connection, load_catalogue(), place, deadline, asked, holder.name)
        note = None if body.note is None else _clean(body.note)
        rounds.change_round(connection, place, holder.name, note=note, closed=body.closed)
    return get_round(context, place)


@of_round.get(
    "/assignments",
    response_model=Listed[schemas.Assignment],
    responses=CSV_RESPONSES,
    summary="How far each KPI is",
)
def list_assignments(
    request: Request, context: Using, place: Place, wanted: Annotated[schemas.AssignmentsWanted, Query()]
) -> Response:
    """Every KPI of a round: asked, entered, checked or signed. It names units, no persons."""
    parameters = wanted.filters() | {"city": place[0], "year": place[1]}
    if wanted.code is not None:
        parameters["code"] = load_catalogue().code(wanted.code)
    where = [NAMED[f"where_{name}"] for name in ("code", "state", "unit") if parameters[name] is not None]
    return answer(request, context, wanted, Question(ASSIGNMENTS, where, parameters))


@of_round.get("/people", response_model=list[schemas.People], summary="Who is behind each KPI")
def list_people(context: Using, holder: Reporter, place: Place) -> Response:
    """Contacts, and who entered, checked and signed. Personal data: needs a token of the city with scope `report`."""
    check_city(holder, place[0], _SCOPE)
    with context.writing() as connection:
        found = rounds.assignments(connection, *place)
    people = [{name: getattr(one, name) for name in schemas.People.model_fields} for one in found.values()]
    return Response(json_bytes(people), media_type=_JSON)


@router.delete("/collection-rounds/{city}/contacts", response_model=schemas.Forgotten, summary="Forget a contact")
def delete_contact(
    context: Using, holder: Admin, city: CityPath, contact: Annotated[str, Query(max_length=200)]
) -> Response:
    """Take a person out of every round of a city, whose name stands nowhere else. Needs an admin token."""
    check_city(holder, city)
    in_city(context, city, {})
    with context.writing() as connection:
        count = rounds.forget_contact(connection, city, contact, holder.name)
    return Response(json_bytes({"assignments": count}), media_type=_JSON)


@of_round.patch("/assignments/{code}", response_model=schemas.People, summary="Ask somebody else")
def patch_assignment(context: Using, holder: Admin, place: Place, code: CodePath, whom: schemas.WhomToAsk) -> Response:
    """Ask another unit or person for a KPI. Needs an admin token; the audit log names the unit, never the person."""
    check_city(holder, place[0])
    known = load_catalogue().code(code)
    with context.writing() as connection:
        rounds.ask(connection, place, known, _asked(whom), holder.name)
    return _people(context, place, known)


@of_round.post(
    "/assignments/{code}/check",
    response_model=list[schemas.Finding],
    summary="Check a KPI",
)
def post_check(context: Using, holder: Reporter, place: Place, code: CodePath) -> Response:
    """Every data point is entered or measured, and nothing about it is wrong; answers with what remains to be asked.

    Needs a token with scope `report`. 409 says what is wrong or missing.
    """
    check_city(holder, place[0], _SCOPE)
    with context.reading() as connection:
        measured = missing_list.measured_points(connection, *place)
    with context.writing() as connection:
        findings = check_kpi(connection, *place, code, holder.name, measured)
    return Response(json_bytes(findings), media_type=_JSON)


@of_round.post("/assignments/{code}/sign", response_model=schemas.People, summary="Sign a KPI")
def post_sign(context: Using, holder: Reporter, place: Place, code: CodePath) -> Response:
    """Answer for a checked KPI; from then on its values stay. Needs the token of somebody who entered none of them."""
    check_city(holder, place[0], _SCOPE)
    known = load_catalogue().code(code)
    with context.writing() as connection:
        rounds.sign(connection, place, known, holder.name)
    return _people(context, place, known)


@of_round.post("/assignments/{code}/reopen", response_model=schemas.People, summary="Reopen a KPI")
def post_reopen(context: Using, holder: Reporter, place: Place, code: CodePath, reason: schemas.Why) -> Response:
    """Take check and signature back, with a reason, so that values may be entered again."""
    check_city(holder, place[0], _SCOPE)
    known = load_catalogue().code(code)
    with context.writing() as connection:
        rounds.reopen(connection, place, known, _clean(reason.why), holder.name)
    return _people(context, place, known)


@of_round.get("/questions", response_model=list[schemas.Question], summary="Questions of a round")
def list_questions(context: Using, holder: Reporter, place: Place) -> Response:
    """Questions and answers, oldest first. Needs a token of the city with scope `report`."""
    check_city(holder, place[0], _SCOPE)
    with context.writing() as connection:
        found = rounds.questions(connection, *place)
    shown = [
        one | {name: isoformat(one[name]) for name in ("asked_at", "answered_at") if one[name] is not None}
        for one in found
    ]
    return Response(json_bytes(shown), media_type=_JSON)


@of_round.post(
    "/assignments/{code}/questions",
    status_code=201,
    response_model=list[schemas.Question],
    summary="Ask about a KPI",
)
def post_question(
    context: Using, holder: Reporter, place: Place, code: CodePath, body: schemas.QuestionAsked
) -> Response:
    """Ask something about a KPI or one of its data points; answers with all questions of the round."""
    check_city(holder, place[0], _SCOPE)
    point = load_catalogue().point(code, body.data_point) if body.data_point else None
    known = load_catalogue().code(code)
    about = point.data_point if point is not None else None
    with context.writing() as connection:
        rounds.question(connection, place, known, about, _clean(body.question), holder.name)
    return Response(list_questions(context, holder, place).body, 201, media_type=_JSON)


@of_round.put("/questions/{number}", response_model=list[schemas.Question], summary="Answer")
def put_answer(
    context: Using,
    holder: Reporter,
    place: Place,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    body: schemas.AnswerGiven,
) -> Response:
    """Answer a question, or answer it better."""
    check_city(holder, place[0], _SCOPE)
    with context.writing() as connection:
        rounds.answer(connection, place, number, _clean(body.answer), holder.name)
    return list_questions(context, holder, place)


@of_round.get("/checks", response_model=schemas.Checks, summary="Plausibility of a year")
def get_checks(context: Using, place: Place) -> Response:
    """What a verifier would ask about the values a city reports for a year, whether a round is open or not."""
    city, year = place
    catalogue = load_catalogue()
    with context.reading() as connection:
        findings = findings_of(connection, city, year)
        known = missing_list.known_points(connection, city, year)
    findings += check_reporting(catalogue, known)
    wrong = sum(one.severity == "wrong" for one in findings)
    label = {"en": catalogue.meta.label.en, "nb": catalogue.meta.label.nb}
    body = {"city": city, "year": year, "label": label, "wrong": wrong, "queries": len(findings) - wrong}
    return Response(json_bytes(body | {"findings": findings}), media_type=_JSON)


@of_round.get(
    "/missing",
    response_model=schemas.MissingList,
    responses=CSV_RESPONSES,
    summary="What is missing, and who is late",
)
def get_missing(
    request: Request,
    context: Using,
    insider: Insider,
    place: Place,
    format_: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
) -> Response:
    """Every data point of U4SSC without a value from sensors, registers or the city, and who is asked for it.

    Contacts are personal data: they come with a token of the city with scope `report`.
    """
    people = insider is not None and insider.may(_SCOPE, place[0])
    found = missing_list.missing_of(context, *place, people=people)
    if wants_csv(request, format_):
        return Response(missing_list.as_csv(found), media_type=CSV_TYPE, headers={"Vary": "Accept"})
    return Response(json_bytes(missing_list.as_json(found, *place)), media_type=_JSON)


def _people(context: Context, place: tuple[str, int], code: str) -> Response:
    with context.writing() as connection:
        one = rounds.assignments(connection, *place)[code]
    shown = {name: getattr(one, name) for name in schemas.People.model_fields}
    return Response(json_bytes(shown), media_type=_JSON)


def _asked(whom: schemas.WhomToAsk) -> rounds.Asked:
    return rounds.Asked(_clean(whom.unit), None if whom.contact is None else _clean(whom.contact))


def _clean(text: str) -> str:
    try:
        return clean(text) or ""
    except BadText as error:
        raise SettingsError(str(error)) from None


router.include_router(of_round)
