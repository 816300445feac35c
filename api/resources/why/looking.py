"""Gathers what is known of a span of time and lets `reasons` decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from api.resources.why.queries import NAMED
from api.resources.why.reasons import Reason, Series, Span, most_telling, reason_of
from bypuls.storage.database import Connection

MOST_SERIES = 100
_MOST_ROWS = 20
_RAW_SPAN = timedelta(hours=25)
_COVERAGE_OF = {"PT1H": "hour", "P1D": "day", "P1M": "month", "P1Y": "year"}
_NO_RESULT = "its formula has no result for these values"
HOUR_NEEDS = 0.75
"""Share of an hour's values that must count where no KPI says otherwise: the hourly rule of the EU's directives."""


@dataclass(slots=True)
class Found:
    """What came of it; `facts` are for the sentence."""

    span: Span
    reason: Reason | None
    facts: dict[str, Any]
    series: list[Series] = field(default_factory=list)
    value: dict[str, Any] | None = None
    sites: list[dict[str, Any]] = field(default_factory=list)


def look_at_series(
    connection: Connection, city: str, series: Sequence[int], span: Span, *, needed: float
) -> list[Series]:
    """What is known of these datastreams in the span, with the reason; `needed`: share of an hour that suffices."""
    asked = {
        "series": list(series), "since": span.since, "until": span.until, "needed": needed - 1e-9, "city": city,
        "most": _MOST_ROWS,
    }  # fmt: skip
    rows = _rows(connection, "hours", asked)
    asked["devices"] = sorted({row["device"] for row in rows})
    waiting: dict[int, int] = dict(connection.execute(NAMED["waiting"], asked).fetchall())
    short = span.until - span.since <= _RAW_SPAN
    raw = {one: tuple(more) for one, *more in connection.execute(NAMED["raw"], asked).fetchall()} if short else {}
    events = {device: (time, kind) for device, time, kind in connection.execute(NAMED["events"], asked).fetchall()}
    refused = _rows(connection, "refused", asked)
    invalid = _rows(connection, "invalid", asked)
    withheld = {one for (one,) in connection.execute(NAMED["withheld"], asked)}
    found: list[Series] = []
    for row in rows:
        one = Series(
            row, waiting.get(row["datastream"], 0), raw.get(row["datastream"]),
            [message for message in refused if _is_about(message, row)],
            [period for period in invalid if period["datastream"] == row["datastream"]],
            events.get(row["device"]),
            row["datastream"] in withheld,
        )  # fmt: skip
        one.reason = reason_of(one, span)
        found.append(one)
    return found


def _is_about(message: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Of the device; and refused whole, or in a part that names the property or nothing."""
    fields = [one for one in message["fields"] or [] if one]
    about = not message["stored"] or not fields or any(row["property"] in one for one in fields)
    return message["device"] == row["device"] and about


def of_series(series: list[Series], span: Span) -> Found:
    """The answer for some datastreams together."""
    if not series:
        return Found(span, "not_defined", {"undefined": "no datastream measures it"})
    reason = most_telling([one.reason for one in series])
    return Found(span, reason, facts_of(series, reason, span), series)


def facts_of(series: Sequence[Series], reason: Reason | None, span: Span) -> dict[str, Any]:
    """What the sentence needs, of the datastreams that have the reason."""
    mine = [one for one in series if one.reason == reason] or list(series)
    facts: dict[str, Any] = {
        name: sum(one.hours[name] for one in mine) for name in ("valid", "suspect", "fail", "invalidated")
    }
    expected = [one.hours["expected"] for one in mine]
    hours = (span.until - span.since).total_seconds() / 3600
    facts["expected"] = None if None in expected else sum(
        round(one.hours["expected"] / max(1, one.hours["hours"]) * hours) for one in mine
    )  # fmt: skip
    facts["who"] = mine[0].hours["device"] if len({one.hours["device"] for one in mine}) == 1 else None
    heard = [one.hours["last_time"] for one in mine if one.hours["last_time"] is not None]
    facts["last_time"] = max(heard, default=None)
    facts["silent_from"] = max((one.hours["silent_from"] for one in mine if one.hours["silent_from"]), default=None)
    facts["waiting"] = sum(one.waiting for one in mine)
    facts["not_begun"] = span.since > span.now
    messages = {message["id"]: message for one in mine for message in one.refused}
    facts["messages"] = sum(message["occurrences"] for message in messages.values())
    if messages:
        newest = next(iter(messages.values()))
        facts |= {"code": newest["reason"], "hint": newest["hint"]}
    periods = [period for one in mine for period in one.invalid]
    if periods:
        facts["why"] = periods[-1]["why"]
    return facts


