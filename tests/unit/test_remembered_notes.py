"""What decoders remember can be stored: JSON that PostgreSQL takes, of bounded size."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.decoding import Context, Message
from ingest.discovery import Path, path_of
from ingest.memory import Memory
from ingest.sources import ANY
from ingest.validation import Catalogue, Reader
from tests.mutations import GOLDEN, Mutations, payload_of
from tests.quickest import cpu_seconds

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
REMEMBERING = ("sparkplug_b", "ha_discovery", "homie")


def messages_of(name):
    for path in sorted((GOLDEN / "decoders" / name).glob("*/message.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for message in (*document.get("before", ())[:4], document):
            yield message["topic"], payload_of(message)


@pytest.mark.parametrize("name", REMEMBERING)
def test_what_is_remembered_of_broken_messages_can_be_stored(name):
    catalogue = Catalogue.load()
    memory = Memory()
    reader = Reader(
        replace(ANY, formats=(name,), city="demo"), catalogue, Context(memory, catalogue.profiles, lambda _: None)
    )
    messages = Mutations(11, list(messages_of(name)))
    notes = 0
    for _ in range(4000):
        topic, payload = messages.next()
        reader.read(Message(topic, payload, NOW))
        for key, note in memory.changes().items():
            stored = key + json.dumps(note, ensure_ascii=False, allow_nan=False)
            assert "\0" not in stored
            assert "\\u0000" not in stored
            assert len(stored.encode("utf-8")) < 20_000  # raises for half a surrogate
            notes += 1
        memory.commit()
    assert notes > 100


def test_a_template_of_many_filters_takes_no_time():
    assert path_of("{{ value_json" + "|float " * 38 + "}") is None
    assert path_of("{{ value_json.a " + "|float " * 30 + "}}") == Path(("a",))
    assert cpu_seconds(lambda: path_of("{{ value_json" + "|float " * 38 + "}")) < 0.05
    assert cpu_seconds(lambda: path_of("{{ value_json.a " + "|float " * 30 + "}}")) < 0.05
