"""QARTOD tests."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bypuls import qc
from bypuls.observation import Quality
from bypuls.properties import Span
from bypuls.standards import Standards
from processors.vectors.rule import Answer, Given, InputError, rule

_LONGEST_MONTH = len("2021-07")


@rule("values", "fail", "suspect")
def qartod_gross_range(_standards: Standards, given: Given) -> Answer:
    """Outside of spans."""
    return _flags(qc.gross_range(given.numbers("values"), _span(given, "fail"), _span(given, "suspect")))


@rule("values", "suspect", "fail", "method")
def qartod_spike(_standards: Standards, given: Given) -> Answer:
    """Out of line with both neighbours."""
    method = given.text("method", "average")
    if method not in {"average", "differential"}:
        raise InputError(f"input method must be average or differential, not {method!r}")
    return _flags(qc.spike(given.numbers("values"), given.number("suspect"), given.number("fail"), method))


@rule("values", "step_s", "threshold_per_s", "fail_per_s")
def qartod_rate_of_change(_standards: Standards, given: Given) -> Answer:
    """Change per second."""
    found = qc.rate_of_change(
        _times(given), given.numbers("values"), given.number("threshold_per_s"), given.number("fail_per_s")
    )
    return _flags(found)


@rule("values", "step_s", "tolerance", "suspect_s", "fail_s")
def qartod_flat_line(_standards: Standards, given: Given) -> Answer:
    """No change for long."""
    found = qc.flat_line(
        _times(given),
        given.numbers("values"),
        given.number("tolerance") or 0,
        given.number("suspect_s"),
        given.number("fail_s"),
    )
    return _flags(found)


@rule("points", "tspan", "vspan", "fspan", "period")
def qartod_climatology(_standards: Standards, given: Given) -> Answer:
    """Spans by the calendar."""
    period, ends, span = given.text("period") or None, given.items("tspan"), _span(given, "vspan")
    points = given.items("points")
    pair = len(("time", "value"))
    if len(ends) != pair or span is None or not all(isinstance(one, list) and len(one) >= pair for one in points):
        raise InputError("inputs tspan and vspan need a beginning and an end each, points are [time, value]")
    if period is not None and period not in qc.PERIODS:
        raise InputError(f"input period must be one of {', '.join(qc.PERIODS)}, not {period!r}")
    begin, end = map(_moment, ends) if period is None else _span(given, "tspan") or (math.nan, math.nan)
    values = Given({"values": [point[1] for point in points]}).numbers("values")
    moments = [_moment(point[0]) for point in points]
    return _flags(qc.climatology(moments, values, [qc.Climate(begin, end, span, _span(given, "fspan"), period)]))


@rule("vectors")
def qartod_compare(_standards: Standards, given: Given) -> Answer:
    """The worst of several tests."""
    try:
        columns = list(zip(*given.items("vectors"), strict=True))
        return _flags([qc.compare(*map(Quality, column)) for column in columns])
    except (TypeError, ValueError) as error:
        raise InputError(f"input vectors must be lists of flags of one length: {error}") from None


def _flags(found: list[Quality]) -> Answer:
    return {"flags": [int(flag) for flag in found]}


def _span(given: Given, key: str) -> Span | None:
    ends = given.known(key)
    if key not in given:
        return None
    if ends is None or len(ends) != len(("from", "to")):
        raise InputError(f"input {key} must be [from, to]")
    return ends[0], ends[1]


def _times(given: Given) -> list[float]:
    step = given.number("step_s", 1) or 0
    if step <= 0:
        raise InputError("input step_s must be above 0")
    for key in ("suspect_s", "fail_s"):
        if (given.number(key) or 0) < 0:
            raise InputError(f"input {key} must not be below 0")
    return [step * place for place in range(len(given.items("values")))]


def _moment(given: object) -> datetime:
    """A time in UTC: ISO 8601, also a year or month alone (its beginning), or seconds since 1970."""
    try:
        if isinstance(given, int | float) and not isinstance(given, bool):
            return datetime.fromtimestamp(given, UTC)
        text = str(given)
        moment = datetime.fromisoformat(text + "-01" * (2 - text.count("-")) if len(text) <= _LONGEST_MONTH else text)
    except (ValueError, OverflowError, OSError):
        raise InputError(f"{given!r} is no date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
