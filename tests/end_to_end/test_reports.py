"""A report in a browser: what axe finds, on paper and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from processors.reports.composition import compose
from processors.reports.html import render_html
from tests.city_snapshot import assessment, snapshot
from tests.end_to_end.browser import DESK, PHONE

CASES = {
    "mixed": {},
    "demonstration": {"demonstration": True},
    "empty": {"u4ssc": assessment(lambda _: "unreported"), "kpis": [], "trends": [], "targets": [], "missing": []},
}


@pytest.fixture
def opened(chromium):
    contexts = []

    def open_report(language, case, size=DESK):
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.set_content(render_html(compose(snapshot(**CASES[case]), language)))
        return page

    yield open_report
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("language", "case"), [("en", "mixed"), ("nb", "demonstration"), ("nb", "empty")])
def test_axe_finds_nothing(opened, language, case):
    found = Axe().run(opened(language, case)).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def test_a_phone_scrolls_tables_not_the_page(opened):
    page = opened("nb", "mixed", PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    wheel = page.locator("figure svg").bounding_box()
    assert wheel["width"] <= PHONE[0]


def test_on_paper_nothing_is_cut_off(opened):
    """A4 less its margins is 182 mm: 688 CSS pixels."""
    page = opened("en", "mixed", (688, 900))
    page.emulate_media(media="print")
    wide = "[...document.querySelectorAll('table, figure, p')].filter((one) => one.scrollWidth > 690).length"
    assert page.evaluate(wide) == 0
