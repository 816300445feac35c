"""One folder under tests/golden/bridges/<bridge>/<case> is one case: answer.json and expected.json with its reason.

The answers are composed from the services' public documentation, none is recorded. expected.json: options (what the
city chose), values (time, property, channel, value, unit, seconds), left_out, newest; or changed: the error's words.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from bypuls.clock import isoformat
from ingest.bridges.answers import read_answer
from ingest.bridges.definition import Definitions
from ingest.bridges.paths import ChangedShape

CASES = Path(__file__).parents[2] / "golden" / "bridges"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/answer.json"))


@pytest.fixture(scope="module")
def definitions():
    return Definitions.load()


def read_case(folder, definitions):
    answer, expected = (json.loads((folder / f"{name}.json").read_text()) for name in ("answer", "expected"))
    definition = definitions[folder.parent.name]
    chosen = {name: option.default for name, option in definition.options.items()} | expected.get("options", {})
    return answer, expected, definition, chosen


def told(value):
    seconds = None if value.interval is None else value.interval.total_seconds()
    return [isoformat(value.key.time), value.key.property, value.key.channel, value.value, value.unit, seconds]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_an_answer_is_read_as_its_service_documents_it(folder, definitions):
    document, expected, definition, chosen = read_case(folder, definitions)
    if "changed" in expected:
        with pytest.raises(ChangedShape) as raised:
            read_answer(document, definition, chosen)
        assert expected["changed"] in str(raised.value)
        assert "\n" not in str(raised.value)
        return
    answer = read_answer(document, definition, chosen)
    assert [told(value) for value in answer.values] == expected["values"]
    assert dict(answer.left_out) == expected["left_out"]
    assert answer.newest == (datetime.fromisoformat(expected["newest"]) if expected["newest"] else None)


def test_every_bridge_has_at_least_six_cases(definitions):
    assert {folder.parent.name for folder in FOLDERS} == set(definitions)
    for name in definitions:
        assert len([folder for folder in FOLDERS if folder.parent.name == name]) >= 6


def broken(document):
    """Every way of taking one member away, or putting something else in its place."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield {key: other for key, other in document.items() if key != name}
            for odd in (None, [], {}, "x", True, -1e308):
                yield document | {name: odd}
            for inner in broken(value):
                yield document | {name: inner}
    elif isinstance(document, list):
        for n, value in enumerate(document):
            yield document[:n] + document[n + 1 :]
            for inner in broken(value):
                yield [*document[:n], inner, *document[n + 1 :]]


@pytest.mark.parametrize(
    "folder",
    [folder for folder in FOLDERS if folder.name in {"two_components", "per_direction", "an_hour"}],
    ids=lambda folder: folder.parent.name,
)
def test_whatever_is_broken_in_an_answer_nothing_but_a_changed_shape_is_raised(folder, definitions):
    document, _, definition, chosen = read_case(folder, definitions)
    read = refused = 0
    for detail in definition.options["detail"].choices if "detail" in definition.options else [None]:
        for odd in broken(document):
            try:
                answer = read_answer(odd, definition, chosen | ({"detail": detail} if detail else {}))
            except ChangedShape:
                refused += 1
            else:
                read += 1
                assert all(isinstance(value.value, float) for value in answer.values)
    assert read > 10, "what does not matter is passed over"
    assert refused > 10, "what matters is missed"
