"""Health."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.context import Context, Using
from api.listing import wants_csv
from api.resources.health.queries import NAMED
from api.resources.health.schemas import Alive, Health, HealthWanted, Ready
from api.scope import city_zones
from api.tables import CSV_TYPE, Table, csv_chunks, csv_head, json_bytes
from api.times import local
from bypuls.clock import isoformat
from bypuls.observing.metrics import CONTENT_TYPE as METRICS_TYPE
from bypuls.observing.patience import LONGEST_SECONDS
from bypuls.observing.readiness import SQL

router = APIRouter(tags=["Operations"])
root = APIRouter(tags=["Operations"])
"""Served outside /v1, for whoever supervises the process."""


@root.get("/health/live", response_model=Alive, summary="The process answers")
def live() -> Response:
    """Says nothing of the database: a process that waits for it is not to be restarted."""
    return Response(json_bytes({"status": "live"}), media_type="application/json")


@root.get(
    "/health/ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Not ready, with the reasons in words."}},
    summary="The platform does what it is there for",
)
def ready(request: Request) -> Response:
    """503 with the reasons: the database is away or has another version's schema, or the platform does not keep up.

    That is: a process fell silent, messages wait to be stored, readings or indicators of now wait to be computed,
    for longer than is allowed (`BYPULS_READY_…`); and what ingest says of its brokers.
    """
    try:
        found = request.app.state.readiness.answer()
    except TimeoutError:
        found = [f"the database has not answered for {LONGEST_SECONDS:g} s"]
    if found:
        return Response(
            json_bytes({"status": "not ready", "problems": found}), status_code=503, media_type="application/json"
        )
    return Response(json_bytes({"status": "ready"}), media_type="application/json")


@root.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Numbers for Prometheus",
)
def metrics(request: Request) -> Response:
    """What this process answers, its connections, and what the database tells of cities, queues and audits."""
    return Response(request.app.state.metrics.text(), media_type=METRICS_TYPE)


@router.get(
    "/health",
    response_model=Health,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    summary="Whether the platform keeps up",
)
def get_health(request: Request, context: Using, wanted: Annotated[HealthWanted, Query()]) -> Response:
    """Age of the newest observation of each city, queues, refused messages, silent datastreams, edition and schema.

    As CSV: one line per number, with what it is of and its unit.
    """
    health = _health(context)
    headers = {"Vary": "Accept"}
    if wants_csv(request, wanted.format):
        table = Table(("measure", "of", "value", "unit"), frozenset(), {})
        body = csv_head(table) + b"".join(csv_chunks(table, _tidy(health)))
        return Response(body, headers=headers, media_type=CSV_TYPE)
    return Response(json_bytes(health), headers=headers, media_type="application/json")


def _health(context: Context) -> dict[str, Any]:
    now = context.clock()
    with context.reading() as connection:
        zones = city_zones(connection)
        cities = connection.execute(NAMED["cities"], {"now": now}).fetchall()
        queues = connection.execute(NAMED["queues"], {"now": now}).fetchall()
        refused = connection.execute(NAMED["refused"], {"now": now}).fetchall()
        sources = connection.execute(NAMED["sources"]).fetchall()
        platform = connection.execute(NAMED["platform"]).fetchone()
        audits = connection.execute(SQL["audits"]).fetchall()
        dropping = connection.execute(SQL["dropping"]).fetchall()
    edition, server, schema = platform or (None, None, None)
    return {
        "time": isoformat(now),
        "cities": [
            {
                "city": city,
                "newest_observation": isoformat(newest) if newest else None,
                "newest_observation_local": local(newest, zones[city]) if newest else None,
                "age_seconds": _age(newest, now),
                "silent_datastreams": silent,
                "datastreams": datastreams,
            }
            for city, newest, silent, datastreams in cities
        ],
        "queues": [{"queue": name, "rows": rows, "oldest_seconds": _age(oldest, now)} for name, rows, oldest in queues],
        "refused_24h": [{"reason": reason, "messages": messages} for reason, messages in refused],
        "sources": [
            {"source": name, "city": city, "qos": qos, "may_lose_while_disconnected": qos == 0}
            for name, city, qos in sources
        ],
        "audits": [
            {
                "city": city,
                "night": night.isoformat() if night else None,
                "finished_at": isoformat(finished),
                "complete": complete,
                "checked": checked,
                "differences": total,
                "differences_by_table": differences,
                "repaired": repaired,
                "unreached_days": unreached,
            }
            for city, night, _, finished, complete, checked, differences, repaired, total, unreached in audits
        ],
        "dropping": [
            {
                "city": city,
                "kind": kind,
                "parts": parts,
                "since": isoformat(since),
                "until": isoformat(until),
                "not_before": isoformat(due),
                "hindrance": hindrance,
            }
            for city, kind, parts, since, until, due, hindrance in dropping
        ],
        "edition": edition,
        "server": server,
        "schema": schema,
        "version": version("bypuls"),
    }


def _age(since: datetime | None, now: datetime) -> float | None:
    return round((now - since).total_seconds(), 3) if since else None


def _tidy(health: dict[str, Any]) -> list[tuple[str, str, Any, str]]:
    rows: list[tuple[str, str, Any, str]] = []
    for city in health["cities"]:
        rows.append(("newest_observation_age", city["city"], city["age_seconds"], "s"))
        rows.append(("silent_datastreams", city["city"], city["silent_datastreams"], "{datastream}"))
        rows.append(("datastreams", city["city"], city["datastreams"], "{datastream}"))
    for queue in health["queues"]:
        rows.append(("queue_rows", queue["queue"], queue["rows"], "{row}"))
        rows.append(("queue_oldest_age", queue["queue"], queue["oldest_seconds"], "s"))
    rows.extend(("refused_24h", one["reason"], one["messages"], "{message}") for one in health["refused_24h"])
    for audit in health["audits"]:
        rows.append(("audit_differences", audit["city"], audit["differences"], "{difference}"))
        rows.append(("audit_repaired", audit["city"], audit["repaired"], "{row}"))
    rows.extend((f"dropping_{one['kind']}", one["city"], one["parts"], "{part}") for one in health["dropping"])
    rows.extend(("qos", one["source"], one["qos"], "1") for one in health["sources"])
    return rows
