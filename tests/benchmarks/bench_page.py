"""How long somebody waits for a page: first paint, the boards' data, everything drawn.

Asserts nothing about time, for the machine may be busy.
"""

from contextlib import ExitStack
from statistics import median

import pytest

from bypuls.storage.database import connect
from tests.benchmarks.results import Result
from tests.end_to_end import browser as browsers
from tests.end_to_end.city import opened
from tests.end_to_end.test_boards import BOARDS, address_of
from tests.seeded_city import seed

VISITS = 7
WORDS = """
Fresh visits (nothing cached) in Chromium on the same machine as the server; a run is one visit. `a panel's data` is
from asking until it is there.
"""
GOALS = {"first paint": ("<=", 1000), "a panel's data, median": ("<=", 500)}
READ = """() => {
  const of = (type) => performance.getEntriesByType(type);
  const asked = of("resource").filter((one) => one.name.includes("/panels/"));
  const data = asked.map((one) => one.responseEnd - one.startTime);
  const files = of("resource").filter((one) => one.name.includes("/static/"));
  return { paint: of("paint").find((one) => one.name === "first-contentful-paint").startTime, data,
    kilobytes: files.reduce((sum, one) => sum + one.transferSize, 0) / 1000 };
}"""


@pytest.fixture(scope="module")
def opened_room(lanes):
    program = browsers.find_chromium()
    if program is None:
        pytest.skip("no chromium")
    with ExitStack() as stack:
        url = stack.enter_context(lanes.lane("plain").database(migrated=True))
        with connect(url) as connection:
            seed(connection)
        room = stack.enter_context(opened(url))
        yield room, stack.enter_context(browsers.chromium(program))


@pytest.mark.parametrize("uid", BOARDS)
def test_a_visit(opened_room, uid):
    room, browser = opened_room
    result = Result(f"page-{uid}", f"Opening the board {uid}", WORDS, goals=GOALS)
    for _ in range(VISITS):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        page = browsers.Visit(context.new_page(), room.address)
        page.go(address_of(uid))
        drawn = page.page.evaluate("performance.now()") - browsers.AFTER_MS
        found = page.page.evaluate(READ)
        context.close()
        result.add({
            "first paint": (found["paint"], "ms"),
            "a panel's data, median": (median(found["data"]), "ms"),
            "a panel's data, slowest": (max(found["data"]), "ms"),
            "all that is seen drawn": (drawn, "ms"),
            "files": (found["kilobytes"], "kB"),
        })  # fmt: skip
    result.write()
