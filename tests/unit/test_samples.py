"""The recorded samples by the rules of their README, as they are and with other values in them."""

import copy
import json
import re

import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.clock import utc_now
from ingest.check import check_decode
from ingest.samples import check_samples, read_samples, render
from ingest.validation import Catalogue

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


@pytest.fixture(scope="module")
def recorded(shared):
    return read_samples(shared / "data" / "samples")


def complaints(verdicts):
    return {verdict.name: verdict.complaints for verdict in verdicts if verdict.complaints}


def test_every_sample_is_read_as_its_readme_says(recorded, catalogue):
    assert len(recorded) >= 158
    assert complaints(check_samples(recorded, catalogue, utc_now())) == {}


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


TIMES = ("ts", "time", "Time", "timestamp", "Epoch", "t", "bt", "received_at", "id", "rtc")


def moved(value):
    return value + 1 if isinstance(value, int) else round(value + 0.25, 6)


def moved_leaf(leaf, values):
    if is_number(leaf):
        return moved(leaf) if leaf in values else leaf
    try:
        number = float(leaf)
    except (TypeError, ValueError):
        return leaf
    if not isinstance(leaf, str) or number not in values:
        return leaf
    return str(int(leaf) + 1) if leaf.lstrip("-").isdigit() else repr(moved(number))


def moved_tree(node, values, key=""):
    if isinstance(node, dict):
        return {name: moved_tree(inner, values, name) for name, inner in node.items()}
    if isinstance(node, list):
        return [moved_tree(inner, values, key) for inner in node]
    return node if key in TIMES else moved_leaf(node, values)


def with_other_values(sample):
    """The sample with every measured value moved, in the message and in what is expected; None where it holds none."""
    document = copy.deepcopy(sample.document)
    entries = [entry for entry in document["expected"] if is_number(entry["value"])]
    if not entries or "payload" not in document or document.get("expect", "accept") != "accept":
        return None
    # A register at 0 may stand for none that there is: it stays.
    entries = [entry for entry in entries if entry["value"]]
    document["payload"] = moved_tree(document["payload"], {entry["value"] for entry in entries})
    text = json.dumps(document["payload"])
    for entry in entries:
        # A number stands in a message as 20 or as 20.0; what was written there decides how it was moved.
        number = entry["value"]
        candidates = (moved(number), round(float(number) + 0.25, 6), float(number) + 1, int(number) + 1)
        fitting = [one for one in candidates if re.search(rf"(?<![\w.]){re.escape(json.dumps(one))}(?![\w.])", text)]
        if not fitting:
            return None
        entry["value"] = fitting[0]
    return sample._replace(document=document)


def test_the_same_messages_with_other_values_are_read_too(recorded, catalogue):
    moved = {sample.name: with_other_values(sample) for sample in recorded}
    tried = [sample for sample in moved.values() if sample is not None]
    assert len(tried) >= 50
    others = [sample for name, sample in ((s.name, s) for s in recorded) if moved[name] is None]
    verdicts = check_samples([*tried, *others], catalogue, utc_now())
    names = {sample.name for sample in tried}
    assert {name: said for name, said in complaints(verdicts).items() if name in names} == {}


def test_the_command_prints_a_line_per_format_and_the_sum(shared):
    result = CliRunner().invoke(app, ["check", "samples", str(shared / "data" / "samples" / "senml")])
    assert result.exit_code == 0
    assert result.output.splitlines() == ["senml  14 passed, 0 failed", "14 passed, 0 failed"]


def sample_file(folder, **changes):
    document = {
        "format": "own",
        "topic": "bypuls/v1/demo/dev-1/observations",
        "payload": {"ts": 1767607200, "pm25": 12.5},
        "expected": [
            {"device": "dev-1", "field": "pm25", "quantity": "pm2_5", "value": 12.5, "unit": None,
             "time": "2026-01-05T10:00:00Z"}
        ],
    }  # fmt: skip
    (folder / "one.json").write_text(json.dumps(document | changes), encoding="utf-8")
    return check_samples(read_samples(folder), Catalogue.load(), utc_now())


def expecting(**changes):
    entry = {"device": "dev-1", "field": "pm25", "quantity": "pm2_5", "value": 12.5, "unit": None,
             "time": "2026-01-05T10:00:00Z"}  # fmt: skip
    return {"expected": [entry | changes]}


def test_a_sample_that_is_right_passes(tmp_path):
    assert complaints(sample_file(tmp_path)) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (expecting(value=12.6), "12.6 is meant"),
        (expecting(unit="mg/m3"), "unit mg/m3 is meant"),
        (expecting(time="2026-01-05T10:00:01Z"), "time 2026-01-05T10:00:01Z is meant"),
        (expecting(time=None), "time none is meant"),
        (expecting(quantity="pm10"), "property pm10 is meant"),
        (expecting(device="dev-2"), "dev-2 pm25: not found"),
        ({"expected": []}, "is read and not expected"),
        ({"expect": "ignore"}, "nothing at all is meant"),
        ({"expect": "reject", "error": "empty"}, "the error empty"),
        ({"expect": "quarantine", "error": "unknown_unit"}, "quarantine as unknown_unit"),
        ({"expect": "partial"}, "at least one refusal"),
        ({"expect": "perhaps"}, "expect is 'perhaps'"),
        ({"event": "offline"}, "the event offline is meant"),
        ({"requires": "x/y"}, "requires x/y"),
        ({"expected": [{"device": "dev-1"}]}, "not as its README says"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, changes, said):
    verdicts = sample_file(tmp_path, **changes)
    assert said in render(verdicts)
    assert render(verdicts).splitlines()[-1] == "0 passed, 1 failed"


def test_a_file_that_is_no_sample_fails(tmp_path):
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "samples", str(tmp_path)])
    assert result.exit_code == 1
    assert "is no JSON file" in result.output


def test_a_sum_beside_a_missing_value_is_kept_as_energy(recorded):
    (sample,) = [s.document for s in recorded if s.name == "senml/constructed_base_value_sum_update"]
    entries = check_decode(sample["topic"], json.dumps(sample["payload"]).encode())
    (entry,) = [e for e in entries if e["field"].endswith("#sum")]
    assert (entry["property"], entry["value"], entry["unit"]) == ("active_energy_import", 1250.0, "W.s")
