"""Puts the control room together: its own pool in the role that sees views only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter

from bypuls.clock import Clock
from bypuls.storage.database import open_pool
from dashboards.control_room.boards import Boards
from dashboards.control_room.queries import check_role
from dashboards.control_room.router import control_room
from dashboards.control_room.settings import ControlRoomSettings


@contextmanager
def open_control_room(
    database_url: str, pool_size: int, clock: Clock, settings: ControlRoomSettings, boards: Boards | None = None
) -> Iterator[APIRouter]:
    """The control room's router; its connections are closed at the end.

    Raises:
        DatabaseUnreachable: nobody answers at `database_url`.
    """
    with open_pool(database_url, "grafana", pool_size) as pool:
        check_role(pool)
        yield control_room(pool, clock, settings=settings, boards=boards)
