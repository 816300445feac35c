"""Reporting: a value entered, looked at, checked, and signed by a second person; the template as a file."""

import csv
import io
import re
from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe

from api.tokens import create_token
from bypuls.collection.entering import enter
from bypuls.collection.said import Said
from bypuls.storage.database import connect
from bypuls.u4ssc.catalogue import load_catalogue
from tests.end_to_end import browser
from tests.end_to_end.people import ROUND, tokens
from tests.end_to_end.test_shapes import WIDER

VALUE = "section.entry"
STEPS = "section[aria-label='How far it is']"


@pytest.fixture
def room_of_two(own_room):
    """A control room of its own, and the tokens of two persons who report."""
    room = own_room()
    return room, *tokens(room.database_url, "ola", "kari")


def signed_in(page, token, name):
    if page.page.locator(".signed-in b").count() > 0:  # somebody else
        page.page.click(".signed-in button")
        page.settle()
    page.page.click(".signed-in button")
    page.page.fill(".sign-in input", token)
    page.page.click(".sign-in button")
    page.page.wait_for_selector(f".signed-in b:text-is('{name}')")
    return page.settle()


def test_a_value_goes_from_asked_to_signed_by_a_second_person(visit, room_of_two):
    room, ola, kari = room_of_two
    page = visit(f"/reporting?year={ROUND}", at=room)
    assert "kari@fjordvik.example" not in page.text("main"), "contacts are for the city's own"
    assert page.page.locator(".tally dt").all_inner_texts() == [
        "measured", "from registers", "reported", "missing", "definition unverified"
    ]  # fmt: skip
    counts = [int(text) for text in page.page.locator(".tally dd").all_inner_texts()]
    assert sum(counts[:4]) == 91
    signed_in(page, ola, "ola")
    assert "kari@fjordvik.example" in page.text(".units")
    page.page.click("table a:has-text('EC: ICT: T: 2C')")
    page.settle()
    assert page.page.locator(".sign-in").count() == 0, "the next page knows who is signed in"

    page.expect("422|403")
    page.page.fill(f"{VALUE} [name=numerator]", "30")
    page.page.fill(f"{VALUE} [name=denominator]", "0")
    page.page.click(f"{VALUE} button[type=submit]")
    page.settle()
    assert "The denominator is 0" in page.text(f"{VALUE} .field:has([name=denominator])")
    page.page.fill(f"{VALUE} [name=denominator]", "20")
    page.page.click(f"{VALUE} button[type=submit]")
    page.settle()
    assert "30" in page.text(f"{VALUE} .field:has([name=value]) .wrong"), "more than all of them: refused at its field"
    page.page.fill(f"{VALUE} [name=numerator]", "15")
    page.page.fill(f"{VALUE} [name=source]", "Statens vegvesen")
    page.page.click(f"{VALUE} button[type=submit]")
    page.page.wait_for_selector(".done")
    page.page.wait_for_selector(f"{STEPS} .here:has-text('entered')")
    assert "75 %" in page.text(f"{VALUE} dl").replace("\u00a0", " ")

    page.page.click(f"{STEPS} button:text-is('Check')")
    page.page.wait_for_selector(f"{STEPS} .here:has-text('checked')")
    page.page.click(f"{STEPS} button:text-is('Sign')")
    page.page.wait_for_selector(f"{STEPS} [role=alert]")
    assert "A second person signs" in page.text(f"{STEPS} [role=alert]")
    signed_in(page, kari, "kari")
    page.page.click(f"{STEPS} button:text-is('Sign')")
    page.page.wait_for_selector(f"{STEPS} .here:has-text('signed')")
    assert [said.split(" · ")[0] for said in page.page.locator(f"{STEPS} li .muted").all_inner_texts()[1:]] == [
        "ola",
        "ola",
        "kari",
    ]
    assert page.page.locator(f"{VALUE} form").count() == 0, "what is signed stays"

    address = page.page.evaluate("[location.href, JSON.stringify(localStorage)].join()")
    assert "byp_" not in address, "a token is in no address, and in this tab alone"
    page.page.click(".signed-in button")
    page.settle()  # what everybody may read is asked for again
    assert page.page.evaluate("sessionStorage.length") == 0


def test_an_admin_opens_a_round_of_a_year_that_has_none(visit, own_room):
    room = own_room()
    with connect(room.database_url) as connection:
        boss = create_token(connection, "boss", ["admin"], "fjordvik")
    page = visit("/reporting?year=2019", at=room)
    page.expect("404")  # nobody is asked yet
    signed_in(page, boss, "boss")
    assert "No round is open for 2019" in page.text("main")
    page.page.click("button:text-is('Open the round')")
    page.page.wait_for_selector(".progress-key li:has-text('asked 91')")
    page.page.click("summary:text-is('Ask a unit for several indicators')")
    for name, typed in (("codes", "EN: EN"), ("unit", "Environment"), ("contact", "Kari")):
        page.page.fill(f".ask-other [name={name}]", typed)
    page.page.click(".ask-other button")
    page.page.wait_for_selector(".units li:has-text('Environment'):has-text('Kari')")


