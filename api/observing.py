"""What the API hands to Prometheus: what it answers, its connections, and what the database tells of the platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bypuls.observing.metrics import SECONDS, Counter, Gauge, Histogram, Measure, Metrics
from bypuls.observing.patience import Patient
from bypuls.observing.readiness import SQL, lags_of, problems_of
from bypuls.settings import HealthSettings, load
from bypuls.storage.database import Connection

if TYPE_CHECKING:
    from api.context import Context, Pool

_Read = Callable[[Connection, datetime], Mapping[tuple[str, ...], float]]
_ASKED_AT_MOST_EVERY = 5.0
_STREAMS = ("/v1/events",)


class Requests:
    """ASGI middleware: counts what is answered, by class of status, and how long it took (but for streams)."""

    def __init__(self, app: ASGIApp, answers: Counter, seconds: Histogram) -> None:
        self.app, self.answers, self.seconds = app, answers, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.answers.add(1, f"{int(message['status']) // 100}xx")
            await send(message)

        await self.app(scope, receive, counting)
        if scope.get("path") not in _STREAMS:
            self.seconds.take((time.perf_counter() - began,))


class Platform:
    """What the database tells, asked in one go at most every few seconds, however many ask."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._at = float("-inf")
        self._found: dict[str, Mapping[tuple[str, ...], float]] = {}
        self._patient = Patient(self._ask)

    def measures(self) -> list[Measure]:
        """For Prometheus; nothing is asked before somebody reads them."""

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"bypuls_{name}", what, lambda: self._look().get(name, {}), labels)

        return [
            gauge("database_up", "Whether the database answers the API."),
            gauge("queue_rows", "Rows of a queue.", "queue"),
            gauge("lag_seconds", "Seconds that the oldest change of now waits (rollup, kpi).", "queue"),
            gauge("newest_observation_timestamp_seconds", "Time of the newest observation of a city.", "city"),
            gauge("newest_observation_age_seconds", "Age of the newest observation of a city.", "city"),
            gauge("newest_observation_allowed_age_seconds", "How old it may be by the city's series.", "city"),
            gauge("datastreams", "Datastreams of active devices, by city and domain.", "city", "domain"),
            gauge("silent_datastreams", "Those of them that should have spoken.", "city", "domain"),
            gauge("audit_differences", "What the newest audit of a city found.", "city"),
            gauge("audit_timestamp_seconds", "When the newest audit of a city ended.", "city"),
            gauge("audit_complete", "Whether it came to its end.", "city"),
            gauge("audit_unreached_days", "Days that it did not reach: the next begins with them.", "city"),
            gauge("heartbeat_age_seconds", "Since a process was heard of.", "process", "worker"),
            gauge("process_problems", "What troubles a process, how many things.", "process", "worker"),
            gauge("ingest_oldest_seconds", "How long the oldest message in hand waits.", "worker"),
        ]

    def _look(self) -> Mapping[str, Mapping[tuple[str, ...], float]]:
        if time.monotonic() - self._at >= _ASKED_AT_MOST_EVERY:
            try:
                self._found = {"database_up": {(): 1.0}, **self._patient.answer()}
            except Exception:  # noqa: BLE001 - whatever it is: the database does not answer, and that is the number
                self._found = {"database_up": {(): 0.0}}
            self._at = time.monotonic()
        return self._found

    def _ask(self) -> dict[str, Mapping[tuple[str, ...], float]]:
        with self._context.reading() as connection:
            return _of_platform(connection, self._context.clock())


def readiness(context: Context) -> Patient[list[str]]:
    """Asks the database what keeps the platform from its work."""

    def ask() -> list[str]:
        with context.reading() as connection:
            return problems_of(connection, context.clock(), load(HealthSettings))

    return Patient(ask)


def _of_platform(connection: Connection, now: datetime) -> dict[str, Mapping[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    found["queue_rows"] = {(name,): rows for name, rows in connection.execute(SQL["queues"]).fetchall()}
    found["lag_seconds"] = {(name,): lag for name, lag in lags_of(connection, now).items()}
    at = now.timestamp()
    for city, newest, allowed in connection.execute(SQL["cities"], {"now": now}).fetchall():
        if newest is not None:
            found.setdefault("newest_observation_timestamp_seconds", {})[city,] = newest
            found.setdefault("newest_observation_age_seconds", {})[city,] = max(0.0, at - newest)
        if allowed is not None:
            found.setdefault("newest_observation_allowed_age_seconds", {})[city,] = allowed
    for city, domain, streams, silent in connection.execute(SQL["series"], {"now": now}).fetchall():
        found.setdefault("datastreams", {})[city, domain] = streams
        found.setdefault("silent_datastreams", {})[city, domain] = silent
    for city, _, _, finished, complete, _, _, _, total, unreached in connection.execute(SQL["audits"]).fetchall():
        found.setdefault("audit_differences", {})[city,] = total
        found.setdefault("audit_timestamp_seconds", {})[city,] = finished.timestamp()
        found.setdefault("audit_complete", {})[city,] = float(complete)
        found.setdefault("audit_unreached_days", {})[city,] = unreached
    for process, instance, since, lag, problems in connection.execute(SQL["heartbeats"], {"now": now}).fetchall():
        found.setdefault("heartbeat_age_seconds", {})[process, instance] = (now - since).total_seconds()
        found.setdefault("process_problems", {})[process, instance] = len(problems)
        if process == "ingest":
            found.setdefault("ingest_oldest_seconds", {})[instance,] = lag
    return dict(found)


_POOL = {
    "pool_size": "connections", "pool_available": "connections that wait for work",
    "requests_waiting": "requests that wait for a connection",
}  # fmt: skip
_POOL_COUNTS = {
    "requests_num": "requests for a connection", "requests_queued": "requests that had to wait for a connection",
    "requests_errors": "requests that got none", "connections_lost": "connections that were lost",
}  # fmt: skip


def _pool_measures(pools: Mapping[str, Pool]) -> list[Measure]:
    def reader(name: str) -> Callable[[], Mapping[tuple[str, ...], float]]:
        return lambda: {(role,): float(pool.get_stats().get(name, 0)) for role, pool in pools.items()}

    gauges: list[Measure] = [
        Gauge(f"bypuls_api_{name}", f"Of a pool: {what}.", reader(name), ("pool",)) for name, what in _POOL.items()
    ]
    # Counted by the pool since the process began; read as they are.
    return gauges + [
        Gauge(f"bypuls_api_pool_{name}", f"Of a pool, since the start: {what}.", reader(name), ("pool",))
        for name, what in _POOL_COUNTS.items()
    ]


def metrics_of(context: Context, answers: Counter, seconds: Histogram) -> Metrics:
    """Everything the API hands to Prometheus."""
    pools = {"reader": context.pool} | ({"editor": context.write_pool} if context.write_pool is not None else {})
    return Metrics("api", [answers, seconds, *_pool_measures(pools), *Platform(context).measures()])


def new_requests() -> tuple[Counter, Histogram]:
    """Counters for `Requests`."""
    return (
        Counter("bypuls_api_answers", "Answers by class of status.", ("status",)),
        Histogram("bypuls_api_answer_seconds", "How long an answer took, streams left out.", SECONDS),
    )
