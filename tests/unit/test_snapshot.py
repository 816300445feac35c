"""A snapshot is the same for the same inputs, and what was changed is not read."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from bypuls.errors import SettingsError
from bypuls.snapshot import (
    CityHead,
    Content,
    KpiResult,
    Versions,
)
from bypuls.snapshot_file import (
    canonical_json,
    content_hash,
    json_schema,
    parse_snapshot,
    read_snapshot,
    seal,
    write_snapshot,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "city-snapshot.schema.json"
MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def result(**changes):
    fields = {
        "kpi": "air.pm10.mean", "title": {"en": "PM10", "nb": "PM10"}, "domain": "air", "scope_kind": "city",
        "scope": "storvik", "scope_name": "Storvik", "period": "P1Y", "start": datetime(2024, 12, 31, 23, tzinfo=UTC),
        "ends": datetime(2025, 12, 31, 23, tzinfo=UTC), "value": 11.25, "unit": "ug/m3", "direction": "lower_is_better",
        "status": "final", "quality": "ok", "version": "sha256:" + "0" * 64,
    }  # fmt: skip
    return KpiResult(**(fields | changes))


def content(**changes):
    fields = {
        "city": CityHead(slug="storvik", name={"en": "Storvik", "nb": "Storvik"}, time_zone="Europe/Oslo"),
        "year": 2025,
        "versions": Versions(program="1.0", definitions={"b": "2", "a": "1"}),
        "kpis": [result()],
    }
    return Content(**(fields | changes))


def test_the_hash_is_that_of_sorted_json_without_white_space():
    """Rebuilt with the standard library: sorted members, no white space, UTF-8."""
    plain = msgspec.to_builtins(content())
    rebuilt = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical_json(content()) == rebuilt
    assert content_hash(content()) == "sha256:" + hashlib.sha256(rebuilt).hexdigest()


def test_when_it_was_made_and_the_order_of_members_change_no_hash():
    other = content(versions=Versions(program="1.0", definitions={"a": "1", "b": "2"}))
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert seal(content(), MADE).hash == seal(other, later).hash


@pytest.mark.parametrize("change", [{"value": 11.26}, {"status": "revised"}, {"coverage": 0.9}, {"evidence": "x"}])
def test_every_change_of_a_value_is_another_hash(change):
    assert content_hash(content(kpis=[result(**change)])) != content_hash(content())


def test_what_is_written_is_read_back(tmp_path):
    snapshot = seal(content(), MADE)
    file = tmp_path / "snapshot.json"
    file.write_bytes(write_snapshot(snapshot))
    assert read_snapshot(file) == snapshot
    jsonschema.validate(json.loads(file.read_bytes()), json_schema())


def changed(**members):
    return json.dumps(json.loads(write_snapshot(seal(content(), MADE))) | members).encode()


def with_value(value):
    document = json.loads(write_snapshot(seal(content(), MADE)))
    document["content"]["kpis"][0]["value"] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "is no JSON"),
        (b"[]", "is no city snapshot: its member format is None"),
        (changed(format="something"), "is no city snapshot"),
        (changed(format_version=4), "has format version 4; this Bypuls reads 1 to 3"),
        (changed(extra=1), "unknown field `extra`"),
        (with_value("11"), r"Expected `float | null`, got `str` - at `$.content.kpis[0].value`"),
        (with_value(11.3), "was changed after it was made"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_one_line(data, says):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the text is compared below
        parse_snapshot(data)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_of_which_the_method_was_taken_away_was_changed():
    document = json.loads(write_snapshot(seal(content(kpis=[result(method="sha256:" + "1" * 64)]), MADE)))
    del document["content"]["kpis"][0]["method"]
    with pytest.raises(ValueError, match="was changed after it was made"):
        parse_snapshot(json.dumps(document).encode())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.json cannot be read: No such file"):
        read_snapshot(tmp_path / "nowhere.json")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_refused(value):
    with pytest.raises(ValueError, match=r"content\.kpis\[0\]\.value is"):
        seal(content(kpis=[result(value=value)]), MADE)


def test_times_need_a_zone():
    with pytest.raises(ValueError, match="time zone"):
        seal(content(), datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(SCHEMA.read_text()) == json_schema()


GOLDEN = Path(__file__).parents[1] / "golden" / "reports" / "storvik-2025.json"


def test_a_snapshot_of_version_1_stays_readable():
    """The file was written when version 1 was made: whoever keeps such files can still read them, hash and all."""
    snapshot = read_snapshot(GOLDEN)
    assert snapshot.format_version == 1
    assert snapshot.made_at == MADE
    assert [(one.kpi, one.value) for one in snapshot.content.kpis] == [("air.pm10.mean", 11.25)]
    document = json.loads(GOLDEN.read_bytes())["content"]
    plain = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert snapshot.hash == "sha256:" + hashlib.sha256(plain).hexdigest()


def test_a_file_of_version_1_does_not_say_how_it_was_computed_and_a_changed_one_is_refused():
    assert read_snapshot(GOLDEN).content.kpis[0].method is None
    with pytest.raises(ValueError, match="was changed after it was made"):
        parse_snapshot(GOLDEN.read_bytes().replace(b"11.25", b"11.5"))


def test_a_file_of_version_2_stays_readable_and_says_nothing_of_measures():
    snapshot = read_snapshot(GOLDEN.with_name("storvik-2025.version-2.json"))
    assert (snapshot.format_version, snapshot.content.effects) == (2, [])
    assert snapshot.content == content()


def test_the_same_is_written_as_then():
    assert write_snapshot(seal(content(), MADE)) == GOLDEN.with_name("storvik-2025.version-3.json").read_bytes()
