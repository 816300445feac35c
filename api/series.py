"""Which datastreams a question about measured values is about, and over which time."""

from __future__ import annotations

from typing import Annotated, Any

from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context
from api.listing import InCity, conditions
from api.problems import InvalidParameter
from api.scope import city_zones, require, zone_of
from api.times import Moment, instant
from bypuls.storage.queries import queries

_QUERIES = queries("api", "series.sql")
_NARROWING = ("datastream", "device", "property", "site", "area")


class SeriesWanted(InCity):
    """The parameters of a question about measured values. At least one of the five that narrow it is needed."""

    datastream: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(
        default=[], description="Ids; may be given several times.", examples=[[17]]
    )
    device: str | None = Field(None, description="External id.")
    property: list[str] = Field(default=[], description="May be given several times.", examples=[["pm10"]])
    site: str | None = Field(None, examples=["elgeseter"])
    area: str | None = Field(None, description="Area the sites lie in, itself or one within it.")
    from_: Moment | None = Field(
        None, alias="from", description="From then on. A day: from the midnight in the city with which it begins."
    )
    to: Moment | None = Field(
        None, description="Until before then. A day: until the midnight in the city with which it begins."
    )


class OfSeries(BaseModel):
    """What every row about a datastream begins with."""

    model_config = ConfigDict(populate_by_name=True)

    city: str = Field(examples=["trondheim"])
    datastream: int = Field(examples=[17])
    device: str = Field(examples=["elgeseter"])
    site: str | None = Field(examples=["elgeseter"])
    property: str = Field(examples=["pm10"])
    channel: str = Field(examples=[""])


def series_of(context: Context, wanted: SeriesWanted) -> dict[str, Any]:
    """The SQL parameters of a question: its own, `series` (datastream ids), and `from_` and `to` as instants.

    Raises:
        InvalidParameter: nothing narrows the question, or its range is empty.
        NotFound: something it names does not exist in its city.
    """
    parameters = wanted.filters()
    chosen = {name: parameters[name] for name in _NARROWING}
    if not any(chosen.values()):
        message = f"which values of {wanted.city!r}? give at least one of {', '.join(_NARROWING)}"
        raise InvalidParameter(message)
    with context.reading() as connection:
        zone = zone_of(city_zones(connection), wanted.city)
        require(connection, wanted.city, chosen)
        where = sql.SQL(" ").join(sql.SQL("AND ") + sql.SQL(part) for part in conditions(chosen, _QUERIES))
        found = connection.execute(sql.SQL(_QUERIES["series"]).format(where=where), parameters)
        parameters["series"] = [datastream for (datastream,) in found]
    for name in ("from_", "to"):
        if parameters[name] is not None:
            parameters[name] = instant(parameters[name], zone)
    check_range(parameters["from_"], parameters["to"])
    return parameters


def check_range(from_: Any, to: Any) -> None:
    """A range has a length.

    Raises:
        InvalidParameter: it ends before it begins.
    """
    if from_ is not None and to is not None and from_ >= to:
        raise InvalidParameter("the range is empty: `to` must be later than `from`, and is itself left out")
