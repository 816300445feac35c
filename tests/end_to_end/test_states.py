"""Live, stale, loading, empty, failed: each told apart by what it says, not by its colour alone."""

import json
from datetime import timedelta

import pytest

from tests.end_to_end.browser import PANELS
from tests.end_to_end.test_shapes import no_answer
from tests.seeded_city import NOW

NOTHING = (
    "DELETE FROM kpi_value",
    "DELETE FROM rollup_1h",
    "DELETE FROM rollup_5m",
    "DELETE FROM quarantine",
    "DELETE FROM changed_bucket",
    "DELETE FROM kpi_due",
    "UPDATE datastream SET first_time = NULL, last_time = NULL",
    "UPDATE device SET first_seen = NULL, last_seen = NULL, battery = NULL",
)
GREEN = ["rgb(166, 220, 239)", "rgb(95, 183, 168)"]
"""Classes one and two."""
BUSY = {
    "type": "/docs#problem-busy",
    "title": "The server is busy",
    "status": 503,
    "detail": "the database does not answer",
    "hint": "it is asked again by itself",
    "instance": "/",
}


def states(page, numbers=range(1, 12)):
    return {panel["panel"]: panel["state"] for panel in page.panels() if panel["panel"] in numbers}


def refuse(page):
    page.expect("503")
    answer = {"status": 503, "content_type": "application/problem+json", "body": json.dumps(BUSY)}
    page.page.route(PANELS, lambda route: route.fulfill(**answer))


def test_live(visit):
    page = visit("/")
    assert set(states(page).values()) == {"live"}
    assert "gammel" not in page.text()
    assert page.page.locator(".old-chip, .failed, .skeleton, .empty").count() == 0


def test_loading_says_so(visit):
    page = visit(None)
    page.page.route(PANELS, no_answer)
    page.go("/", settled=False)
    page.page.wait_for_selector('[data-panel="1"] .skeleton')
    assert set(states(page, range(1, 8)).values()) == {"loading"}
    assert page.page.get_attribute('[data-panel="1"] [role=status]', "aria-label") == "Loading"
    assert "0" not in page.text(".tiles")


def test_failed_says_what_and_what_to_do_and_mends_itself_on_demand(visit):
    page = visit(None)
    refuse(page)
    page.go("/")
    assert set(states(page).values()) == {"failed"}
    said = page.text('[data-panel="2"]')
    assert "Could not be loaded" in said
    assert BUSY["detail"] in said
    assert BUSY["hint"] in said
    page.page.unroute(PANELS)
    page.page.click('[data-panel="2"] .failed button')
    page.page.wait_for_selector('[data-panel="2"][data-state="live"]')


def test_stale_keeps_the_value_says_from_when_it_is_and_fades(visit):
    page = visit("/")
    before = page.text('[data-panel="2"] .tile-value')
    refuse(page)
    page.page.keyboard.press("r")
    page.page.wait_for_selector('[data-panel="2"][data-state="stale"]')
    assert page.text('[data-panel="2"] .tile-value') == before
    assert "old: from 15:05" in page.text('[data-panel="2"]')
    faded = """(part) => {
      let all = 1;
      for (let up = part; up; up = up.parentElement) all *= getComputedStyle(up).opacity;
      return all;
    }"""
    page.page.wait_for_function(f"() => ({faded})(document.querySelector('[data-panel=\"2\"] .tile-value')) < 0.9")


def test_old_data_are_stale_although_the_server_answers(visit, own_room):
    page = visit("/", at=own_room(now=NOW + timedelta(hours=3)))
    assert page.panel(1)["state"] == "stale"
    assert "old: from" in page.panel(1)["text"]


def test_no_data_is_neither_green_nor_zero(visit, own_room):
    page = visit("/", at=own_room(*NOTHING))
    found = states(page)
    assert {number: state for number, state in found.items() if number in {1, 2, 3, 4, 7} and state != "empty"} == {}
    for number in (1, 2, 3, 4):
        panel = page.panel(number)
        assert "No data" in panel["text"], panel["text"]
        assert page.page.locator(f'[data-panel="{number}"] .chip').count() == 0
        assert page.page.locator(f'[data-panel="{number}"] .tile-value').count() == 0
    good = page.page.evaluate(
        """() => [...document.querySelectorAll('[data-panel="5"] .site-mark path')]
          .map((part) => getComputedStyle(part).fill)
          .filter((fill) => GREEN.includes(fill))""".replace("GREEN", json.dumps(GREEN))
    )
    assert good == []


@pytest.mark.parametrize("uid", ["air", "traffic", "energy-noise"])
def test_no_board_shows_a_value_where_there_are_no_data(visit, own_room, uid):
    page = visit(f"/board/{uid}", at=own_room(*NOTHING)).resize_to_content()
    shown = {panel["label"]: panel["text"] for panel in page.panels() if panel["state"] == "live"}
    green = page.page.evaluate(
        """() => [...document.querySelectorAll("main [style*=background], main .chip, main .dot")]
          .filter((part) => GREEN.includes(getComputedStyle(part).backgroundColor))
          .map((part) => part.closest("[data-panel]")?.ariaLabel)""".replace("GREEN", json.dumps(GREEN))
    )
    assert green == []
    # Lists of sites and maps may stay: they name places. What is a number there must be missing.
    stats = page.page.locator(".type-stat[data-state=live] .stat-value").all_inner_texts()
    assert [text for text in stats if text.strip().startswith(("0 ", "0.0"))] == [], shown


def test_the_five_states_do_not_look_alike(visit):
    page = visit("/")
    looks = {"live": page.panel(2)["text"]}
    refuse(page)
    page.page.keyboard.press("r")
    page.page.wait_for_selector('[data-panel="2"][data-state="stale"]')
    looks["stale"] = page.panel(2)["text"]
    page.go("/")
    looks["failed"] = page.panel(2)["text"]
    assert len(set(looks.values())) == 3
    assert "old" in looks["stale"]
    assert "Could not be loaded" in looks["failed"]
