"""The grammar of maker profiles: what a mapping reads, and what a bad profile is told."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bypuls.errors import CatalogueError, Refusal
from ingest.decoding import Refused
from ingest.mapping import Scene, apply
from ingest.profiles import Profiles, profile_of
from ingest.sources import ANY

HEAD = "id: maker\ntitle: Maker\n"
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def profile(body):
    return profile_of(HEAD + body, "maker.yaml")


def mapping(parts, extra=""):
    return profile(f"{extra}\nmappings:\n  one:\n    parts:\n{parts}")


def read(maker, document, **scene):
    return apply(maker, "one", document, Scene("dev", ANY, **scene))


def told(decoded):
    return {
        r.field: (r.quantity, r.channel, r.value, r.unit)
        for r in [*decoded.readings, *(f.reading for f in decoded.refusals if isinstance(f, Refused))]
    }


def codes(decoded):
    return sorted(refused.code for refused in decoded.refusals)


class TestPatterns:
    def test_a_capture_names_property_and_channel(self):
        maker = mapping(
            '      - values: {"{p}_{what:power|current}": {property: "active_{$what}", channel: "$p", unit: W}}',
            "maps: {p: {a: l1, b: l2}}",
        )
        got = told(read(maker, {"a_power": 1, "b_current": 2, "c_power": 3}))
        assert got["a_power"] == ("active_power", "l1", 1.0, "W")
        assert got["b_current"] == ("active_current", "l2", 2.0, "W")
        assert got["c_power"] == ("c_power", "", 3.0, None)

    def test_a_literal_wins_over_a_pattern_and_an_ignored_pattern_over_one_of_values(self):
        maker = mapping(
            '      - values: {"*": {property: co2}, x_known: {property: o3}}\n        ignore: ["x_*"]',
        )
        assert {key: q for key, (q, *_) in told(read(maker, {"x_known": 1, "x_other": 2, "y": 3})).items()} == {
            "x_known": "o3",
            "y": "co2",
        }

    def test_a_dot_in_a_key_is_no_nesting(self):
        maker = mapping(r"      - values: {'pm2\.5': {property: pm25}, pm2.5: {property: pm10}}")
        assert told(read(maker, {"pm2.5": 1}))["pm2.5"][0] == "pm25"
        assert told(read(maker, {"pm2": {"5": 1}}))["pm2.5"][0] == "pm10"

    def test_an_index_is_captured(self):
        maker = mapping('      - values: {"Power[{n}]": {property: power, channel: "ch{$n}"}}')
        assert told(read(maker, {"Power": [1, None, 3]})) == {
            "Power[0]": ("power", "ch0", 1.0, None),
            "Power[2]": ("power", "ch2", 3.0, None),
        }

    def test_a_whole_subtree_is_ignored(self):
        maker = mapping('      - ignore: ["sys.**"]')
        assert told(read(maker, {"sys": {"a": {"b": 1}}, "c": 2})) == {"c": ("c", "", 2.0, None)}


class TestValues:
    def test_an_object_with_its_unit(self):
        maker = mapping('      - values: {"*": {value: value, unit: {at: unit, words: {C: Cel}}}}')
        got = told(read(maker, {"t": {"value": 4, "unit": "C"}, "note": "x", "n": 3}))
        assert got == {"t": ("t", "", 4.0, "Cel"), "n": ("n", "", 3.0, None)}

    def test_a_unit_beside_the_values_with_a_default(self):
        maker = mapping("      - values: {t: {property: temperature, unit: {at: /head.unit, default: Cel}}}")
        assert told(read(maker, {"t": 4, "head": {"unit": "F"}}))["t"][3] == "F"
        assert told(read(maker, {"t": 4}))["t"][3] == "Cel"

    def test_texts_numbers_and_switches(self):
        maker = mapping(
            '      - values: {a: {property: co2}, s: {property: rssi, suffix: true}, b: {map: {ON: 1, "true": 2}}}',
            'no_value: ["nan"]',
        )
        got = read(maker, {"a": " 7.5 ", "s": "-65dBm", "b": "ON"})
        assert [(r.field, r.value, r.unit) for r in got.readings] == [
            ("a", 7.5, None),
            ("s", -65.0, "dBm"),
            ("b", 1.0, None),
        ]
        got = read(maker, {"a": "NaN", "b": True, "s": None})
        assert ([r.value for r in got.readings], got.refusals) == ([2.0], [])
        assert codes(read(maker, {"a": "read failed"})) == ["wrong_type"]

    def test_unknown_texts_and_switches_are_no_readings_and_unknown_numbers_may_be_dropped(self):
        maker = mapping("      - unknown: drop")
        assert told(read(maker, {"a": 1})) == {}
        maker = mapping("      - unknown: keep")
        assert told(read(maker, {"a": "1", "b": True, "c": 1.5})) == {"c": ("c", "", 1.5, None)}

    def test_a_sentinel_is_refused_with_its_value_and_nothing_fitted_is_no_reading(self):
        maker = mapping(
            "      - values: {a: {property: co2}, b: {property: co2, sentinels: [0]}, c: {no_value: [-127]}}",
            "sentinels: [65535]",
        )
        got = read(maker, {"a": 65535, "b": 0, "c": -127, "x": 65535})
        assert (codes(got), got.readings) == (["sentinel", "sentinel", "sentinel"], [])
        assert told(got)["a"] == ("co2", "", 65535.0, None)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "1e999"])
    def test_no_finite_number_is_refused(self, value):
        maker = mapping("      - values: {a: {property: co2}}")
        assert codes(read(maker, {"a": value})) == ["non_finite"]

    def test_a_list_of_values_needs_its_interval(self):
        without = mapping("      - values: {v: {property: co2, value: values, order: newest_first}}")
        got = read(without, {"v": {"values": [3, 2]}}, time=NOON)
        assert [(r.field, r.time) for r in got.readings] == [("v.values[0]", NOON)]
        assert codes(got) == ["time_unknown"]
        with_one = mapping("      - interval: PT1H\n        values: {v: {property: co2, order: oldest_first}}")
        got = read(with_one, {"v": [1, 2]}, time=NOON)
        assert [(r.value, r.time.hour, r.interval_seconds) for r in got.readings] == [(1, 11, 3600), (2, 12, 3600)]

    def test_the_last_words_of_a_name(self):
        maker = mapping('      - values: {"{name}": {property: "$name", trailing_words: true}}')
        assert told(read(maker, {"living_room_pm25": 1}))["living_room_pm25"][:2] == ("pm25", "living_room")


class TestPlaces:
    def test_objects_of_a_list_and_what_stands_above_them(self):
        maker = mapping(
            '      - each: "lanes[].rows[]"\n'
            "        carry: {lane: no}\n"
            '        device: "{/id}/lane{$lane}"\n'
            "        values: {n: {property: vehicle_count}}"
        )
        got = read(maker, {"id": "cam", "lanes": [{"no": 1, "rows": [{"n": 5}]}, {"no": 2, "rows": [{"n": 6}, 7]}]})
        assert [(r.device, r.value) for r in got.readings] == [("cam/lane1", 5.0), ("cam/lane2", 6.0)]

    def test_a_time_and_a_length_that_stand_above_the_objects(self):
        maker = mapping(
            '      - each: "targets[].lanes[]"\n'
            "        carry: {start: info.start, length: period}\n"
            "        time: $start\n"
            "        interval: {at: $length, unit: min}\n"
            "        values: {n: {property: vehicle_count}}"
        )
        document = {"targets": [{"info": {"start": 1773489600}, "period": 5, "lanes": [{"n": 4}]}]}
        (reading,) = read(maker, document).readings
        assert (reading.time, reading.interval_seconds) == (NOON, 300)

    def test_members_by_name(self):
        maker = mapping(
            '      - each: "{sensor:s\\\\d}"\n        device: "$sensor"\n        values: {t: {property: temperature}}\n'
            "      - values: {t: {property: dew_point}}"
        )
        got = read(maker, {"s1": {"t": 1}, "s2": {"t": 2}, "other": {"t": 9}, "t": 3})
        assert sorted((r.device, r.field, r.value) for r in got.readings) == [
            ("dev", "other.t", 9.0),
            ("dev", "t", 3.0),
            ("s1", "t", 1.0),
            ("s2", "t", 2.0),
        ]

    def test_conditions(self):
        maker = mapping(
            "      - {when: {kind: [a, b]}, unknown: drop, values: {v: {property: co2}}}\n"
            "      - {when: {low: true}, event: battery}\n"
            "      - {when: {kind: false}, values: {v: {property: o3}}}"
        )
        assert told(read(maker, {"kind": "a", "v": 1}))["v"][0] == "co2"
        assert told(read(maker, {"kind": "c", "v": 1})) == {}
        assert told(read(maker, {"v": 1}))["v"][0] == "o3"
        assert [e.kind for e in read(maker, {"low": True}).events] == ["battery"]
        assert read(maker, {"low": False}).events == []

    def test_of_several_parts_on_one_object_the_last_keeps_what_none_knows(self):
        maker = mapping("      - values: {a: {property: co2}}\n      - values: {b: {property: o3}}")
        got = read(maker, {"a": 1, "b": 2, "c": 3})
        assert sorted((r.field, r.quantity) for r in got.readings) == [("a", "co2"), ("b", "o3"), ("c", "c")]

    def test_a_long_form(self):
        maker = mapping(
            '      - each: "values[]"\n'
            "        long: {name: n, value: v, unit: u, words: {x: {property: co2, unit: ppm}}}\n"
            "        ignore: [up]"
        )
        rows = [
            {"n": "x", "v": "7"},
            {"n": "y", "v": 1, "u": "W"},
            {"n": "up", "v": 1},
            {"n": "z", "v": None},
            {"v": 1},
        ]
        assert told(read(maker, {"values": rows})) == {"x": ("co2", "", 7.0, "ppm"), "y": ("y", "", 1.0, "W")}

    def test_the_topics_device_is_right_about_itself_and_not_about_the_devices_behind_it(self):
        maker = mapping(
            "      - {device: id, unknown: drop, values: {t: {property: temperature}}}\n"
            '      - {each: "sub[]", device: id, values: {t: {property: temperature}}}'
        )
        document = {"id": "own", "t": 1, "sub": [{"id": "other", "t": 2}]}
        assert [r.device for r in read(maker, document).readings] == ["own", "other"]
        assert [r.device for r in read(maker, document, fixed=True).readings] == ["dev", "other"]


class TestTimes:
    def test_the_first_time_that_is_one(self):
        maker = mapping("      - time: [Epoch, Time]\n        values: {v: {property: co2}}")
        assert read(maker, {"Epoch": 1773489600, "Time": "x", "v": 1}).readings[0].time == NOON
        assert read(maker, {"Epoch": None, "Time": "2026-03-14T12:00:00Z", "v": 1}).readings[0].time == NOON
        assert codes(read(maker, {"Time": "yesterday", "v": 1})) == ["time_unreadable"]

    def test_a_time_without_a_zone_is_not_guessed(self):
        maker = mapping("      - time: Time\n        values: {v: {property: co2}}")
        document = {"Time": "2026-03-14T13:00:00", "v": 1}
        assert read(maker, document).readings[0].time is None
        assert read(maker, document, zone_of=lambda _: "Europe/Oslo").readings[0].time == NOON

    def test_a_form_of_its_own(self):
        maker = mapping(
            '      - time: {at: d, format: "%d.%m.%Y kl %H", zone: Europe/Oslo}\n        values: {v: {property: co2}}'
        )
        assert read(maker, {"d": "14.03.2026 kl 13", "v": 1}).readings[0].time == NOON

    def test_the_start_of_an_interval(self):
        at_end = mapping("      - {time: t, interval: PT15M, stamp: end, values: {v: {property: co2}}}")
        (reading,) = read(at_end, {"t": "2026-03-14T12:15:00Z", "v": 1}).readings
        assert (reading.time, reading.interval_seconds) == (NOON, 900)
        (reading,) = read(at_end, {"v": 1}).readings
        assert (reading.time, reading.offset_seconds) == (None, -900)

    def test_an_interval_in_the_message(self):
        maker = mapping("      - {time: t, until: e, values: {v: {property: co2}}}")
        got = read(maker, {"t": "2026-03-14T12:00:00Z", "e": "2026-03-14T13:00:00Z", "v": 1})
        assert got.readings[0].interval_seconds == 3600
        maker = mapping("      - {interval: {at: per, unit: min, words: {hourly: PT1H}}, values: {v: {property: co2}}}")
        assert read(maker, {"per": 5, "v": 1}).readings[0].interval_seconds == 300
        assert read(maker, {"per": "hourly", "v": 1}).readings[0].interval_seconds == 3600


class TestBounds:
    def test_no_more_readings_than_the_source_may_send(self):
        maker = mapping("      - unknown: keep")
        source = replace(ANY, max_readings=10)
        with pytest.raises(Refusal) as refused:
            apply(maker, "one", {f"k{n}": n for n in range(11)}, Scene("dev", source))
        assert refused.value.code == "too_large"

    def test_no_deeper_than_a_dozen_levels(self):
        document = {"a": 1}
        for _ in range(40):
            document = {"a": document}
        with pytest.raises(Refusal) as refused:
            read(mapping("      - unknown: keep"), document)
        assert refused.value.code == "too_deep"

    @pytest.mark.parametrize(
        "document",
        [{f"k{n}": "x" for n in range(30_000)}, {"a": [[]] * 30_000}, {"a": [{"b": "x"}] * 30_000}],
    )
    def test_no_more_members_than_a_message_has(self, document):
        with pytest.raises(Refusal) as refused:
            read(mapping('      - each: "a[]"\n        values: {}\n      - unknown: keep'), document)
        assert refused.value.code == "too_large"

    def test_made_up_names_do_not_fill_the_memory(self):
        maker = mapping("      - unknown: keep")
        for start in range(0, 20_000, 1000):
            read(maker, {f"k{n}": n for n in range(start, start + 1000)})
        assert len(maker.mapping("one").parts[0].rules.alone) <= 4096

    @pytest.mark.parametrize("document", [None, 7, "x"])
    def test_a_scalar_is_no_object(self, document):
        with pytest.raises(Refusal) as refused:
            read(mapping("      - unknown: keep"), document)
        assert refused.value.code == "wrong_type"

    @pytest.mark.parametrize(
        ("document", "values", "refused"),
        [
            ([], [], []),
            ([1, "x", None], [], ["bad_name"]),
            ({"": 1}, [], ["bad_name"]),
            ({"a" * 5000: 1}, [], ["bad_name"]),
            ({"\x1f": {"b": 1}}, [1.0], []),
        ],
        ids=["nothing", "a list", "no name", "a long name", "the separator as a name"],
    )
    def test_whatever_the_document_is_its_values_are_read_or_refused(self, document, values, refused):
        decoded = read(mapping('      - values: {"{a}.b": {property: co2}, "*": {value: value}}'), document)
        assert [reading.value for reading in decoded.readings] == values
        assert codes(decoded) == refused


class TestBadProfiles:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("mappings: {}", "maker.yaml: mappings: at least one is needed"),
            ("mappings: {one: {parts: []}}", "maker.yaml: mappings.one: parts: at least one is needed"),
            ("mappings: {one: {part: []}}", "maker.yaml: mappings"),
            ("mappings: {one: {parts: [{values: {'{a': {}}}]}}", "mappings.one: parts[0]: {a: "),
            ("mappings: {one: {parts: [{values: {'{a:(}': {}}}]}}", "mappings.one: parts[0]: {a:(}: "),
            ("mappings: {one: {parts: [{values: {'{a}{a}': {}}}]}}", "{a} stands twice"),
            ("mappings: {one: {parts: [{interval: hourly now, time: ''}]}}", "mappings.one: parts[0]: '' is no path"),
            ("mappings: {one: {parts: [{values: {a: {interval: {at: x, default: 1h}}}}]}}", "'1h' is no duration"),
            ("mappings: {one: {parts: [{stamp: middle}]}}", "Invalid enum value 'middle'"),
            ("mappings: {one: {parts: [{}]}}\ntopics: [{topic: a}]", "topics[0]: one of mapping, events and ignore"),
            ("mappings: {one: {parts: [{}]}}\ntopics: [{topic: a, mapping: two}]", "topics[0].mapping: there is no"),
            ("mappings: {one: {parts: [{}]}}\ntopics: [{topic: a, ignore: dull}]", "topics[0].ignore: 'dull' is none"),
            ("mappings: {one: {parts: [{}]}}\ntopics: [{topic: 'a/#/b', mapping: one}]", "topics[0].topic: "),
            ("mappings: {one: {parts: [{}]}}\ntopics: [{topic: a, events: {on: up}}]", "topics[0].events"),
            ("mappings: {one: {parts: [{}]}}\nzone: Oslo", "zone: "),
            ("mappings: {one: {parts: [{}]}}\ndefault: two", "default: there is no mapping 'two'"),
            ("mappings: {one: {parts: [{}]}}\ndecode_uplink: x.js", "decode_uplink: there is no file x.js"),
            ("mappings: {one: {parts: [{}]}}\nlorawan: {mapping: one, models: ['(']}", "lorawan.models: "),
            ("mappings: [", "maker.yaml, line 4: "),
            ("mappings: {one: {parts: [{}]}}\nid: twice", "maker.yaml, line 4: the key 'id' stands twice"),
        ],
    )
    def test_the_error_names_the_file_and_the_place(self, text, said):
        with pytest.raises(CatalogueError) as refused:
            profile(text)
        assert str(refused.value).startswith("maker.yaml")
        assert said in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_the_id_is_the_files_name(self, tmp_path):
        (tmp_path / "other.yaml").write_text(HEAD + "mappings: {one: {parts: [{}]}}", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"other.yaml: id is 'maker'"):
            Profiles.load(tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(CatalogueError, match="is no folder"):
            Profiles.load(tmp_path / "none")

    def test_a_profile_of_ones_own_replaces_the_shipped_one(self, tmp_path):
        text = HEAD.replace("maker", "tasmota") + "mappings: {mine: {parts: [{}]}}"
        (tmp_path / "tasmota.yaml").write_text(text, encoding="utf-8")
        profiles = Profiles.load(tmp_path)
        assert profiles["tasmota"].default == "mine"
        assert "shelly-gen2" in profiles


class TestTopics:
    def topics(self, *rules):
        lines = "".join(f"  - {rule}\n" for rule in rules)
        return Profiles({"maker": profile(f"mappings: {{one: {{parts: [{{}}]}}}}\ntopics:\n{lines}")})

    @pytest.mark.parametrize(
        ("template", "topic", "captures"),
        [
            ("a/{x}/b", "a/1/b", {"x": "1"}),
            ("a/{x}/b", "a/1/2/b", None),
            ("a/{x...}/b", "a/1/2/b", {"x": "1/2"}),
            ("a/{x}:{n}", "a/em:0", {"x": "em", "n": "0"}),
            ("a/{x:b|c/d}", "a/c/d", {"x": "c/d"}),
            ("a/+/#", "a/1/2/3", {}),
            ("a/#", "a", {}),
            ("**/{x}/b", "1/b", {"x": "1"}),
            ("**/{x}/b", "p/q/1/b", {"x": "1"}),
            ("a.b", "axb", None),
        ],
    )
    def test_a_template(self, template, topic, captures):
        fit = self.topics(f'{{topic: "{template}", mapping: one}}').for_topic(topic, None)
        assert (None if fit is None else fit.captures) == captures

    def test_members_tell_topics_apart(self):
        profiles = self.topics('{topic: "#", keys: [a, b], mapping: one}')
        assert profiles.for_topic("x", None, {"a": 1, "b": 2}) is not None
        assert profiles.for_topic("x", None, {"a": 1}) is None

    def test_what_could_be_anybodys_needs_the_name(self):
        profiles = self.topics('{topic: "#", named_only: true, mapping: one}')
        assert profiles.for_topic("x", None) is None
        assert profiles.for_topic("x", ("maker",)) is not None

    def test_what_a_source_names_is_named(self):
        profiles = self.topics('{topic: "#", named_only: true, mapping: one}')
        assert profiles.only(None) is profiles
        named = profiles.only(("maker", "other"))
        assert list(named) == ["maker"]
        assert named.for_topic("x", None) is not None
        assert profiles.only(("maker", "other")) is named

    def test_a_topic_of_65_535_letters_costs_nothing(self):
        assert self.topics('{topic: "{a...}/b/{c...}/d", mapping: one}').candidates("b/" * 30_000, None) == ()


AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
from ingest.profiles import profile_of
text = "{id: a, title: a, mappings: {m: {parts: [{values: {x: {property: co2, unit: ppm}}}]}}}"
gate = threading.Barrier(8)
def load():
    gate.wait()
    profile_of(text, "a")
threads = [threading.Thread(target=load) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_profiles_may_be_read_first_by_several_threads_at_once():
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
