# ruff: noqa: T201 - a benchmark prints what it measured
"""How long somebody waits for a page: first paint, the boards' data, everything drawn.

Prints medians of fresh visits (nothing cached) in Chromium on this machine; asserts nothing about time, for the machine
may be busy. Aimed at: first paint within 1 s, a board's data within 500 ms each.
"""

from contextlib import ExitStack
from statistics import median

import pytest

from bypuls.storage.database import connect
from tests.end_to_end import browser as browsers
from tests.end_to_end.city import opened
from tests.end_to_end.test_boards import BOARDS, address_of
from tests.seeded_city import seed

VISITS = 7
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
    paints, data, whole, kilobytes = [], [], [], 0
    for _ in range(VISITS):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        page = browsers.Visit(context.new_page(), room.address)
        page.go(address_of(uid))
        whole.append(page.page.evaluate("performance.now()") - browsers.AFTER_MS)
        found = page.page.evaluate(READ)
        paints.append(found["paint"])
        data += found["data"]
        kilobytes = found["kilobytes"]
        context.close()
    print(
        f"\n{uid}: first paint {median(paints):.0f} ms, a panel's data {median(data):.0f} ms "
        f"(slowest {max(data):.0f}), all that is seen drawn {median(whole):.0f} ms, {kilobytes:.0f} kB of files"
    )
