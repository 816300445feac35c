"""Both languages, whole: texts, numbers, names, and the choice that stays."""

import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.city import EVIDENCE
from tests.end_to_end.test_boards import BOARDS, address_of

BOARD_TEXTS = json.loads(
    (Path(__file__).parents[2] / "dashboards" / "translations" / "nb.json").read_text(encoding="utf-8")
)
PAGES = [
    *map(address_of, BOARDS),
    "/site/traffic-1",
    "/quarantine",
    "/devices",
    "/check",
    "/goals",
    "/reporting",
    "/reporting/EC:ICT:ICT:2C",
    "/register",
    EVIDENCE,
]
READ = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { data, parentElement: on } = walk.currentNode;
    if (!data.trim() || !on.checkVisibility() || on.closest("code, pre, [lang]:not(html)")) continue;
    found.push(data.trim());
  }
  for (const part of document.querySelectorAll("[aria-label], [title]"))
    found.push(...[part.getAttribute("aria-label"), part.title].filter(Boolean).map((text) => text.trim()));
  return found;
}"""
_FRACTION = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])")


@pytest.fixture(scope="module")
def own_texts():
    """The page's own: English -> bokmål, of those that differ and hold no placeholder."""
    folder = Path(__file__).parents[2] / "dashboards" / "control_room" / "static" / "js" / "text"
    both = [
        dict(re.findall(r'\b(\w+): "((?:[^"\\]|\\.)*)"', (folder / f"{language}.js").read_text(encoding="utf-8")))
        for language in ("en", "nb")
    ]
    assert set(both[0]) == set(both[1]), "each text is there in both languages"
    return {text: both[1][key] for key, text in both[0].items() if "{" not in text and len(text) > 3}


@pytest.mark.parametrize("path", PAGES)
def test_the_norwegian_page_has_no_english_left(visit, own_texts, path):
    page = visit(path, language="nb").resize_to_content()
    english = {
        english: norsk for english, norsk in (own_texts | BOARD_TEXTS).items() if english.lower() != norsk.lower()
    }
    norwegian = set((own_texts | BOARD_TEXTS).values())
    texts = page.page.evaluate(READ)
    assert [text for text in texts if text in english and text not in norwegian] == []
    assert [text for text in texts if re.search(r"\{\w+\}|undefined|NaN|\[object", text)] == [], "half-filled texts"
    assert [text for text in texts if _FRACTION.search(text) and "sha256" not in text and "air.pm10" not in text] == []


@pytest.mark.parametrize("path", PAGES)
def test_the_english_page_has_no_norwegian_and_nothing_half_filled(visit, own_texts, path):
    page = visit(path, language="en").resize_to_content()
    norwegian = set((own_texts | BOARD_TEXTS).values()) - set(own_texts) - set(BOARD_TEXTS)
    texts = page.page.evaluate(READ)
    assert [text for text in texts if text in norwegian] == []
    assert [text for text in texts if re.search(r"\{\w+\}|undefined|NaN|\[object", text)] == []


def test_a_language_is_chosen_in_the_header_and_kept(visit):
    page = visit("/", language="en")
    assert "Needs a hand" in page.text()
    page.page.click(".languages [lang=nb]")
    page.page.wait_for_selector("text=Trenger tilsyn")
    page.settle()
    assert page.page.evaluate("document.documentElement.lang") == "nb"
    page.go("/board/air")
    assert page.page.evaluate("document.documentElement.lang") == "nb"


def test_numbers_are_written_as_the_reader_writes_them(visit):
    page = visit("/", language="nb")
    assert re.search(r"\d,\d", page.text(".tiles"))
    page = visit("/", language="en")
    assert re.search(r"\d\.\d", page.text(".tiles"))
    assert not re.search(r"\d,\d(?!\d\d)", page.text(".tiles"))
    assert "µg/m³" in page.text(".tiles")


def test_the_clock_is_the_citys_not_the_readers(visit):
    page = visit("/")
    page.page.wait_for_function("() => document.querySelector('.clock').innerText.startsWith('15:05')")
