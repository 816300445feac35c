"""docs/formats.md, docs/properties.md and the JSON Schema say what the code does."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from ingest.check import check_decode
from ingest.documentation import DOCS, pages

EVENT_SCHEMA = json.loads((DOCS / "schemas" / "device-event.schema.json").read_text(encoding="utf-8"))
SCHEMA = json.loads((DOCS / "schemas" / "own-json.schema.json").read_text(encoding="utf-8"))
ALL_EXAMPLES = re.findall(r"```json\n(.*?)```", (DOCS / "formats.md").read_text(encoding="utf-8"), re.DOTALL)
EVENTS = [example for example in ALL_EXAMPLES if '"kind"' in example]
EXAMPLES = [example for example in ALL_EXAMPLES if example not in EVENTS]
GOLDEN = Path(__file__).parents[1] / "golden" / "decoders" / "own_json"
TOPIC = "bypuls/v1/demo/dev-1/observations"
NOW = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_pages_are_up_to_date(path):
    assert path.read_text(encoding="utf-8") == pages()[path], "run: python -m ingest.documentation"


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("example", [*EXAMPLES, *map(json.dumps, SCHEMA["examples"])])
def test_every_example_is_read_whole(example):
    entries = check_decode(TOPIC, example.encode(), now=NOW)
    assert entries
    assert [entry for entry in entries if "error" in entry] == []


@pytest.mark.parametrize(
    "example", [json.loads(text) for text in EXAMPLES if text.startswith("{")] + SCHEMA["examples"]
)
def test_examples_of_our_own_json_fit_the_schema(example):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(example)] == []


@pytest.mark.parametrize("example", [*EVENTS, *map(json.dumps, EVENT_SCHEMA["examples"])])
def test_every_event_is_read_and_fits_its_schema(example):
    (entry,) = check_decode("bypuls/v1/demo/dev-1/events", example.encode(), now=NOW)
    assert entry["event"] == json.loads(example)["kind"]
    jsonschema.Draft202012Validator.check_schema(EVENT_SCHEMA)
    jsonschema.validate(json.loads(example), EVENT_SCHEMA, jsonschema.Draft202012Validator)


def golden(folder):
    document = json.loads((folder / "message.json").read_text(encoding="utf-8"))
    return document.get("payload"), json.loads((folder / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda folder: folder.name)
def test_what_the_schema_takes_is_never_refused_for_its_form(folder):
    """The other way round does not hold: the decoder reads numbers as text, the schema does not promise it."""
    payload, expected = golden(folder)
    if payload is None or not jsonschema.Draft202012Validator(SCHEMA).is_valid(payload):
        return
    form = {"wrong_type", "bad_name", "invalid_json", "time_unreadable", "time_without_zone", "empty"}
    assert {entry["code"] for entry in expected["refused"]} & form == set()
