"""Builds the application: every part of it is handed in, nothing is read from the environment."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

import api.resources
from api import documentation, problems
from api.changes import Changes
from api.context import CheckDecode, Context, DraftProfile, Pool
from api.guards import Guard
from api.listing import PROBLEM_RESPONSES
from api.observing import Requests, metrics_of, new_requests, readiness
from api.openapi import describe
from api.rates import Rates
from api.resources.health.endpoints import root as health_root
from bypuls.clock import Clock, utc_now
from bypuls.settings import ApiSettings
from bypuls.storage.database import Connection, connect

READ_SECONDS = 15.0
"""How long a read may take before it is ended with the advice to narrow it."""


def create_app(  # noqa: PLR0913 - what is lent, by keyword
    settings: ApiSettings,
    pool: Pool,
    *,
    write_pool: Pool | None = None,
    clock: Clock = utc_now,
    check_decode: CheckDecode | None = None,
    draft_profile: DraftProfile | None = None,
    routers: Sequence[APIRouter] = (),
    read_seconds: float = READ_SECONDS,
) -> FastAPI:
    """The API as an application.

    Args:
        settings: where it listens.
        pool: connections in the role `reader`; every read goes through it.
        write_pool: connections in the role `editor`, for tokens, writes and their audit rows; without it every write is
            refused and no token is known.
        clock: what time it is.
        check_decode: ingest's dry run, for `POST /v1/check/decode`.
        draft_profile: ingest's draft of a maker profile, for `POST /v1/check/draft`.
        routers: what other rooms serve beside the API (the control room); they come first.
        read_seconds: statement timeout of reads.
    """
    changes = Changes(lambda: _listener(pool))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        try:
            yield
        finally:
            changes.close()
            await run_in_threadpool(changes.join)

    app = FastAPI(
        title="Bypuls",
        version=version("bypuls"),
        lifespan=lifespan,
        docs_url=None,  # its pages load their scripts from elsewhere; ours is one page of our own
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
    )
    app.state.context = Context(settings, pool, write_pool, clock, check_decode, draft_profile, changes, read_seconds)
    app.state.webhook_rates = Rates(settings.webhooks_per_minute)
    app.add_middleware(Guard)
    answers, seconds = new_requests()
    app.add_middleware(Requests, answers=answers, seconds=seconds)
    app.state.metrics = metrics_of(app.state.context, answers, seconds)
    app.state.readiness = readiness(app.state.context)
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(documentation.router)
    app.include_router(health_root)
    for router in _resources():
        app.include_router(router, prefix="/v1")
    describe(app)
    return app


def _resources() -> list[APIRouter]:
    """The router of every noun: a folder under `api.resources` is one."""
    found = sorted(info.name for info in pkgutil.iter_modules(api.resources.__path__) if info.ispkg)
    return [importlib.import_module(f"api.resources.{name}.endpoints").router for name in found]


def _listener(pool: Pool) -> Connection:
    """A connection beside the pool: it is kept for as long as somebody streams."""
    return connect(str(pool.conninfo), "reader", autocommit=True)
