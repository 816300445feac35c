"""Reports are the same for the same content, say everything in both languages, and are read by machines and people."""

from __future__ import annotations

import io
import re
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from string import Formatter

import pytest
import yaml
from pypdf import PdfReader

from bypuls.errors import SettingsError
from bypuls.snapshot_effects import Shifted
from bypuls.snapshot_file import parse_snapshot
from processors.reports.composition import compose
from processors.reports.document import Heading, Table
from processors.reports.html import render_html
from processors.reports.making import write
from processors.reports.notes import read_notes
from processors.reports.pdf import render_pdf
from processors.reports.wording import LANGUAGES, Wording, as_language, words
from tests.city_snapshot import assessment, content, effect, snapshot

LABELS = {"en": "computed by Bypuls, not U4SSC-verified", "nb": "beregnet av Bypuls, ikke verifisert av U4SSC"}
MARKS = {"en": "DEMONSTRATION: contains simulated data", "nb": "DEMONSTRASJON: inneholder simulerte data"}
SHAPES = {
    "mixed": {},
    "empty": {
        "u4ssc": assessment(lambda _: "unreported"),
        "kpis": [],
        "trends": [],
        "targets": [],
        "effects": [],
        "missing": [],
    },
    "one KPI, a demonstration": {
        "u4ssc": assessment(lambda number: "gte_95" if number == 70 else "unreported"),
        "kpis": [],
        "demonstration": True,
    },
    "no assessment": {"u4ssc": None, "kpis": []},
}


@cache
def pages(shape, language):
    """What the PDF of a shape says, page by page; reading one takes seconds, so each is read once."""
    made = render_pdf(compose(snapshot(**SHAPES[shape]), language))
    return [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]


def plain(text):
    return " ".join(text.replace("\u00ad", "").split())


