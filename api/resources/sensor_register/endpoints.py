"""The public sensor register."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Query, Request, Response
from psycopg.types.json import Jsonb

from api.context import Using
from api.listing import CSV_RESPONSES, Listed, Question, answer, conditions, in_city
from api.resources.sensor_register.queries import NAMED, REGISTER
from api.resources.sensor_register.schemas import Entry, RegisterWanted

router = APIRouter(tags=["Devices"])

PURPOSES: dict[str, Any] = yaml.safe_load(
    files("bypuls").joinpath("catalogue/purposes.yaml").read_text(encoding="utf-8")
)["purposes"]
_HOUSEHOLDS = {
    "en": "a home's use of energy tells who is at home: published as sums of whole months over at least five meters",
    "nb": "en boligs energibruk røper hvem som er hjemme: publiseres som summer av hele måneder over minst fem målere",
}


@router.get(
    "/sensor-register", response_model=Listed[Entry], responses=CSV_RESPONSES, summary="What hangs where, and why"
)
def list_register(request: Request, context: Using, wanted: Annotated[RegisterWanted, Query()]) -> Response:
    """Every sensor of one city: where, what it measures, why, whose it is, and whether it tells of persons.

    The city's file says why and whose (`sensor_register`, and `register` of a device); purposes it leaves out are those
    of the catalogue.
    """
    parameters = wanted.filters()
    in_city(context, wanted.city, {"site": wanted.site})
    texts = {"purposes": Jsonb(PURPOSES), "households": _HOUSEHOLDS[wanted.language]}
    return answer(request, context, wanted, Question(REGISTER, conditions(parameters, NAMED), parameters | texts))
