"""The YAML of docs/how-to/add-a-bridge.md is a bridge, and reads the answer that it describes."""

from pathlib import Path

import pytest

from bypuls.properties import Properties
from ingest.bridges.answers import read_answer
from ingest.bridges.definition import parse_definition

TEXT = (Path(__file__).parents[3] / "docs" / "how-to" / "add-a-bridge.md").read_text(encoding="utf-8")
QUESTION, ANSWER = (part.partition("```")[0] for part in TEXT.split("```yaml\n")[1:])


@pytest.fixture
def definition():
    options = "  least_share: {about: x, default: 90}\n  detail: {about: x, default: arms}\n"
    return parse_definition(QUESTION + options + ANSWER, "harbour.yaml", Properties.load())


def test_the_example_reads_what_it_says(definition):
    level = {
        "at": "2026-01-05T10:00:00Z", "until": "2026-01-05T10:10:00Z", "level": 1.31, "flow": 12.5, "kind": "observed",
        "share": 95, "arm": "north",
    }  # fmt: skip
    answer = {"gauges": [{"unit": "m", "arm": "North Arm", "levels": [level, level | {"share": 10, "level": None}]}]}
    chosen = {name: option.default for name, option in definition.options.items()}
    found = read_answer(answer, definition, chosen)
    assert [(value.key.property, value.key.channel, value.value, value.unit) for value in found.values] == [
        ("water_level", "", 1.31, "m"),
        ("water_flow", "north-arm", 12.5, "m3/s"),
    ]
    assert dict(found.left_out) == {"share": 1}
