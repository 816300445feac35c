"""One folder under tests/golden/decoders/<format>/<case> is one case: message.json, and expected.json with its reason.

A new case needs no code. message.json: topic, received_at, payload (JSON) or payload_text or payload_base64, retained;
`before`: messages that are read first (births, configurations); `source`: what differs from the source that the topic
belongs to ({"formats": ["influx_lp"], "precision": "s"}).
expected.json: why (where the expectation comes from), accepted, events, refused (code and field), ignored; `answers`:
the topics of what is sent back.
"""

import base64
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bypuls.clock import isoformat
from ingest.decoding import Context, Message
from ingest.memory import Memory
from ingest.sources import source_for
from ingest.validation import Catalogue, Reader

CASES = Path(__file__).parents[1] / "golden" / "decoders"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/message.json"))


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def payload_of(document):
    if "payload_base64" in document:
        return base64.b64decode(document["payload_base64"])
    return (document["payload_text"] if "payload_text" in document else json.dumps(document["payload"])).encode()


def message_of(document):
    received_at = datetime.fromisoformat(document["received_at"])
    return Message(document["topic"], payload_of(document), received_at, retained=document.get("retained", False))


def reader_for(document, catalogue):
    source = source_for(document["topic"])
    if "source" in document:
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in document["source"].items()}
        source = replace(source, **{"city": "demo", **given})
    context = Context(Memory(), catalogue.profiles, lambda _: None)
    return Reader(source, catalogue, context), context.memory


def as_expected(accepted):
    return {
        "device": accepted.device,
        "field": accepted.reading.field,
        "property": accepted.property,
        "channel": accepted.channel,
        "value": pytest.approx(accepted.value, rel=1e-9),
        "unit": accepted.unit,
        "time": isoformat(accepted.time),
        "flag": accepted.flag,
    }


def as_event(event):
    return {
        "device": event.device,
        "kind": event.kind,
        "property": event.property,
        "channel": event.channel,
        "time": isoformat(event.time),
        "detail": event.detail,
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_message_is_read_as_expected(folder, catalogue):
    document = json.loads((folder / "message.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    reader, memory = reader_for(document, catalogue)
    for earlier in document.get("before", ()):
        reader.read(message_of({"received_at": document["received_at"], **earlier}))
        memory.commit()
    got = reader.read(message_of(document))
    assert [as_expected(accepted) for accepted in got.accepted] == [
        {**entry, "time": isoformat(datetime.fromisoformat(entry["time"]))} for entry in expected["accepted"]
    ]
    assert [as_event(event) for event in got.events] == expected.get("events", [])
    assert [{"code": refused.code, "field": refused.field} for refused in got.refusals] == expected["refused"]
    assert got.ignored == expected["ignored"]
    assert [answer.topic for answer in got.answers] == expected.get("answers", [])
    assert got.decoder in {folder.parent.name, None}
    assert expected["why"]


def test_every_format_has_cases(catalogue):
    assert {folder.parent.name for folder in FOLDERS} == set(catalogue.decoders)
