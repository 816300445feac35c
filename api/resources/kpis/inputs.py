"""Which hours a value was computed from, as they stand or as they stood when it was: read from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from api.context import Context
from api.listing import Key, Listing, Question, conditions
from api.resources.kpis.queries import NAMED as OF_KPIS
from api.resources.kpis.selected import selected_hours
from api.resources.rollups.queries import NAMED as OF_ROLLUPS
from api.times import instant, parse
from bypuls.clock import isoformat
from bypuls.errors import NotFound
from bypuls.periods import Calendar
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries

_NAMED = queries(__package__, "inputs.sql")
_KEYS = (Key("datastream", ("r", "datastream"), int), Key("bucket", ("r", "bucket"), datetime))


def _listing(hours: LiteralString) -> Listing:
    query: LiteralString = (
        _NAMED["inputs"]
        .replace("{mean}", OF_ROLLUPS["mean"])
        .replace("{steadiness}", OF_ROLLUPS["steadiness"])
        .replace("{hours}", _NAMED[hours].replace("{columns}", _NAMED["columns"]))
    )
    return Listing(query, _KEYS, frozenset({"bucket"}))


_NOW, _THEN, _FIVE_MINUTES = _listing("hours_now"), _listing("hours_then"), _listing("five_minutes")


def inputs_of(context: Context, key: Mapping[str, Any]) -> Question:
    """The hours of the value with this key; with `as_of` of what was said then, as they stood when it was computed.

    Raises:
        NotFound: nothing was computed for this key, or nothing by then.
    """
    then = key["as_of"] is not None
    with context.reading() as connection:
        row = connection.execute(_NAMED["value_then" if then else "value"], key).fetchone()
        if row is None:
            by_then = f" by {isoformat(key['as_of'])}" if then else ""
            message = (
                f"no value of {key['kpi']!r} for {key['scope_kind']} {key['scope']!r}, {key['period']} from "
                f"{isoformat(key['start'])}{by_then}: GET /v1/kpi-values?city={key['city']}&kpi={key['kpi']} lists them"
            )
            raise NotFound(message)
        start, ends, evidence, inputs, computed_at, kind = row
        specs = inputs or {}
        series = _series(connection, key, evidence, specs, computed_at)
        zone, offset, country = connection.execute(_NAMED["calendars"], key).fetchone() or ("UTC", 0, None)
    window = evidence.get("window") or [isoformat(start), isoformat(ends)]
    spans = evidence.get("rests_on") or [window]
    since, until = [_moment(span[0]) for span in spans], [_moment(span[1]) for span in spans]
    parameters = {
        "series": series, "since": since, "until": until, "from_": min(since), "to": max(until),
        "computed_at": computed_at,
    }  # fmt: skip
    if evidence.get("selection"):
        calendar = Calendar.air(timedelta(seconds=offset)) if kind == "air" else Calendar.civil(zone)
        both = list(zip(since, until, strict=True))
        parameters["hours"] = selected_hours(both, evidence["selection"], calendar, country)
    if any(one.get("from") == "rollup_5m" for one in specs.values()):
        listing = _FIVE_MINUTES
    else:
        listing = _THEN if then else _NOW
    return Question(listing, [*conditions(parameters, _NAMED), OF_KPIS["where_spans"]], parameters)


def _moment(text: str) -> datetime:
    return instant(parse(text), ZoneInfo("UTC"))


def _series(
    connection: Connection,
    key: Mapping[str, Any],
    evidence: Mapping[str, Any],
    specs: Mapping[str, Any],
    computed_at: datetime,
) -> list[int]:
    """The datastreams that the evidence names; where it is too old to name any, those that it would name now."""
    if "series" in evidence:
        return list(evidence["series"])
    if evidence.get("from_sites"):
        wanted = {**key, "sites": evidence["from_sites"], "computed_at": computed_at}
        found = [stream for (stream,) in connection.execute(_NAMED["series_of_sites"], wanted)]
        if found:
            return found
    of_weather = [name for name, spec in specs.items() if spec.get("from_site") == "weather"]
    choice = {
        "properties": None if not specs or "*" in specs else [name for name in specs if name not in of_weather],
        "of_weather": of_weather,
        "classes": evidence.get("class") or None,
        "origins": evidence.get("origin") or None,
    }
    return [stream for (stream,) in connection.execute(OF_KPIS["value_series"], {**key, **choice})]