def of_kpi(connection: Connection, key: Mapping[str, Any], window: tuple[datetime, datetime], now: datetime) -> Found:
    """The answer for one value of a KPI; `key` as `kpi_value` has it, `window` of its period."""
    row = connection.execute(NAMED["definition"], key).fetchone()
    document: dict[str, Any] = row[0] if row else {}
    coverage = document.get("coverage") or {}
    period = key["period"]
    share = 1.0 if period == "PT1H" else coverage.get(_COVERAGE_OF[period], HOUR_NEEDS)
    said = next(iter(_rows(connection, "value", key)), None)
    span = Span(window[0], said["ends"] if said else window[1], now, share)
    if period not in document.get("periods", [period]):
        return Found(span, "not_defined", {"undefined": f"{key['kpi']} has no values for {period}"})
    sites = _rows(connection, "sites", {**key, "most": MOST_SERIES}) if key["scope_kind"] != "site" else []
    if said is not None and said["quality"] == "ok":
        return Found(span, None, {}, value=_shown(said), sites=sites)
    series = look_at_series(
        connection,
        key["city"],
        _series_of(connection, key, document, said),
        span,
        needed=coverage.get("hour") or HOUR_NEEDS,
    )
    due = connection.execute(NAMED["due"], key).fetchone() or (0, None)
    reason, facts = _of_value(said, series, due[0], sites, span)
    return Found(span, reason, facts, series, None if said is None else _shown(said), sites)


def of_kpi_then(
    connection: Connection, key: Mapping[str, Any], window: tuple[datetime, datetime], then: datetime
) -> Found:
    """The answer for one value as it was said at `then`, from what its evidence says.

    Only what is kept: no queues, no refused messages and nothing of single datastreams.
    """
    said = next(iter(_rows(connection, "value_then", {**key, "then": then})), None)
    span = Span(window[0], said["ends"] if said else window[1], then, 1.0)
    if said is None:
        return Found(span, "not_computed", {"then": then, "not_begun": span.since > then})
    shown = _shown(said)
    if said["quality"] == "ok":
        return Found(span, None, {}, value=shown)
    if said["reason"] == "not_defined":
        why = (said["detail"] or {}).get("why")
        return Found(span, "not_defined", {"undefined": why or _NO_RESULT}, value=shown)
    evidence = said["evidence"]
    facts = dict.fromkeys(("suspect", "fail", "invalidated"), 0) | (evidence.get("left_out") or {})
    facts |= {name: evidence.get("hours", {}).get(name, 0) for name in ("valid", "expected")}
    return Found(span, said["reason"], facts | {"then": then}, value=shown)


def _of_value(
    said: Mapping[str, Any] | None, series: list[Series], due: int, sites: Sequence[Mapping[str, Any]], span: Span
) -> tuple[Reason | None, dict[str, Any]]:
    if said is not None and said["reason"] == "not_defined":
        why = (said["detail"] or {}).get("why") if isinstance(said["detail"], dict) else None
        return "not_defined", {"undefined": why or _NO_RESULT}
    if said is not None:
        # It was computed from less than there is now: what has come since is late.
        late = [one.raw for one in series if one.raw is not None and one.raw[3] > said["computed_at"]]
        if late and (due or any(one.waiting for one in series)):
            return "late", {"late": sum(one[0] for one in late), "arrived": max(one[3] for one in late)}
    waiting = due + sum(one.waiting for one in series)
    if waiting or span.since > span.now:
        return "not_computed", {"waiting": waiting, "not_begun": span.since > span.now}
    if not series and not sites:
        return "not_defined", {"undefined": "no datastream of what it rests on hangs here"}
    reason = most_telling([one.reason for one in series])
    if said is None:
        reason = reason or "not_computed"
    elif reason is None or (reason == "low_coverage" and said["reason"] in {"flagged", "invalidated"}):
        reason = said["reason"]
    return reason, facts_of(series, reason, span) if series else {"expected": None}


def _series_of(
    connection: Connection, key: Mapping[str, Any], document: Mapping[str, Any], said: Mapping[str, Any] | None
) -> list[int]:
    named = (said or {}).get("evidence", {}).get("series")
    if named:
        return list(named)[:MOST_SERIES]
    if key["scope_kind"] != "site":
        return []
    own = [name for name, spec in (document.get("inputs") or {}).items() if (spec or {}).get("from_site") != "weather"]
    wanted = {"city": key["city"], "site": key["scope"], "properties": own, "most": MOST_SERIES}
    return [one for (one,) in connection.execute(NAMED["series_of_place"], wanted)]


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in ("quality", "reason", "coverage", "computed_at")}


def _rows(connection: Connection, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(NAMED[name], parameters).fetchall()
