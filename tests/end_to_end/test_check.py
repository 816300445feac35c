"""One message pasted: what would be read in it, and a profile drafted from it."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from ingest.profiles import profile_of
from tests.end_to_end import browser
from tests.end_to_end.test_shapes import WIDER

TOPIC = "garden/shed-3/data"
MESSAGE = {"ts": 1795348800, "outTemp_C": 3.5, "humidity": 71, "wobble": 4}


def pasted(page, message, topic=TOPIC):
    page.page.fill('input[name="topic"]', topic)
    page.page.fill('textarea[name="payload"]', message if isinstance(message, str) else json.dumps(message))
    page.page.click(".check button[type=submit]")
    return page.settle()


def test_a_pasted_message_is_read_and_a_profile_is_drafted_that_can_be_copied(visit):
    page = visit("/", permissions=["clipboard-read", "clipboard-write"])
    page.page.click(".more-pages summary")
    page.page.click(".more-pages a[href^='/check']")
    pasted(page.settle(), MESSAGE)
    assert "air_temperature" in page.text("section[aria-label='What is read in it']")
    drafted = page.page.inner_text("pre.draft")
    assert profile_of(drafted, "the page's").id == "draft-garden-shed-3-data"
    guesses = page.text("main")
    assert "the catalogue has no word 'wobble'" in guesses
    assert "70" not in page.text("h1")
    page.page.click("section[aria-label='Drafted profile'] .card-head button")
    page.page.wait_for_selector("text=Copied.")
    assert page.page.evaluate("navigator.clipboard.readText()").strip() == drafted.strip()


def test_a_message_that_cannot_be_read_says_why(visit):
    page = visit("/check", language="nb")
    page.expect("422")
    pasted(page, '{"temperature": 21.4, "hum')
    assert "ikke JSON" in page.text("main")
    said = page.text("section[aria-label='Utkast til profil']")
    assert "Dette kan ikke leses. Ikke JSON: " in said.replace("\n", " ")
    assert "Kunne ikke lastes" not in page.text("main")


def test_of_a_message_that_is_read_already_the_page_says_so(visit):
    page = visit("/check")
    pasted(page, [{"bn": "urn:dev:x:", "n": "temperature", "u": "Cel", "v": 3, "t": 1767607200}], "a/b")
    said = page.text("section[aria-label='Drafted profile']")
    assert "This message needs no profile of its own." in said
    assert "# format senml reads this already: 1 value" in said
    assert "Save it as" not in said
    assert "Guesses" not in said


def test_a_refused_message_is_drafted_from_where_it_lies(visit):
    page = visit("/quarantine")
    page.page.locator(".refused details summary").first.click()
    page.page.locator(".refused details a[href^='/check']").first.click()
    page.page.wait_for_function("() => document.querySelector('input[name=topic]')?.value")


@pytest.mark.parametrize(("theme", "language"), [("dark", "en"), ("light", "nb")])
def test_the_answer_is_accessible_and_fits_on_a_phone(visit, theme, language):
    page = pasted(visit("/check", theme=theme, language=language), MESSAGE).resize_to_content()
    found = Axe().run(page.page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    page.resize(browser.PHONE)
    assert page.page.evaluate(WIDER) == {"wider": 0, "cut": []}
