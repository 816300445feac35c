"""The operator's five seconds: known states of the city, and what a stranger must read on the first screen.

The list is `five_seconds.yaml`. What the pages looked like is kept in `.pytest_cache/d/five-seconds`, for eyes.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

from tests.end_to_end.states import FIRST_SCREEN
from tests.seeded_city import NOW

LIST = yaml.safe_load(Path(__file__).with_name("five_seconds.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LIST["states"])
def test_a_stranger_reads_the_state_of_the_city(visit, own_room, lanes, name, request):
    state = LIST["states"][name]
    later = timedelta(hours=state.get("later", 0))
    room = own_room(*LIST["calm"], *state.get("sql", ()), now=NOW + later)
    away = state.get("page", "").startswith("database away")
    page = visit(None, at=room)
    if state.get("page") == "events lost":
        page.expect("ERR_FAILED|/v1/events")
        page.page.route("**/v1/events*", lambda route: route.abort())
    if away:
        page.expect("Failed to load resource|/v1/events")
    if state.get("page") == "database away before":
        take_away(lanes.lane("plain"), room)
    page.go("/")
    if state.get("page") == "database away":
        take_away(lanes.lane("plain"), room)
        page.page.keyboard.press("r")
        page.page.wait_for_selector(".old-chip", timeout=60_000)
    elif not away and "page" not in state:
        page.page.wait_for_selector(".live.live")
    elif state.get("page") == "events lost":
        page.page.wait_for_selector(".live.lost")
    page.settle()
    seen = page.page.evaluate(FIRST_SCREEN)
    folder = request.config.cache.mkdir("five-seconds")
    page.page.screenshot(path=folder / f"{name.replace(' ', '-')}.png")
    found = seen.casefold()
    assert [text for text in state.get("must", ()) if text.casefold() not in found] == [], seen
    assert [text for text in state.get("must_not", ()) if text.casefold() in found] == [], seen


def take_away(lane, room):
    """Nobody gets in any more, and whoever is in is put out: what a restart looks like that never ends."""
    name = room.database_url.rpartition("/")[2]
    with psycopg.connect(lane.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
