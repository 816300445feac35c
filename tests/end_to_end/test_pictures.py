"""What the pages look like, against stored pictures; and that the comparison sees what an eye would see."""

import io

import pytest
from PIL import Image

from tests.end_to_end import browser, pictures
from tests.end_to_end.test_boards import BOARDS, address_of
from tests.seeded_city import NOW

LOOKS = {
    **{uid: {"path": address_of(uid)} for uid in BOARDS},
    "city-now-light": {"path": "/", "theme": "light"},
    "city-now-phone": {"path": "/", "size": browser.PHONE},
}


@pytest.fixture
def look(visit):
    """A page at a moment that stands still, and what it looks like."""

    def open_page(path, size=browser.DESK, **options):
        page = visit(None, size=size, **options)
        page.page.clock.set_fixed_time(NOW)
        page.go(path)
        page.page.wait_for_selector(".live.live")
        return page if path == "/" and size == browser.DESK else page.resize_to_content()

    return open_page


def seen(page):
    page.settle()
    return pictures.small(page.page.screenshot(animations="disabled", caret="hide"))


def compared(page, name):
    with Image.open(pictures.FOLDER / f"{name}.png") as stored:
        return pictures.difference(seen(page), stored)


@pytest.mark.parametrize("name", LOOKS)
def test_a_page_looks_as_its_stored_picture(look, name, renewing_pictures, tmp_path):
    page = look(**LOOKS[name])
    file = pictures.FOLDER / f"{name}.png"
    assert [panel["label"] for panel in page.panels() if panel["state"] in {"loading", "failed"}] == []
    if renewing_pictures:
        pictures.store(seen(page), file)
    found = compared(page, name)
    if not found.same:
        seen(page).save(tmp_path / f"{name}.png")
    assert found.same, f"{name}: {found}; now it looks as {tmp_path / name}.png; meant so? --renew-pictures"


def test_what_is_missing_or_has_another_colour_is_seen(look, renewing_pictures):
    page = look("/")
    for rule in (
        '[data-panel="4"] { visibility: hidden }',
        '[data-panel="2"] .tile-value { visibility: hidden }',
        '[data-panel="3"] .sparkline { visibility: hidden }',
        '[data-panel="1"] .chip { background: #5fb7a8 !important }',
        '[data-panel="5"] .map-key { visibility: hidden }',
        '[data-panel="6"] li:nth-child(2) { visibility: hidden }',
        '[data-panel="7"] canvas { visibility: hidden }',
        ".banner { visibility: hidden }",
        ".tiles { gap: 20px }",
    ):
        styled(page, rule)
        found = compared(page, "city-now")
        assert renewing_pictures or not found.same, f"{rule}: {found}"


def test_the_edges_of_letters_are_not(look, renewing_pictures):
    page = look("/")
    for rule in (
        ".hand-text { position: relative; left: 0.6px }",
        ".tile-value { position: relative; top: 0.5px }",
    ):
        styled(page, rule)
        found = compared(page, "city-now")
        assert renewing_pictures or found.same, f"{rule}: {found}"


def styled(page, rule):
    page.page.evaluate(
        """(rule) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(rule);
          document.adoptedStyleSheets = [sheet];
        }""",
        rule,
    )


def test_stored_pictures_are_small_and_each_belongs_to_a_page():
    stored = {file.stem: file.stat().st_size for file in pictures.FOLDER.glob("*.png")}
    assert set(stored) == set(LOOKS)
    assert {name: size for name, size in stored.items() if size > 200_000} == {}


def test_a_picture_of_another_size_is_another_picture():
    one, other = (Image.new("RGB", size) for size in ((100, 100), (100, 140)))
    assert not pictures.difference(one, other).same
    buffer = io.BytesIO()
    one.save(buffer, "png")
    assert pictures.small(buffer.getvalue()).size == (50, 50)