def test_every_text_is_there_in_both_languages_with_the_same_parts():
    text = files("processors.reports").joinpath("words.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    keys = re.findall(r'^"?(.+?)"?: \{', text, re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(document), "a key stands twice"
    for key, texts in document.items():
        assert isinstance(key, str), f"{key}: a word that YAML reads as something else"
        assert texts.keys() == set(LANGUAGES), key
        if not key.startswith("unit."):
            parts = [{name for _, name, _, _ in Formatter().parse(one) if name} for one in texts.values()]
            assert parts[0] == parts[1], key


def test_every_word_that_the_code_asks_for_exists():
    asked = set()
    for file in files("processors.reports").iterdir():
        if file.name.endswith(".py"):
            asked |= set(re.findall(r'(?:words|both)\(\s*"([^"]+)"', file.read_text(encoding="utf-8")))
    assert asked
    assert asked <= words().keys()


def test_method_says_the_same_in_both_languages():
    for entry in yaml.safe_load(files("processors.reports").joinpath("method.yaml").read_text(encoding="utf-8")):
        assert entry.keys() == set(LANGUAGES)
        assert re.findall(r"\d+", entry["en"]) == re.findall(r"\d+", entry["nb"])


@pytest.mark.parametrize(
    ("value", "english", "norwegian"),
    [
        (9032.14, "9\u00a0032", "9\u00a0032"),
        (95424, "95\u00a0424", "95\u00a0424"),
        (393.98, "394", "394"),
        (84.51, "84.51", "84,51"),
        (12.5, "12.5", "12,5"),
        (0.74, "0.74", "0,74"),
        (0.001, "0.001", "0,001"),
        (0.0, "0", "0"),
        (-3.25, "\u22123.25", "\u22123,25"),
    ],
)
def test_numbers_are_in_the_readers_language(value, english, norwegian):
    """ISO 80000-1: thousands by a space; the decimal sign is the language's (Språkrådet: comma)."""
    assert (Wording("en").number(value), Wording("nb").number(value)) == (english, norwegian)


def test_a_share_is_all_only_where_it_is_all():
    assert Wording("en").percent(0.9999) == "99.9\u00a0%"
    assert Wording("en").percent(1.0) == "100\u00a0%"


def test_another_language_is_refused():
    with pytest.raises(SettingsError, match="reports are made in en or nb, not in 'sv'"):
        as_language("sv")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_one_counts_every_kpi_by_state(language):
    document = compose(snapshot(), language)
    counts = next(block for block in document.front if isinstance(block, Table))
    numbers = [(int(kpis.text), int(points.text)) for _, kpis, points in counts.rows]
    *states, total, _ = numbers
    assert total == (91, 112)
    assert tuple(map(sum, zip(*states, strict=True))) == total
    first = pages("mixed", language)[0]
    assert LABELS[language] in first
    assert "91" in first
    assert "112" in first


@pytest.mark.parametrize(
    ("shape", "language"),
    [("mixed", "en"), ("mixed", "nb"), ("empty", "en"), ("one KPI, a demonstration", "nb"), ("no assessment", "nb")],
)
def test_the_pdf_says_what_the_document_says(shape, language):
    document = compose(snapshot(**SHAPES[shape]), language)
    made = pages(shape, language)
    text = plain(" ".join(made))
    assert plain(document.title) in text
    for block in (*document.front, *document.blocks):
        if isinstance(block, Heading):
            assert plain(block.text) in text, block.text
    for number, page in enumerate(made, start=1):
        assert LABELS[language] in plain(page), f"page {number}"


def chapter(language, **changes):
    """The rows of the table of measures, and everything else that its chapter says."""
    blocks = compose(snapshot(**changes), language).blocks
    first = next(at for at, block in enumerate(blocks) if isinstance(block, Heading) and block.anchor == "effects")
    after = next(at for at, block in enumerate(blocks) if isinstance(block, Heading) and block.anchor == "notes")
    tables = [block for block in blocks[first:after] if isinstance(block, Table)]
    rows = [[ascii_signs(cell.text) for cell in row] for table in tables for row in table.rows]
    others = [block for block in blocks[first:after] if not isinstance(block, Table)]
    return rows, [ascii_signs(text) for block in others for text in getattr(block, "texts", None) or [block.text]]


def ascii_signs(text):
    return plain(text).replace("\u2212", "-").replace("\u2013", "-")


def test_measures_are_said_with_their_change_or_why_nothing_is_said():
    rows, said = chapter("nb")
    assert rows == [
        ["Avgift i to gater (siden 1.1.2025)", "Døgntrafikk", "11 500 → 9 400 kjøretøy", "-18,3 % (-19,4 til -17,0)",
         "-18,3 % (-18,8 til -17,8)", "endret som ventet"],
        ["Skilt (siden 1.1.2025; trukket)", "Døgntrafikk", "-", "-", "-", "ingenting sies: det er ikke låst"],
    ]  # fmt: skip
    assert "planen ventet -18 %: innenfor intervallet" in said
    assert "et annet tiltak i samme tid: Skilt (1.1.2025)" in said
    assert [text for text in said if "ikke nødvendigvis endret av det" in text]


def test_a_change_without_a_ratio_is_in_the_unit_and_one_without_an_interval_says_so():
    level = Shifted(verdict="not_shown", n=7, first_month="2025-01", last_month="2025-07", difference=0.25)
    rows, said = chapter("en", effects=[effect(change=level, control=None, beside=None, unit="dB[A]", expected=None,
                                               no_control={"en": "none left", "nb": "ingen igjen"})])  # fmt: skip
    assert rows[0][3:5] == ["+0.25 dB (no interval)", "-"]
    assert "nothing is taken off: none left" in said


def test_what_moved_elsewhere_too_is_said_to():
    rows, _ = chapter("en", effects=[effect(finding="not_shown")])
    assert rows[0][5] == "no change shown: as much moved where or when nothing was done"


def test_a_city_without_measures_says_so():
    assert chapter("en", effects=[])[1][-1] == "The city's plan has no measures that had begun."


def test_unreported_rows_say_so():
    assert plain(" ".join(pages("empty", "en"))).count("Not reported") >= 112


def test_a_demonstration_is_marked_on_every_page():
    shape = "one KPI, a demonstration"
    assert all(MARKS["nb"] in plain(page) for page in pages(shape, "nb"))
    for language in LANGUAGES:
        assert render_html(compose(snapshot(**SHAPES[shape]), language)).count(MARKS[language]) >= 2
        assert all(MARKS[language] not in plain(page) for page in pages("mixed", language))


def test_a_pdf_is_tagged_bookmarked_and_in_its_language():
    reader = PdfReader(io.BytesIO(render_pdf(compose(snapshot(), "nb"))))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - pypdf's own
    assert root["/Lang"].startswith("nb")
    assert reader.metadata.title == "Byrapport Storvik 2025"
    assert len(reader.outline) >= 5
    fonts = {font for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()}
    names = {str(font.get_object()["/BaseFont"]) for font in fonts}
    assert names
    assert all("Liberation" in name for name in names), names


@pytest.mark.parametrize("format_", ["html", "pdf", "json"])
def test_the_same_content_gives_the_same_bytes(format_):
    one, other = write(snapshot(), format_, "nb"), write(snapshot(), format_, "nb")
    assert one == other


def test_json_is_a_snapshot():
    assert parse_snapshot(write(snapshot(), "json", "en")).content == content()


class Structure(HTMLParser):
    """What a validator would look at: nesting, ids, headings, references to elsewhere."""

    VOID = frozenset({"meta", "col", "br", "link", "img"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.headings, self.links, self.outside = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        self.links += [values[name][1:] for name in ("href",) if values.get(name, "").startswith("#")]
        self.outside += [
            value for name, value in attributes
            if name in {"src", "href", "action"} and value and not value.startswith("#")
        ]  # fmt: skip
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_html_is_whole_and_refers_to_nothing_elsewhere(shape, language):
    text = render_html(compose(snapshot(**SHAPES[shape]), language))
    found = Structure(text)
    assert text.startswith(f'<!DOCTYPE html>\n<html lang="{language}">')
    assert found.open == []
    assert found.outside == []
    assert "url(http" not in text
    assert "@import" not in text
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= set(found.ids)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert text.count("<table") == text.count("<caption>")
    assert LABELS[language] in text


def test_what_people_write_is_no_html():
    made = render_html(compose(snapshot(method=[{"en": "<script>alert(1)</script>", "nb": "x"}]), "en"))
    assert "<script" not in made


def test_notes_of_people_are_read_strictly(tmp_path):
    file = tmp_path / "notes.yaml"
    file.write_text('- {kind: clipped, subject: PM10, text: {en: "Cut", nb: "Kuttet"}, source: NILU}\n')
    assert read_notes(file)[0].kind == "clipped"
    file.write_text("- {kind: rumour, subject: PM10, text: {en: x}}\n")
    with pytest.raises(SettingsError, match=r"notes .*notes\.yaml: Invalid enum value 'rumour'"):
        read_notes(file)
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_notes(tmp_path / "none.yaml")
