"""Fixtures of the tests in a browser.

| fixture | gives |
|---|---|
| `room` | the control room on a year of Fjordvik, for everyone to look at: nothing may be written |
| `own_room` | a function: a control room on a copy of its own, changed by the SQL it is given |
| `visit` | a function that opens a page of `room` (or `at=`) and waits until it is drawn; complaints fail the test |
| `renewing_pictures` | whether stored pictures are made anew (`--renew-pictures`) |
"""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import pytest

from bypuls.storage.database import connect
from tests.end_to_end import browser as browsers
from tests.end_to_end.city import Clock, copied, keep_recent, opened, with_evidence
from tests.end_to_end.people import with_plan, with_round
from tests.seeded_city import NOW, seed


def pytest_collection_modifyitems(items):
    for item in items:
        if __package__ and item.nodeid.startswith("tests/end_to_end/"):
            item.add_marker(pytest.mark.chromium)
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def renewing_pictures(request):
    return request.config.getoption("--renew-pictures")


@pytest.fixture(scope="package")
def chromium():
    program = browsers.find_chromium()
    if program is None:
        pytest.skip("lane chromium: no browser (apt-get install chromium fonts-dejavu-core, or BYPULS_CHROMIUM=path)")
    with browsers.chromium(program) as browser:
        yield browser


@pytest.fixture(scope="package")
def seeded_url(lanes):
    with lanes.lane("plain").database(migrated=True) as url:
        with connect(url) as connection:
            seed(connection)
            with_evidence(connection)
            with_round(connection)
            with_plan(connection)
        yield url


@pytest.fixture(scope="package")
def recent_url(lanes, seeded_url):
    """The same city without its past: small enough to be copied for one test."""
    with copied(lanes.lane("plain"), seeded_url) as url:
        keep_recent(url)
        yield url


@pytest.fixture(scope="package")
def room(recent_url, seeded_url):
    assert recent_url  # copied first: a database in use cannot be
    with opened(seeded_url) as running:
        yield running


@pytest.fixture
def own_rooms():
    """They outlast the pages that look at them: a server that is away is what a page complains of."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def own_room(lanes, recent_url, own_rooms):
    def make(*statements, now=NOW):
        url = own_rooms.enter_context(copied(lanes.lane("plain"), recent_url))
        with connect(url) as connection:
            for statement in statements:
                connection.execute(statement, {"now": NOW, "city": "fjordvik"})
        return own_rooms.enter_context(opened(url, Clock(now)))

    return make


@pytest.fixture
def visit(chromium, request, own_rooms):  # noqa: ARG001 - they end after the pages
    """Opens pages; `language`, `theme` and `size` are the reader's."""
    visits = []
    with contextlib.ExitStack() as stack:

        def open_page(
            path="/", *, language="en", theme="dark", size=browsers.DESK, at=None, settled=True, kiosk=False, **options
        ):
            address = (at or request.getfixturevalue("room")).address
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=theme,
                locale={"en": "en-GB", "nb": "nb-NO"}[language],
                timezone_id="America/New_York",  # the page shows the city's clock, not the reader's
                **({"reduced_motion": "reduce"} | options),
            )
            stack.callback(context.close)
            found = browsers.Visit(context.new_page(), address)
            visits.append(found)
            if kiosk:
                path += ("&" if "?" in path else "?") + urlencode({"kiosk": ""})
            return found.go(path, settled=settled) if path is not None else found

        yield open_page
        for one in visits:
            one.page.wait_for_timeout(0)  # what the browser still has to say
        said = [complaint for one in visits for complaint in one.complaints]
    assert said == [], "the pages complained"
