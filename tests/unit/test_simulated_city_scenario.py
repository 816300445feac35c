"""Measures with a known effect: it appears exactly, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bypuls.errors import SettingsError
from simulators.city.model import Model
from simulators.city.run import Options, prepare
from simulators.city.scenario import (
    CongestionFee,
    Retrofit,
    Scenario,
    SpeedLimit,
    StreetClosed,
    read_scenario,
)
from simulators.city.state import load
from simulators.city.town import QUARTER, streams

DAY = 86_400
SINCE = datetime(2026, 11, 9, tzinfo=UTC)
BEGIN = int(SINCE.timestamp())
TIMES = np.arange(BEGIN - 7 * DAY, BEGIN + 14 * DAY, QUARTER)
STREAM = {(stream.device, stream.property): stream for stream in streams()}
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "scenarios"
AFTER = TIMES >= BEGIN


@pytest.fixture(scope="module")
def plain():
    return Model(13)


def moment(*measures):
    return Model(13, measures).moment(TIMES)


def changed(plain, *measures):
    """The streams whose values are not the same with the measures."""
    model = Model(13, measures)
    times = TIMES[:: 4 * 6]
    return {
        (stream.device, stream.property)
        for stream in streams()
        if not np.array_equal(model.values(stream, times), plain.values(stream, times), equal_nan=True)
    }


def test_a_fee_takes_its_share_of_the_traffic_and_not_a_car_more(plain):
    fee = CongestionFee(name="fee", since=SINCE, reduction=0.2, streets=["Strandgata"], hours="all")
    with_fee, without = moment(fee).volumes, plain.moment(TIMES).volumes
    np.testing.assert_allclose(with_fee["Strandgata"][AFTER] / without["Strandgata"][AFTER], 0.8, rtol=1e-12)
    np.testing.assert_array_equal(with_fee["Strandgata"][~AFTER], without["Strandgata"][~AFTER])
    for street in without.keys() - {"Strandgata"}:
        np.testing.assert_array_equal(with_fee[street], without[street])


def test_the_loops_count_exactly_that(plain):
    fee = CongestionFee(name="fee", since=SINCE, reduction=0.25, streets=["Fjordbrua"], hours="all")
    loop = STREAM["loop-brua", "vehicle_count"]
    counted, before = Model(13, [fee]).values(loop, TIMES), plain.values(loop, TIMES)
    assert np.abs(counted[AFTER] - 0.75 * before[AFTER]).max() <= 0.5 + 0.75 * 0.5  # two roundings
    assert counted[AFTER].sum() / before[AFTER].sum() == pytest.approx(0.75, abs=0.001)


def test_a_fee_in_the_rush_leaves_evenings_and_sundays_alone_and_comes_with_its_lag(plain):
    fee = CongestionFee(name="fee", since=SINCE, reduction=0.2, streets=["Strandgata"], lag_days=7)
    town = moment(fee)
    effect = 1 - town.volumes["Strandgata"] / plain.moment(TIMES).volumes["Strandgata"]
    charged = (town.when.kind == 0) & (
        ((town.when.hour >= 6) & (town.when.hour < 9)) | ((town.when.hour >= 14.5) & (town.when.hour < 17))
    )
    assert np.abs(effect[~charged]).max() == 0
    days = (TIMES - BEGIN) / DAY
    expected = 0.2 * np.clip(days, 0, 7) / 7
    np.testing.assert_allclose(effect[charged & AFTER], expected[charged & AFTER], atol=1e-12)


def test_a_fee_on_one_street_changes_what_hangs_at_it_and_the_towns_air_and_nothing_else(plain):
    fee = CongestionFee(name="fee", since=SINCE, reduction=0.2, streets=["Fjordbrua"], hours="all")
    found = changed(plain, fee)
    assert {("loop-brua", "vehicle_count"), ("nilu-torget", "no2")} <= found
    assert not [one for one in found if one[0].startswith(("el-", "heat-", "ams-", "room-", "met-"))]
    assert not [one for one in found if one[0].startswith("loop-") and one[0] != "loop-brua"]
    assert ("loop-brua", "bicycle_count") not in found


def test_a_closed_streets_traffic_goes_where_it_is_said_to(plain):
    until = SINCE + timedelta(days=3)
    closed = StreetClosed(
        name="x", since=SINCE, until=until, street="Strandgata", diverted={"Sjøgata": 0.45, "Ringveien": 0.35}
    )
    found, before = moment(closed).volumes, plain.moment(TIMES).volumes
    shut = AFTER & (until.timestamp() > TIMES)
    assert found["Strandgata"][shut].max() == 0
    for street, share in closed.diverted.items():
        np.testing.assert_allclose(
            found[street] - before[street], np.where(shut, share * before["Strandgata"], 0), atol=1e-9
        )
    np.testing.assert_array_equal(found["Strandgata"][~shut], before["Strandgata"][~shut])


def test_a_speed_limit_slows_quietens_and_keeps_dust_down_without_a_car_less(plain):
    limit = SpeedLimit(name="x", since=SINCE, streets=["Ringveien"], speed=40)
    model = Model(13, [limit])
    np.testing.assert_array_equal(model.moment(TIMES).volumes["Ringveien"], plain.moment(TIMES).volumes["Ringveien"])
    np.testing.assert_allclose(
        model.moment(TIMES).speed("Ringveien")[AFTER] / plain.moment(TIMES).speed("Ringveien")[AFTER], 40 / 60
    )
    sound, dust = STREAM["snd-ringveien-nord", "sound_level_laeq"], STREAM["lcs-ringveien-midt", "pm10"]
    quieter = plain.values(sound, TIMES)[AFTER].mean() - model.values(sound, TIMES)[AFTER].mean()
    assert 1.5 < quieter < 5
    assert model.values(dust, TIMES)[AFTER].mean() < plain.values(dust, TIMES)[AFTER].mean() - 0.5


def test_a_retrofit_takes_its_share_of_the_heat_of_its_buildings_alone(plain):
    retrofit = Retrofit(name="x", since=SINCE, buildings=["raadhuset"], reduction=0.25)
    heat = STREAM["heat-raadhuset", "heat_energy"]
    used, before = Model(13, [retrofit]).values(heat, TIMES), plain.values(heat, TIMES)
    assert np.abs(used[AFTER] - 0.75 * before[AFTER]).max() <= 1  # Wh are whole
    assert changed(plain, retrofit) == {("heat-raadhuset", "heat_energy")}


def test_measures_that_begin_later_change_nothing_before(plain):
    scenario = read_scenario(EXAMPLES / "closed-street.yaml")
    model = Model(13, scenario.measures)
    early = np.arange(int(datetime(2026, 10, 20, tzinfo=UTC).timestamp()), BEGIN - 9 * DAY, QUARTER * 8)
    for stream in streams():
        np.testing.assert_array_equal(model.values(stream, early), plain.values(stream, early))


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_read(path):
    assert read_scenario(path).measures


def refused(tmp_path, text):
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_scenario(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(str(path), "FILE")


FEE = "measures: [{kind: congestion_fee, name: fee, since: 2026-11-09T00:00:00Z, reduction: 0.2%s}]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("measures: [", "is not YAML"),
        ("- 1", "Expected `object`, got `array`"),
        ("measure: []", "unknown field `measure`"),
        (FEE % ", streets: [Karl Johan]", "measure 'fee': there is no street 'Karl Johan'; there are Fjordbrua"),
        (FEE.replace("0.2", "20") % "", "<= 1.0 - at `measures[0].reduction`"),
        (FEE.replace("00:00:00Z", "00:00:00") % "", "timezone"),
        (FEE % ", until: 2026-11-08T00:00:00Z", "until (2026-11-08T00:00:00+00:00) is not after since"),
        (FEE % ", size: 1", "unknown field `size` - at `measures[0]`"),
        (FEE.replace("congestion_fee", "road_works") % "", "Invalid value 'road_works'"),
        (
            ("measures: [{kind: street_closed, name: x, since: 2026-11-09T00:00:00Z, street: E39,"
            " diverted: {Ringveien: 0.7, Strandgata: 0.7}}]"),
            "more than all of the traffic is diverted (1.4)",
        ),
        (
            "measures: [{kind: retrofit, name: x, since: 2026-11-09T00:00:00Z, buildings: [bolig-01], reduction: 0.1}]",
            "no heat meter at 'bolig-01'",
        ),
        ("faults: [{device: x, kind: silent, since: 2026-11-09T00:00:00Z}]", "no such device in fjordvik"),
        ("faults: [{device: lcs-parken, kind: ill, since: 2026-11-09T00:00:00Z}]", "Invalid enum value 'ill'"),
        (
            "faults: [{device: lcs-parken, kind: stuck, since: 2026-11-09T00:00:00Z, properties: [pm1]}]",
            "it has air_temperature, battery_level, no2, pm10, pm25, not all of pm1",
        ),
        ("faults: [{device: lcs-parken, kind: late, since: 2026-11-09T00:00:00Z}]", "'amount' is missing"),
        ("faults: [{device: lcs-parken, kind: drifting, since: 2026-11-09T00:00:00Z, amount: .inf}]", "amount`"),
        ("faults: [{device: lcs-parken, kind: drifting, since: 2026-11-09T00:00:00Z, amount: .nan}]", "amount`"),
        ("faults: [{device: lcs-parken, kind: late, since: 2026-11-09T00:00:00Z, amount: -3}]", "hours from 0 to"),
        ("faults: [{device: lcs-parken, kind: late, since: 2026-11-09T00:00:00Z, amount: 9000000}]", "hours from 0 to"),
        ("faults: [{device: el-raadhuset, kind: swapped_meter, since: 2026-11-09T00:00:00Z, amount: -1}]", "not -1"),
        ("faults: [{device: lcs-parken, kind: wrong_unit, since: 2026-11-09T00:00:00Z}]", "'unit' must say"),
        ("faults: [{device: lcs-parken, kind: moved, since: 2026-11-09T00:00:00Z, to: moon}]", "not 'moon'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_where(tmp_path, text, says):
    assert says in refused(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.yaml cannot be read"):
        read_scenario(tmp_path / "nowhere.yaml")


# --- a second start --------------------------------------------------------------------------------------------------

NOW = int(datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp())


def test_the_first_start_takes_its_seed_and_keeps_it():
    first = prepare(None, Options(seed=5, days=10), Scenario(), NOW)
    assert (first.seed, first.begun, first.start, first.published) == (5, NOW, NOW - 10 * DAY, NOW - 10 * DAY)
    again = prepare(first, Options(), Scenario(), NOW + DAY)
    assert (again.seed, again.start) == (5, NOW - 10 * DAY)
    with pytest.raises(SettingsError, match="started with seed 5, not 6"):
        prepare(first, Options(seed=6), Scenario(), NOW + DAY)


def test_nought_is_a_seed():
    assert prepare(None, Options(seed=0), Scenario(), NOW).seed == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read"),
        ("garbage", "cannot be read"),
        ('{"seed": 1}', "cannot be read"),
        ('{"seed": 1, "begun": 1, "start": 1, "published": 1, "version": 9}', "of another version of Bypuls"),
    ],
)
def test_a_state_file_that_is_not_ours_is_one_line_that_says_what_to_do(tmp_path, text, says):
    path = tmp_path / "fjordvik.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=f"{path} .*{says}.*remove it"):
        load(path)


def test_a_gap_is_filled_for_thirty_days_at_most():
    state = prepare(None, Options(days=1), Scenario(), NOW)
    state.published = NOW
    assert prepare(state, Options(), Scenario(), NOW + 12 * DAY).published == NOW
    assert prepare(state, Options(), Scenario(), NOW + 90 * DAY).published == NOW + 60 * DAY


def test_a_measure_may_come_later_but_not_change_what_is_published(tmp_path):
    state = prepare(None, Options(days=1), Scenario(), NOW)
    state.published = NOW
    path = tmp_path / "scenario.yaml"
    early, late = Scenario(measures=[fee_from(NOW - DAY)]), Scenario(measures=[fee_from(NOW + DAY)])
    assert prepare(state, Options(scenario=path), late, NOW).measures == late.measures
    with pytest.raises(SettingsError, match="measure 'fee' changes what was published until 2026-11-22"):
        prepare(state, Options(scenario=path), early, NOW)


def test_without_faults_nothing_is_wrong():
    assert prepare(None, Options(), Scenario(), NOW).faults
    assert prepare(None, Options(faults=False), Scenario(), NOW).faults == []


def fee_from(time):
    return CongestionFee(name="fee", since=datetime.fromtimestamp(time, UTC), reduction=0.1)
