"""The how-to pages that connect something: their sources can be added, their messages give what the pages show."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.check import check_decode
from ingest.source_files import read_source

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
NOW = datetime(2026, 11, 22, 10, 22, 55, tzinfo=UTC)


def blocks(page, language):
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return [block for name, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL) if name == language]


def sources(page, tmp_path):
    for number, block in enumerate(block for block in blocks(page, "yaml") if "topic_filter" in block):
        file = tmp_path / f"{number}.yaml"
        file.write_text(block)
        yield read_source(file).source()


@pytest.mark.parametrize(
    ("page", "topic"),
    [
        ("connect-a-tasmota-plug.md", "bypuls/v1/storvik/town-hall-plug/tele/SENSOR"),
        ("connect-an-ams-reader.md", "bypuls/v1/storvik/town-hall-meter/ams/list2"),
    ],
)
def test_the_message_is_read_as_the_page_shows(page, topic, tmp_path):
    (source,) = sources(page, tmp_path)
    (payload,) = blocks(page, "json")
    (shown,) = (block for block in blocks(page, "") if "bypuls check decode" in block)
    rows = [line.split()[:3] for line in shown.splitlines()[2:]]
    found = check_decode(topic, payload.encode(), now=NOW, source=source)
    assert [[one["device"], one["property"], one["channel"] or "-"] for one in found] == rows


def test_the_sources_for_webhooks_can_be_added(tmp_path):
    found = list(sources("receive-webhooks.md", tmp_path))
    assert [source.topic_filter for source in found] == [f"bypuls/webhook/{source.name}/#" for source in found]
    (posted,) = re.findall(r"-d '(.*?)'", (HOW_TO / "receive-webhooks.md").read_text(encoding="utf-8"))
    read = check_decode("bypuls/webhook/http-sensors/harbour-box", posted.encode(), now=NOW, source=found[1])
    assert {(one["device"], one["property"]) for one in read} == {
        ("harbour-box", "pm25"),
        ("harbour-box", "sound_level_laeq"),
    }
