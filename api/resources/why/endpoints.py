"""Why there is no number."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from api.context import Context, Using
from api.dropped import raw_dropped
from api.listing import in_city
from api.problems import InvalidParameter
from api.resources.why.looking import HOUR_NEEDS, MOST_SERIES, Found, look_at_series, of_kpi, of_kpi_then, of_series
from api.resources.why.queries import NAMED
from api.resources.why.reasons import Series, Span
from api.resources.why.schemas import Why, WhyWanted
from api.resources.why.sentences import sentence
from api.tables import json_bytes
from api.times import instant
from bypuls.periods import Calendar, as_period, window_of

router = APIRouter(tags=["Indicators"])

_OF_KPI = ("kpi", "scope_kind", "scope", "period")
_KINDS = {"site": "site", "district": "area"}


@router.get("/why", response_model=Why, summary="Why is this hour or value empty?")
def why(context: Using, wanted: Annotated[WhyWanted, Query()]) -> Response:
    """Silent, rejected, late, flagged, invalidated, low_coverage, not_computed, not_defined, withheld; with the facts.

    Of one hour of a datastream (`datastream`), of a property at a site (`site`, `property`) or of all of a city, or of
    a value of a KPI (`kpi`, `scope_kind`, `scope`, `period`). Of several datastreams the reason is that which says most
    of what can be done; each says its own. With `as_of` the reason is that of the value as it was said then, without
    what its datastreams looked like at that time.
    """
    zone = in_city(context, wanted.city, _named(wanted))
    start = instant(wanted.start, zone)
    if wanted.as_of is not None and not wanted.kpi:
        raise InvalidParameter("as_of goes with a kpi's value: what was known of an hour at a time is not kept")
    found = _kpi(context, wanted, start, zone) if wanted.kpi else _hour(context, wanted, start)
    with context.reading() as connection:
        dropped = raw_dropped(connection, wanted.city, found.span.since, zone)
    answer = {
        "city": wanted.city,
        "from": found.span.since,
        "to": found.span.until,
        "reason": found.reason,
        "sentence": sentence(found.reason, found.facts, zone),
        "value": found.value,
        "sites": found.sites,
        "series": [_shown(one, found.span) for one in found.series],
        "raw_dropped": dropped,
    }
    return Response(json_bytes(answer), media_type="application/json")


def _named(wanted: WhyWanted) -> dict[str, Any]:
    """What must exist in the city.

    Raises:
        InvalidParameter: it is not clear what is asked about.
    """
    given = [name for name in (*_OF_KPI, "datastream", "site", "property") if getattr(wanted, name) is not None]
    if given not in ([], ["datastream"], ["site", "property"], list(_OF_KPI)):
        raise InvalidParameter(
            "of what? give datastream; site and property; kpi, scope_kind, scope and period; or city and start alone"
        )
    named = {"datastream": wanted.datastream, "site": wanted.site, "property": wanted.property, "kpi": wanted.kpi}
    if wanted.scope_kind in _KINDS:
        named[_KINDS[wanted.scope_kind]] = wanted.scope
    return named


def _hour(context: Context, wanted: WhyWanted, start: datetime) -> Found:
    since = start.replace(minute=0, second=0, microsecond=0)
    span = Span(since, since + timedelta(hours=1), context.clock(), 1.0)
    place = {"city": wanted.city, "site": wanted.site, "properties": [wanted.property], "most": MOST_SERIES}
    with context.reading() as connection:
        if wanted.datastream is not None:
            series = [wanted.datastream]
        else:
            name = "series_of_city" if wanted.site is None else "series_of_place"
            series = [one for (one,) in connection.execute(NAMED[name], place)]
        return of_series(look_at_series(connection, wanted.city, series, span, needed=HOUR_NEEDS), span)


def _kpi(context: Context, wanted: WhyWanted, start: datetime, zone: ZoneInfo) -> Found:
    key = {"city": wanted.city, "start": start} | {name: getattr(wanted, name) for name in _OF_KPI}
    window = window_of(start, as_period(wanted.period or ""), Calendar.civil(zone.key))
    # The KPI's days may begin at another hour than the civil ones; they are as long.
    span = start, start + (window.end - window.start)
    with context.reading() as connection:
        if wanted.scope_kind == "site" and connection.execute(NAMED["is_home"], key).fetchone() is not None:
            return Found(Span(*span, context.clock(), 1.0), "withheld", {})
        if wanted.as_of is not None:
            return of_kpi_then(connection, key, span, instant(wanted.as_of, zone))
        return of_kpi(connection, key, span, context.clock())


def _shown(one: Series, span: Span) -> dict[str, Any]:
    names = (
        "datastream", "device", "site", "property", "channel", "device_status", "first_time", "last_time",
        "silent_from", "valid", "suspect", "fail", "invalidated", "expected",
    )  # fmt: skip
    late = one.raw is not None and one.raw[1] and span.until < one.raw[3]
    return {name: one.hours[name] for name in names} | {
        "reason": one.reason,
        "waiting": one.waiting,
        "last_event": None if one.event is None else {"time": one.event[0], "kind": one.event[1]},
        "arrived_late": {"values": one.raw[1], "last": one.raw[3]} if late and one.raw else None,
        "refused": [{name: value for name, value in message.items() if name not in ("fields", "stored")}
                    for message in one.refused],
        "invalidations": [{name: period[name] for name in ("id", "why", "who")} for period in one.invalid],
    }  # fmt: skip
