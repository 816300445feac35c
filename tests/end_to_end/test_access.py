"""For everyone: what axe finds, and the whole page by keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.end_to_end.city import EVIDENCE
from tests.end_to_end.test_boards import BOARDS, address_of

PAGES = [
    *map(address_of, BOARDS),
    "/?kiosk",
    "/site/traffic-1",
    "/quarantine",
    "/devices",
    "/check",
    "/goals",
    "/reporting",
    "/register",
    EVIDENCE,
    "/board/nowhere",
]


@pytest.mark.parametrize(("theme", "language"), [("dark", "en"), ("light", "nb")])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit, path, theme, language):
    page = visit(None, theme=theme, language=language)
    page.expect("404" if path == "/board/nowhere" else "^$")
    page.go(path).resize_to_content()
    found = Axe().run(page.page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def test_axe_finds_nothing_in_the_help_and_in_the_time_picker(visit):
    page = visit("/board/air")
    page.page.keyboard.press("t")
    page.page.wait_for_selector(".timepicker[open]")
    assert Axe().run(page.page).response["violations"] == []
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("?")
    page.page.wait_for_selector("dialog[open]")
    assert Axe().run(page.page).response["violations"] == []


FOCUSED = """() => {
  const part = document.activeElement, style = getComputedStyle(part), place = part.getBoundingClientRect();
  const name = (part.getAttribute("aria-label")
    ?? part.labels?.[0]?.innerText ?? part.innerText ?? "").trim() || part.title;
  return { tag: part.tagName, name, ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: part.closest("[data-panel]")?.dataset.panel ?? (part.closest("header.top") ? "header" : ""),
    seen: place.width > 0 && place.bottom > 0 && place.top < innerHeight, on: part.getAttribute("href") };
}"""


def walk(page, steps):
    """What the Tab key reaches, one after the other."""
    for _ in range(steps):
        page.page.keyboard.press("Tab")
        found = page.page.evaluate(FOCUSED)
        if found["tag"] == "BODY":
            return
        yield found


def test_tab_reaches_everything_in_reading_order_and_the_focus_is_seen(visit):
    page = visit("/")
    stops = list(walk(page, 120))
    assert stops[0]["on"] == "#content", "the first is the way past the header"
    places = list(dict.fromkeys(stop["inside"] for stop in stops if stop["inside"]))
    assert places[:8] == ["header", "1", "2", "3", "4", "5", "6", "7"]
    assert [stop for stop in stops if not stop["name"]] == []
    assert [stop for stop in stops if not stop["ring"]] == []
    assert [stop for stop in stops if not stop["seen"]] == []


def test_the_skip_link_leads_past_the_header(visit):
    page = visit("/")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate(FOCUSED)["seen"], "it is seen once it has the focus"
    page.page.keyboard.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "content"
    page.page.keyboard.press("Tab")
    assert page.page.evaluate(FOCUSED)["inside"] == "1"


def test_a_line_a_value_and_a_site_of_the_list_open_with_enter(visit):
    page = visit("/")
    for selector, leads_to in (
        ('[data-panel="6"] a', ("/site/", "/devices", "/quarantine", "/board/")),
        ('[data-panel="1"] .tile-value', ("/evidence",)),
        ('[data-panel="1"] h2 a', ("/board/air",)),
    ):
        page.page.focus(selector)
        page.page.keyboard.press("Enter")
        page.page.wait_for_function("(before) => location.pathname !== before", arg="/")
        assert page.page.evaluate("location.pathname").startswith(leads_to), selector
        page.expect("Failed to load resource")  # the seed has no evidence of the city's class
        page.page.go_back()
        page.page.wait_for_function("() => location.pathname === '/'")
        page.settle()
    page.page.focus('[data-panel="5"] [data-action="table"]')
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector('[data-panel="5"] table a')
    page.page.focus('[data-panel="5"] table a')
    page.page.keyboard.press("Enter")
    page.page.wait_for_function("() => location.pathname.startsWith('/site/')")


def test_help_and_time_picker_open_keep_the_focus_and_close_on_escape(visit):
    page = visit("/board/air")
    page.page.focus(".timepicker summary")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector(".timepicker[open] .popover")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.closest('.timepicker') !== null")
    page.page.keyboard.press("Escape")
    page.page.wait_for_selector(".timepicker:not([open])")
    assert page.page.evaluate("document.activeElement.matches('.timepicker summary')")
    page.page.keyboard.press("?")
    page.page.wait_for_selector("dialog[open]")
    for _ in range(4):
        page.page.keyboard.press("Tab")
        assert page.page.evaluate("document.activeElement.matches('body, dialog, dialog *')")
    page.page.keyboard.press("Escape")
    page.page.wait_for_selector("dialog:not([open])", state="attached")


def test_every_shortcut_of_the_help_does_what_it_says(visit):
    page = visit("/")
    press, wait = page.page.keyboard.press, page.page.wait_for_function
    press("?")
    page.page.wait_for_selector("dialog[open]")
    named = {key.strip() for keys in page.page.locator("dialog kbd").all_inner_texts() for key in keys.split("…")}
    assert named == {"?", "0", "1", "9", "t", "r", "d", "l", "k", "f", "v", "Esc"}
    press("Escape")
    page.page.wait_for_selector("dialog:not([open])", state="attached")
    press("l")
    wait("() => document.documentElement.lang === 'nb'")
    theme = page.page.evaluate("document.documentElement.dataset.theme")
    press("d")
    press("d")
    wait("(before) => document.documentElement.dataset.theme !== before", arg=theme)
    press("2")
    wait("() => location.pathname.startsWith('/board/')")
    page.page.wait_for_selector(".timepicker")
    press("t")
    page.page.wait_for_selector(".timepicker[open]")
    press("Escape")
    press("0")
    wait("() => location.pathname === '/'")
    page.settle()
    page.page.focus('[data-panel="7"] [data-action="table"]')
    press("v")
    page.page.wait_for_selector('[data-panel="7"] table')
    press("k")
    wait("() => document.documentElement.classList.contains('kiosk')")
