"""Screens of every kind: a desk, a phone, 200 %, a wall, and readers who want no motion."""

import pytest

from tests.end_to_end import browser
from tests.end_to_end.browser import PANELS, PATIENCE_MS
from tests.end_to_end.test_boards import BOARDS, address_of


def no_answer(route):
    """All panels go on loading."""
    del route


WIDER = """() => {
  const root = document.documentElement;
  const cut = [...document.querySelectorAll("main *, header.top *")].filter((part) => {
    const place = part.getBoundingClientRect();
    if (!place.width || place.right <= innerWidth + 1) return false;
    for (let up = part.parentElement; up; up = up.parentElement)
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(up).overflowX)) return false;
    return true;
  });
  const said = cut.slice(0, 5).map((part) => part.outerHTML.slice(0, 120));
  return { wider: root.scrollWidth - root.clientWidth, cut: said };
}"""
EVERY_PAGE = [
    *map(address_of, BOARDS),
    "/site/traffic-1",
    "/quarantine",
    "/devices",
    "/check",
    "/goals",
    "/reporting",
    "/register",
]


@pytest.mark.parametrize("language", ["en", "nb"])
def test_city_now_does_not_scroll_on_an_operators_screen(visit, language):
    page = visit("/", language=language)
    assert page.page.evaluate("document.documentElement.scrollHeight") <= browser.DESK[1]
    assert [panel["panel"] for panel in page.panels() if panel["bottom"] > browser.DESK[1]] == []
    hidden = "(part) => part.scrollHeight > part.clientHeight + 1"
    tiles = page.page.locator(".tile").all()
    assert [tile.get_attribute("aria-label") for tile in tiles if tile.evaluate(hidden)] == []
    boards = page.page.locator("nav.boards")
    for width in (1440, browser.DESK[0], 1280, 1200):  # the name of every board is seen as a whole
        page.resize((width, browser.DESK[1]))
        assert boards.evaluate("(part) => part.scrollWidth - part.clientWidth") == 0, width


@pytest.mark.parametrize("size", [browser.PHONE, browser.DOUBLED], ids=["phone", "200 %"])
def test_nothing_is_wider_than_the_screen(visit, size):
    page = visit("/", size=size)
    for path in EVERY_PAGE:
        page.go(path)
        found = page.page.evaluate(WIDER)
        assert found == {"wider": 0, "cut": []}, path


def test_everything_is_reached_at_200_percent(visit):
    page = visit("/", size=browser.DOUBLED)
    for number in range(1, 12):
        page.page.locator(f'[data-panel="{number}"]').scroll_into_view_if_needed()
        page.settle()
    assert {panel["panel"] for panel in page.panels() if panel["state"] == "loading"} == set()
    page.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.panel(11)["seen"]


def test_a_phone_shows_one_column_with_what_needs_a_hand_before_the_map(visit):
    page = visit("/", size=browser.PHONE).resize_to_content()
    places = page.page.evaluate(
        """() => [...document.querySelectorAll(".tile, .panel")].map((part) => {
          const { left, right, top } = part.getBoundingClientRect();
          return { panel: Number(part.dataset.panel), left, right, top };
        })"""
    )
    assert {round(place["left"]) for place in places} == {round(places[0]["left"])}
    assert min(place["right"] - place["left"] for place in places) > 0.9 * browser.PHONE[0]
    order = [place["panel"] for place in sorted(places, key=lambda place: place["top"])]
    assert order == [1, 2, 3, 4, 6, 5, 7]


EARLY_MAP = """async () => {
  const static_ = document.querySelector("script[type=module]").src.replace(/js\\/.*/, "js/");
  const { html, render } = await import(static_ + "html.js");
  const { SiteMap } = await import(static_ + "map/map.js");
  const frames = (n) => new Promise((done) => requestAnimationFrame(() => (n ? frames(n - 1).then(done) : done())));
  const holder = document.createElement("div");
  holder.style = "position: fixed; top: 0; left: 0; width: 400px; height: 600px; display: grid";
  document.body.append(holder);
  const words = { t: String, code: String };
  const reader = { words };
  const show = (sites) =>
    render(html`<${SiteMap} sites=${sites} areas=${[]} reader=${reader} theme="dark" label="" />`, holder);
  show([]);
  while (!holder.querySelector(".leaflet-container")) await frames(1);
  await frames(3);
  holder.style.height = "300px";
  await frames(3);
  const site = { name: "", kind: "road", longitude: 10.4, classNumber: null, silent: true, value: null, unit: "" };
  show([63.4, 63.45].map((latitude) => ({ ...site, site: String(latitude), latitude })));
  while (holder.querySelectorAll(".site-mark").length < 2) await frames(1);
  await frames(3);
  return [...holder.querySelectorAll(".site-mark")].map((mark) => mark.getBoundingClientRect().bottom);
}"""


def test_a_map_that_changed_its_size_before_it_had_sites_shows_them_all(visit):
    assert max(visit("/").page.evaluate(EARLY_MAP)) < 300


def test_fingers_hit_what_they_mean_on_a_phone(visit):
    page = visit("/", size=browser.PHONE, has_touch=True)
    small = page.page.evaluate(
        """() => [...document.querySelectorAll("header.top a, header.top button, header.top select, .hands a")]
          .filter((part) => part.getBoundingClientRect().height < 24 && part.getBoundingClientRect().width > 0)
          .map((part) => part.outerHTML.slice(0, 100))"""
    )
    assert small == []


@pytest.mark.parametrize("size", [(1920, 1080), (3840, 2160)], ids=["full HD", "4K"])
def test_a_wallboard_is_readable_from_afar_and_fits(visit, size):
    page = visit("/?kiosk", size=size)
    sizes = page.page.evaluate(
        """() => {
          const least = (parts) => Math.min(...[...parts].map((part) => parseFloat(getComputedStyle(part).fontSize)));
          const wanted = [".tile-value", ".tile .chip", ".clock"];
          return Object.fromEntries(wanted.map((one) => [one, least(document.querySelectorAll(one))]));
        }"""
    )
    assert {selector: pixels for selector, pixels in sizes.items() if not pixels >= 24} == {}
    assert page.page.evaluate("document.documentElement.scrollHeight") <= size[1]
    assert page.page.locator("nav.boards, .languages").count() == 0, "nobody is there to click"
    before = page.text(".clock")
    page.page.wait_for_function(
        "(before) => document.querySelector('.clock').innerText !== before", arg=before, timeout=PATIENCE_MS
    )


def test_nothing_moves_for_those_who_want_no_motion(visit):
    page = visit(None, reduced_motion="reduce")
    page.page.route(PANELS, no_answer)
    page.go("/", settled=False)
    page.page.wait_for_selector(".skeleton")
    assert moving(page) == []


def test_something_moves_for_those_who_do_not_mind(visit):
    page = visit(None, reduced_motion="no-preference")
    page.page.route(PANELS, no_answer)
    page.go("/", settled=False)
    page.page.wait_for_selector(".skeleton")
    assert moving(page) != []


def moving(page):
    return page.page.evaluate(
        "document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 0).map(String)"
    )
