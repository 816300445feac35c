"""Adds and takes back calibrations, and has computed again what they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.audit import Deed, record
from api.problems import InvalidParameter
from api.recompute import hold, mark_span
from api.resources.calibrations.queries import NAMED
from bypuls.clock import isoformat
from bypuls.errors import Conflict, NotFound
from bypuls.storage.database import Connection


def add(connection: Connection, city: str, wanted: dict[str, Any], *, who: str, now: datetime) -> int:
    """Add a calibration with its audit row; returns its id.

    Raises:
        InvalidParameter: values of this kind cannot be calibrated so.
        Conflict: another one begins at the same time.
    """
    row = connection.execute(NAMED["kind"], wanted).fetchone()
    if row is None:
        message = f"no datastream {wanted['datastream']} in city {city!r}: GET /v1/datastreams?city={city} lists them"
        raise NotFound(message)
    _check(*row, slope=wanted["slope"], intercept=wanted["intercept"])
    streams = [wanted["datastream"]]
    hold(connection, streams)
    standing = connection.execute(NAMED["in_force"], wanted).fetchone()
    if standing is not None:
        message = (
            f"calibration {standing[0]} begins at this time: take it back first (DELETE /v1/calibrations/{standing[0]})"
        )
        raise Conflict(message)
    added = connection.execute(NAMED["add"], wanted | {"who": who, "now": now}).fetchone()
    _mark(connection, streams, wanted)
    number = int(added[0]) if added else 0
    after = _said(wanted) | {"why": wanted["why"]}
    record(connection, Deed(who, "calibration.add", str(number), city, None, after))
    return number


def remove(connection: Connection, number: int, *, city: str, who: str, why: str, now: datetime) -> None:
    """Take a calibration back with an audit row; one that was taken back before stays so.

    Raises:
        NotFound: no such calibration in this city.
    """
    row = connection.execute(NAMED["the_one"], {"id": number}).fetchone()
    if row is None or row[0] != city:
        message = f"no calibration {number} in city {city!r}: GET /v1/calibrations?city={city} lists them"
        raise NotFound(message)
    standing = dict(zip(("datastream", "valid_from", "slope", "intercept"), row[1:5], strict=True))
    streams = [standing["datastream"]]
    hold(connection, streams)
    if connection.execute(NAMED["remove"], {"id": number, "who": who, "why": why, "now": now}).fetchone() is None:
        return
    _mark(connection, streams, standing)
    record(connection, Deed(who, "calibration.remove", str(number), city, _said(standing), {"why": why}))


def _mark(connection: Connection, streams: list[int], of: dict[str, Any]) -> None:
    row = connection.execute(NAMED["until"], of).fetchone()
    mark_span(connection, streams, of["valid_from"], row[0] if row else None)


def _said(of: dict[str, Any]) -> dict[str, Any]:
    return {name: of[name] for name in ("datastream", "slope", "intercept")} | {
        "valid_from": isoformat(of["valid_from"])
    }


def _check(name: str, aggregation: str, unit: str, *, slope: float, intercept: float) -> None:
    if aggregation == "counter":
        message = (
            f"{name} is a register: what was used is a difference of readings. Tell a swapped meter as a device "
            "event, or leave the period out (POST /v1/invalidations)"
        )
        raise InvalidParameter(message)
    level, direction = aggregation == "energy_mean" or unit.startswith("dB"), aggregation == "circular_mean"
    if slope != 1 and (level or direction):
        what = "a level in dB is shifted" if level else "a direction is turned"
        message = f"{what}, not scaled: leave slope at 1 and give intercept"
        raise InvalidParameter(message)
    if intercept != 0 and aggregation == "sum":
        message = f"{name} is added up: an intercept would count once per value. Leave it at 0 and give slope"
        raise InvalidParameter(message)
