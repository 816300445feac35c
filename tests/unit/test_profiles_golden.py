"""One folder under tests/golden/profiles/<profile>/<case> is one case, as in tests/golden/decoders.

A new case needs no code. The source names the profile, unless message.json has a `source` of its own; readings and
refusals are compared as sent and as stored. expected.json: why, accepted, events, refused (code, field and, where a
value was read, value), ignored.
"""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bypuls.clock import isoformat
from ingest.decoding import Context, Refused, Registered
from ingest.memory import Memory
from ingest.sources import ANY
from ingest.validation import Catalogue, Reader
from tests.unit.test_decoders_golden import as_event, message_of

CASES = Path(__file__).parents[1] / "golden" / "profiles"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/message.json"))
FEWEST = 3


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def source_of(document, profile):
    given = {"formats": ["profile"], "profiles": [profile], "city": "demo", **document.get("source", {})}
    return replace(ANY, **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})


def read(document, profile, catalogue):
    zone = document.get("registered_zone")
    context = Context(Memory(), catalogue.profiles, lambda _: Registered(zone=zone) if zone else None)
    return Reader(source_of(document, profile), catalogue, context).read(message_of(document))


def as_expected(accepted):
    reading = accepted.reading
    return {
        "device": accepted.device,
        "field": reading.field,
        "property": accepted.property,
        "channel": accepted.channel,
        "sent": [reading.value, reading.unit],
        "stored": [pytest.approx(accepted.value, rel=1e-9), accepted.unit],
        "time": isoformat(accepted.time),
        **({} if reading.interval_seconds is None else {"interval_seconds": reading.interval_seconds}),
    }


def as_refused(refused):
    entry = {"code": refused.code, "field": refused.field}
    if isinstance(refused, Refused):
        entry |= {"sent": [refused.reading.value, refused.reading.unit]}
    return entry


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_makers_message_is_read_as_expected(folder, catalogue):
    document = json.loads((folder / "message.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    got = read(document, folder.parent.name, catalogue)
    assert [as_expected(accepted) for accepted in got.accepted] == [
        {**entry, "time": isoformat(datetime.fromisoformat(entry["time"]))} for entry in expected["accepted"]
    ]
    assert [as_event(event) for event in got.events] == expected.get("events", [])
    assert [as_refused(refused) for refused in got.refusals] == expected["refused"]
    assert got.ignored == expected["ignored"]
    assert expected["why"]


def test_every_profile_has_cases(catalogue):
    few = {
        name: count
        for name in catalogue.profiles
        if (count := sum(folder.parent.name == name for folder in FOLDERS)) < FEWEST
    }
    assert few == {}, f"fewer than {FEWEST} golden cases: {few}"