def test_nobodys_number_is_replaced_unseen_and_nothing_typed_is_lost(visit, room_of_two):
    room, ola, _ = room_of_two
    page = visit(f"/reporting/EC:ICT:ICT:2C?year={ROUND}", at=room)
    signed_in(page, ola, "ola")
    page.expect("409|401")
    page.page.fill(f"{VALUE} [name=value]", "77")
    with connect(room.database_url) as connection:
        said = Said(point=load_catalogue().point("EC: ICT: ICT: 2C", ""), value=Decimal(85))
        enter(connection, "fjordvik", ROUND, said, "kari")
    page.page.click(f"{VALUE} button[type=submit]")
    page.page.wait_for_selector(f"{VALUE} [role=alert] dl")
    told = page.text(f"{VALUE} [role=alert]")
    assert "85 % kari" in " ".join(told.split())
    assert "77" in told.partition("You typed")[2]
    page.page.click("button:text-is('Replace it with yours')")
    page.page.wait_for_selector(".done")
    page.page.wait_for_selector(f"{VALUE} dl b:has-text('77')")

    page.page.fill("[name=question]", "Which households?")
    with connect(room.database_url) as connection:
        connection.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'ola'")
    page.page.click("button:text-is('Ask')")
    page.page.wait_for_selector(".signed-in [role=alert]:has-text('no longer known')")
    page.page.click("button:text-is('Check')")  # what is read again is read as everybody reads it
    page.page.wait_for_selector(f"{STEPS} [role=alert]")
    page.settle()
    assert page.page.locator(f"{STEPS} .refusal, .signed-in [role=alert]").count() == 2, "the page still stands"
    page.page.fill(".sign-in input", *tokens(room.database_url, "ola hansen"))  # a name is given once
    page.page.click(".sign-in button")
    page.page.wait_for_selector(".signed-in b:text-is('ola hansen')")
    assert page.page.input_value("[name=question]") == "Which households?"
    page.page.click("button:text-is('Ask')")
    page.page.wait_for_selector(".questions:has-text('Which households?')")


def test_a_filled_template_is_looked_at_before_it_is_stored(visit, room_of_two):
    room, ola, _ = room_of_two
    page = signed_in(visit(f"/reporting?year={ROUND}", at=room, language="nb"), ola, "ola")
    with page.page.expect_download() as download:
        page.page.click(".downloads li:first-child a:text-is('CSV')")
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig")), delimiter=";"))
    heads = next(row for row in rows if "KPI-kode" in row)
    row = next(row for row in rows if row[heads.index("KPI-kode")] == "EC: ICT: T: 2C")
    for result, said in (("350", "å rette"), ("35,5", "1 verdier ville bli lagret")):
        row[heads.index("Resultat")] = result
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows(rows)
        page.page.set_input_files(
            "[type=file]", {"name": "u.csv", "mimeType": "text/csv", "buffer": text.getvalue().encode()}
        )
        page.page.wait_for_selector(f".receipt:has-text('{said}')")
    page.page.click(".receipt button.primary")
    page.page.wait_for_selector(".receipt:has-text('1 verdier er lagret')")
    page.settle()  # the year is read again behind what stands
    page.page.click(".choices button:has-text('ført inn')")
    page.page.wait_for_selector("table code:text-is('EC: ICT: T: 2C')")


@pytest.mark.parametrize(("theme", "language"), [("dark", "nb"), ("light", "en")])
def test_the_form_is_accessible_and_fits_on_a_phone(visit, room_of_two, theme, language):
    room, _, kari = room_of_two
    page = visit(f"/reporting/EN:EN:AQ:1C?year={ROUND}", at=room, theme=theme, language=language, size=browser.PHONE)
    page.page.click(".signed-in button")
    page.page.wait_for_selector(".sign-in")
    assert Axe().run(page.page).response["violations"] == [], "the way to sign in"
    page.page.fill(".sign-in input", kari)
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector(".entry form")
    page.settle()
    found = Axe().run(page.resize_to_content().page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    page.resize(browser.PHONE)
    assert page.page.evaluate(WIDER) == {"wider": 0, "cut": []}


def test_the_effect_of_a_measure_is_told_with_its_interval_or_refused_with_the_reason(visit):
    page = visit("/goals?year=2025", language="nb")
    page.page.wait_for_selector(".effect")
    locked, open_ = (
        page.page.locator(f".measure:has(> p:has-text('{name}'))") for name in ("Piggdekkgebyr", "Lavutslippssone")
    )
    assert "Ingenting sies: det er ikke låst" in open_.inner_text().replace("\n", " ")
    assert open_.locator(".shifts").count() == 0, "no number before it is locked"
    # a fifth less than a year before, beside streets where nothing was done: 0.8 by how the year before was made
    beside = locked.locator(".shifts > div:has-text('Sammenlignet med dem')").inner_text().replace("\u00a0", " ")
    low, high = (float(one.replace(",", ".")) for one in re.findall(r"\u2212([\d,]+) %", beside)[1:])
    assert 19 < high <= low < 21
    assert "utenfor intervallet" in locked.inner_text(), "the plan expected a tenth"
    locked.locator("summary").click()
    assert "Ny bussvei" in locked.inner_text()
    assert "et annet år har et annet vær" in locked.inner_text()
