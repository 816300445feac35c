"""What the simulated city sends: faults as they were meant, nothing twice and nothing missing after a restart."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simulators.city.faults import usual_faults
from simulators.city.feed import LIVELY, Feed
from simulators.city.model import Model
from simulators.city.scenario import Fault
from simulators.city.town import QUARTER, streams

DAY, HOUR = 86_400, 3600
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
END = int(NOW.timestamp())
MODEL = Model(13)


def feed(*faults, days=3, live_since=None):
    return Feed(MODEL, faults, END - days * DAY, live_since=live_since)


def sent(parcels):
    """(device, property) -> {time: (value, unit)}; a time that comes twice in it fails."""
    found = {}
    for parcel in parcels:
        if parcel.again or parcel.topic.endswith("/events"):
            continue
        device, base = parcel.topic.split("/")[3], None
        for record in json.loads(parcel.payload):
            base = record.get("bt", base)
            of_stream = found.setdefault((device, record["n"]), {})
            time = base + record.get("t", 0)
            assert time not in of_stream, (device, record)
            of_stream[time] = (record["v"], record["u"])
    return found


def history(*faults, days=3, upto=END):
    made = feed(*faults, days=days)
    return sent(made.history(made.start, upto))


def fault(device, kind, hours_ago, until_hours_ago=None, **given):
    until = None if until_hours_ago is None else NOW - timedelta(hours=until_hours_ago)
    return Fault(device, kind, NOW - timedelta(hours=hours_ago), until, **given)


@pytest.fixture(scope="module")
def plain():
    return history()


def values(found, device, name, since=1e9):
    return np.array([value for time, (value, _) in sorted(found[device, name].items()) if time >= END - since * HOUR])


# --- history ---------------------------------------------------------------------------------------------------------


def test_every_stream_gives_a_value_at_each_of_its_times(plain):
    assert len(plain) == 150
    for stream in streams():
        times = np.array(sorted(plain[stream.device, stream.property]))
        expected = 3 * DAY // stream.spacing
        assert expected - 3 <= len(times) <= expected + 1 or stream.property == "vehicle_speed_mean", stream
        assert (times % stream.spacing == 0).all()
        assert times[-1] + stream.interval <= END
        assert times[-1] > END - 2 * stream.spacing - 300


def test_thirty_days_are_few_enough_to_be_processed_in_a_minute():
    made = feed(*usual_faults(NOW), days=30)
    parcels = [parcel for day in range(30) for parcel in made.history(END - (30 - day) * DAY, END - (29 - day) * DAY)]
    assert 250_000 < sum(parcel.readings for parcel in parcels) < 450_000
    assert len(parcels) < 3000
    assert max(len(parcel.payload) for parcel in parcels) < 1_000_000
    assert max(parcel.readings for parcel in parcels) <= 5000


def test_history_is_told_oldest_first():
    made = feed()
    last = {}
    for upto in range(END - 2 * DAY, END + 1, DAY):
        for parcel in made.history(upto - DAY, upto):
            base = json.loads(parcel.payload)[0]["bt"]
            assert base >= last.get(parcel.topic, 0)
            last[parcel.topic] = base


def test_history_in_pieces_of_any_length_is_the_same_history(plain):
    faults = [fault("el-kulturhuset", "late", 40, amount=3.0), fault("el-biblioteket", "swapped_meter", 30, amount=5.0)]
    whole, pieces = history(*faults), {}
    made = feed(*faults)
    cuts = [made.start, made.start + 1, made.start + 7777, made.start + DAY + 13, END - HOUR, END - 59, END]
    for after, upto in itertools.pairwise(cuts):
        for key, values_ in sent(made.history(after, upto)).items():
            of_stream = pieces.setdefault(key, {})
            assert not of_stream.keys() & values_.keys()
            of_stream.update(values_)
    assert pieces == whole
    assert whole != plain


def test_registers_only_rise(plain):
    for stream in streams():
        if stream.property in {"active_energy_import", "heat_energy"}:
            steps = np.diff(values(plain, stream.device, stream.property))
            assert (steps > 0).all(), stream


# --- live ------------------------------------------------------------------------------------------------------------


def test_live_a_message_comes_every_one_to_three_seconds():
    made = feed(live_since=END)
    due = [parcel.due for parcel in made.live(END + HOUR, END + 2 * HOUR)]
    assert due == sorted(due)
    assert HOUR / 3 < len(due) < HOUR
    assert max(np.diff(due)) <= 5


def test_live_goes_on_where_history_ended(plain):
    made = feed(live_since=END)
    live = sent(made.live(END, END + HOUR))
    for stream in streams():
        before, after = plain[stream.device, stream.property], live.get((stream.device, stream.property), {})
        assert not before.keys() & after.keys()
        gap = min(after) - max(before)
        step = LIVELY if stream.lively else stream.spacing
        assert 0 < gap <= stream.spacing, stream
        assert set(np.diff(sorted(time for time in after if time > END))) <= {step}


def test_a_second_start_fills_the_gap_and_registers_go_on():
    start = END - 3 * DAY
    first = Feed(MODEL, [], start).history(start, END - DAY)
    between = Feed(Model(13), [], start, live_since=END - DAY).live(END - DAY, END - DAY + 1000)
    second = Feed(Model(13), [], start).history(END - DAY + 1000, END)
    times = {key: sorted(found) for key, found in sent([*first, *between, *second]).items()}
    assert len(times) == 150
    for stream in streams():
        steps = np.diff(times[stream.device, stream.property])
        assert max(steps) == stream.spacing or stream.property == "vehicle_speed_mean", stream
    registers = sent([*Feed(Model(13), [], start).history(start, END)])
    restarted = sent([*Feed(Model(13), [], start).history(END - DAY + 1000, END)])
    key = ("el-raadhuset", "active_energy_import")
    assert restarted[key].items() <= registers[key].items()


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_silent_device_says_nothing_and_the_others_all_they_said(plain):
    found = history(fault("lcs-parken", "silent", 10, 4))
    for (device, name), before in plain.items():
        if device == "lcs-parken" and name != "battery_level":
            kept = {time: value for time, value in before.items() if not END - 10 * HOUR <= time < END - 4 * HOUR}
            assert len(kept) < len(before)
            assert found[device, name] == kept
        else:
            assert found[device, name] == before


def test_a_stuck_sensor_repeats_what_it_last_saw(plain):
    found = history(fault("lcs-parken", "stuck", 10, properties=["pm10"]))
    assert len(set(values(found, "lcs-parken", "pm10", 10))) == 1
    assert values(found, "lcs-parken", "pm10", 10)[0] == plain["lcs-parken", "pm10"][END - 10 * HOUR][0]
    assert found["lcs-parken", "pm25"] == plain["lcs-parken", "pm25"]


def test_a_drifting_sensor_leaves_the_truth_day_by_day(plain):
    found = history(fault("lcs-parken", "drifting", 48, amount=3.0, properties=["no2"]))
    off = values(found, "lcs-parken", "no2", 48) - values(plain, "lcs-parken", "no2", 48)
    assert off == pytest.approx(3.0 * np.arange(len(off)) * QUARTER / DAY, abs=0.06)


def test_a_spiking_sensor_leaps_now_and_then(plain):
    found = history(fault("lcs-parken", "spiking", 72, amount=2000.0, every=20, properties=["pm10"]))
    off = values(found, "lcs-parken", "pm10") - values(plain, "lcs-parken", "pm10")
    assert set(np.round(off, 6)) == {0.0, 2000.0}
    assert 4 < (off > 0).sum() < 40


def test_a_late_device_tells_the_same_hours_later(plain):
    late = fault("el-kulturhuset", "late", 24, amount=3.0)
    found, key = history(late), ("el-kulturhuset", "active_power")
    assert max(found[key]) == max(plain[key]) - 3 * HOUR
    assert found[key].items() <= plain[key].items()
    assert history(late, upto=END + 4 * HOUR)[key].keys() >= plain[key].keys()


def test_a_duplicated_message_is_the_same_to_the_byte():
    made = feed(fault("loop-brua", "duplicated", 12))
    of_device = Counter(p.payload for p in made.live(END - HOUR, END) if "/loop-brua/" in p.topic)
    assert set(of_device.values()) == {2}
    assert sum(p.again for p in made.live(END - HOUR, END)) == sum(
        p.readings for p in made.live(END - HOUR, END) if "/loop-brua/" in p.topic and not p.again
    )


def test_a_wrong_unit_is_said_and_counted(plain):
    spoiled = fault("snd-parken", "wrong_unit", 5, 2, unit="dB(C)", properties=["sound_level_laeq"])
    made = feed(spoiled)
    parcels = list(made.history(made.start, END))
    units = Counter(unit for _, unit in sent(parcels)["snd-parken", "sound_level_laeq"].values())
    assert units["dB(C)"] == 12 == sum(parcel.refused for parcel in parcels)
    assert units["dB[A]"] == len(plain["snd-parken", "sound_level_laeq"]) - 12


def test_a_moved_sensor_sees_the_air_of_its_new_place(plain):
    moved = fault("lcs-ringveien-midt", "moved", 24, to="parken")
    made = feed(moved)
    parcels = list(made.history(made.start, END))
    event = next(json.loads(p.payload) for p in parcels if p.topic == "bypuls/v1/fjordvik/lcs-ringveien-midt/events")
    assert event == {"kind": "moved", "time": "2026-11-21T06:00:00Z", "from": "ringveien-midt", "to": "parken"}
    found = sent(parcels)
    before, after = (values(one, "lcs-ringveien-midt", "pm10", 20).mean() for one in (plain, found))
    assert after < 0.8 * before
    old = found["lcs-ringveien-midt", "pm10"]
    assert {t: v for t, v in old.items() if t < END - DAY}.items() <= plain["lcs-ringveien-midt", "pm10"].items()


def test_a_swapped_meter_begins_at_its_opening_and_tells_both_readings(plain):
    made = feed(fault("el-biblioteket", "swapped_meter", 24, amount=12.5))
    parcels = list(made.history(made.start, END))
    event = next(json.loads(p.payload) for p in parcels if p.topic.endswith("el-biblioteket/events"))
    key, before = ("el-biblioteket", "active_energy_import"), plain["el-biblioteket", "active_energy_import"]
    assert (event["kind"], event["property"], event["opening"]) == ("swapped_meter", "active_energy_import", 12.5)
    assert event["closing"] == before[END - DAY][0]
    found = sent(parcels)[key]
    assert found[END - DAY][0] == 12.5
    assert found[END - DAY - QUARTER] == before[END - DAY - QUARTER]
    rise = max(time for time in found)
    assert found[rise][0] - 12.5 == pytest.approx(before[rise][0] - before[END - DAY][0], abs=0.0011)


def test_the_usual_faults_are_of_devices_there_are_and_leave_most_alone():
    devices = {stream.device for stream in streams()}
    usual = usual_faults(NOW)
    assert {one.device for one in usual} <= devices
    assert len(usual) < 10
    assert {one.kind for one in usual} >= {"silent", "stuck", "wrong_unit", "late", "duplicated", "swapped_meter"}
