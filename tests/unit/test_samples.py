"""The recorded samples that our own formats read, by the rules of their README."""

import base64
import json
import math
from datetime import datetime, timedelta

import pytest

from bypuls.clock import utc_now
from bypuls.properties import Properties
from bypuls.units import Units
from ingest.check import check_decode

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def units():
    return Units.load()


@pytest.fixture(scope="module")
def properties():
    return Properties.load()


def samples(folder):
    return [
        (path.name, json.loads(path.read_text(encoding="utf-8")))
        for name in ("senml", "hostile")
        for path in sorted((folder / "data" / "samples" / name).glob("*.json"))
    ]


def payload_of(sample):
    if "payload_base64" in sample:
        return base64.b64decode(sample["payload_base64"])
    return (sample["payload_text"] if "payload_text" in sample else json.dumps(sample["payload"])).encode()


def is_reading(expected):
    return isinstance(expected["value"], int | float) and not isinstance(expected["value"], bool)


def same_property(entry, expected, properties):
    found = None if expected["quantity"] is None else properties.find(expected["quantity"])
    said = entry.get("property") or entry.get("quantity")
    if found is None:
        return said == expected["quantity"]
    meant = properties.find(said)
    return meant is not None and meant[0].id == found[0].id


def same(entry, expected, now, units, properties):
    """Property, value (1e-9), unit and time (1 ms) as sent; the field where the sample's is one of the message."""
    if entry["device"] != expected["device"] or not same_property(entry, expected, properties):
        return False
    if not math.isclose(entry["value"], expected["value"], rel_tol=1e-9):
        return False
    if expected["unit"] is not None and units.canonical(expected["unit"]).ucum != entry["unit"]:
        return False
    meant = now if expected["time"] is None else datetime.fromisoformat(expected["time"])
    meant += timedelta(seconds=expected.get("time_offset_s", 0))
    got = now if entry["time"] is None else datetime.fromisoformat(entry["time"])
    return abs(got - meant) <= timedelta(milliseconds=1)


def complaint(name, sample, units, properties):
    now = utc_now()
    entries = check_decode(sample["topic"], payload_of(sample), now=now)
    stored = [entry for entry in entries if "error" not in entry]
    refused = [entry for entry in entries if "error" in entry]
    missing = [
        expected
        for expected in filter(is_reading, sample["expected"])
        if not any("value" in entry and same(entry, expected, now, units, properties) for entry in entries)
    ]
    wanted = [expected for expected in sample["expected"] if is_reading(expected)]
    surplus = [
        entry
        for entry in stored
        if not any(same(entry, expected, now, units, properties) for expected in wanted)
        and not entry["diagnostic"]
        and not entry["field"].endswith("#sum")
    ]
    match sample.get("expect", "accept"):
        case "ignore":
            fine = entries == []
        case "reject":
            fine = not stored and any(entry["error"] == sample["error"] for entry in refused)
        case "quarantine":
            fine = not missing and not stored and {entry["error"] for entry in refused} == {sample["error"]}
        case "partial":
            fine = not missing and not surplus and bool(stored) and any(e["error"] == sample["error"] for e in refused)
        case _:
            fine = not missing and not surplus
    return None if fine else (name, missing, surplus, refused)


def test_every_senml_and_hostile_sample_is_read_as_its_readme_says(shared, units, properties):
    found = samples(shared)
    assert len(found) >= 28
    assert [c for name, sample in found if (c := complaint(name, sample, units, properties))] == []


def test_a_sum_beside_a_missing_value_is_kept_as_energy(shared):
    name = "constructed_base_value_sum_update.json"
    sample = dict(samples(shared))[name]
    (entry,) = [e for e in check_decode(sample["topic"], payload_of(sample)) if e["field"].endswith("#sum")]
    assert (entry["property"], entry["value"], entry["unit"]) == ("active_energy_import", 1250.0, "W.s")
