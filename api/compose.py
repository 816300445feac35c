"""Puts the process together: pools in their roles, the application, the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from api.app import create_app
from api.server import run
from bypuls.clock import Clock
from bypuls.settings import ApiSettings
from bypuls.storage.database import open_pool

_WRITERS = 2
"""Few people write at once."""


def serve(
    settings: ApiSettings,
    database_url: str,
    pool_size: int,
    clock: Clock,
    check_decode: Callable[..., Sequence[Mapping[str, Any]]] | None = None,
    draft_profile: Callable[..., Mapping[str, Any]] | None = None,
    *,
    routers: Sequence[APIRouter] = (),
) -> None:
    """Serve the API until SIGTERM or Ctrl-C.

    `check_decode(topic, payload, now=…)` is ingest's dry run, `draft_profile(topic, payload, now=…)` its draft of a
    maker profile.

    Raises:
        ServerError: it cannot listen there.
        DatabaseUnreachable: nobody answers at `database_url`.
    """

    def check(topic: str, payload: bytes) -> Sequence[Mapping[str, Any]]:
        return () if check_decode is None else check_decode(topic, payload, now=clock())

    def draft(topic: str, payload: bytes) -> Mapping[str, Any]:
        return {} if draft_profile is None else draft_profile(topic, payload, now=clock())

    with (
        open_pool(database_url, "reader", pool_size) as pool,
        open_pool(database_url, "editor", _WRITERS) as write_pool,
    ):
        app = create_app(
            settings,
            pool,
            write_pool=write_pool,
            clock=clock,
            check_decode=check if check_decode is not None else None,
            draft_profile=draft if draft_profile is not None else None,
            routers=routers,
        )
        run(app, settings.host, settings.port)
