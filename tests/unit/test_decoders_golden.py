"""One folder under tests/golden/decoders/<format>/<case> is one case: message.json, and expected.json with its reason.

A new case needs no code. message.json: topic, received_at, payload (JSON) or payload_text or payload_base64, retained.
expected.json: why (where the expectation comes from), accepted, events, refused (code and field), ignored.
"""

import base64
import json
from datetime import datetime
from pathlib import Path

import pytest

from bypuls.clock import isoformat
from ingest.decoding import Message
from ingest.sources import source_for
from ingest.validation import Catalogue, read

CASES = Path(__file__).parents[1] / "golden" / "decoders"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/message.json"))


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def payload_of(document):
    if "payload_base64" in document:
        return base64.b64decode(document["payload_base64"])
    return (document["payload_text"] if "payload_text" in document else json.dumps(document["payload"])).encode()


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
    message = Message(
        document["topic"],
        payload_of(document),
        datetime.fromisoformat(document["received_at"]),
        retained=document.get("retained", False),
    )
    got = read(message, source_for(message.topic), catalogue)
    assert [as_expected(accepted) for accepted in got.accepted] == [
        {**entry, "time": isoformat(datetime.fromisoformat(entry["time"]))} for entry in expected["accepted"]
    ]
    assert [as_event(event) for event in got.events] == expected.get("events", [])
    assert [{"code": refused.code, "field": refused.field} for refused in got.refusals] == expected["refused"]
    assert got.ignored == expected["ignored"]
    assert got.decoder in {folder.parent.name, None}
    assert expected["why"]


def test_every_format_has_cases(catalogue):
    assert {folder.parent.name for folder in FOLDERS} == set(catalogue.decoders)
