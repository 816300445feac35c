"""The list of what a city's year lacks, as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from api.context import Context
from api.resources.collection_rounds.queries import NAMED
from api.scope import city_zones, zone_of
from bypuls.collection.missing import Missing, WhoIsAsked, csv_of, missing
from bypuls.storage import collection_rounds as rounds
from bypuls.storage.database import Connection
from bypuls.storage.reported_values import reported_values
from bypuls.storage.u4ssc import assess
from bypuls.u4ssc.catalogue import Key, load_catalogue


@dataclass(frozen=True, slots=True)
class _Open:
    unit: str
    state: str
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """What is missing, until when it was asked for."""

    deadline: date | None
    points: list[Missing]


def missing_of(context: Context, city: str, year: int, *, people: bool) -> Lacking:
    """What a city's year lacks; with contacts where `people` may be named."""
    place = {"city": city, "year": year}
    with context.reading() as connection:
        today = context.clock().astimezone(zone_of(city_zones(connection), city)).date()
        row = connection.execute(NAMED["deadline"], place).fetchone()
        asked: Mapping[str, WhoIsAsked] = {
            code: _Open(unit, state) for code, unit, state in connection.execute(NAMED["open_assignments"], place)
        }
        assessment = assess(connection, city, year)
        answered = reported_values(connection, city, year)
    if people and asked:
        with context.writing() as connection:
            asked = rounds.assignments(connection, city, year)
    deadline: date | None = row[0] if row is not None else None
    return Lacking(deadline, list(missing(assessment, answered, asked, deadline, today)))


def known_points(connection: Connection, city: str, year: int) -> set[Key]:
    """Data points that have a value, from whatever origin."""
    return {
        (point.code, point.data_point)
        for kpi in assess(connection, city, year).kpis
        for point in kpi.data_points
        if point.state != "missing"
    }


def measured_points(connection: Connection, city: str, year: int) -> dict[Key, float]:
    """Data points whose value the city's sensors give for the whole year."""
    return {
        (point.code, point.data_point): point.value
        for kpi in assess(connection, city, year).kpis
        for point in kpi.data_points
        if point.state == "measured" and point.value is not None and not point.provisional
    }


def as_json(found: Lacking, city: str, year: int) -> dict[str, Any]:
    """The answer's body."""
    label = load_catalogue().meta.label
    return {
        "city": city,
        "year": year,
        "label": {"en": label.en, "nb": label.nb},
        "deadline": found.deadline,
        "missing": len(found.points),
        "late": sum(one.late for one in found.points),
        "data": [asdict(one) for one in found.points],
    }


def as_csv(found: Lacking) -> bytes:
    """The same as rows."""
    return csv_of(found.points)
