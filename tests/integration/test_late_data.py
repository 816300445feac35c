"""Whatever comes late changes exactly the values that rest on it: as a computation from scratch would have them."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from bypuls.periods import PERIODS
from bypuls.settings import ProcessSettings, load
from processors.calculation import Catalogue
from processors.recomputation import Year, recompute
from processors.worker import drain
from tests.integration.processing import Town, at, hours, utc

KEY = "kpi, scope_kind, scope, period, start"
CONTENT = "ends, value, unit, band, detail, quality, reason, coverage, evidence, version, final_at"
SITES = (("bakke", "traffic"), ("torget", "background"), ("e6", "traffic"), ("tak", "weather"))
STREAMS = (
    ("bakke", "pm10"), ("bakke", "pm25"), ("bakke", "no2"), ("torget", "pm10"), ("torget", "o3"), ("torget", "no2"),
    ("torget", "co"), ("e6", "vehicle_count"), ("e6", "vehicle_speed_mean"), ("bakke", "sound_level_laeq"),
    ("tak", "air_temperature"),
)  # fmt: skip
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def build(url, readings):
    """A city whose every observation is stored at once: (stream, time) -> value."""
    town = Town(url)
    for area in ("sentrum", "vest"):
        town.area(area)
    for slug, kind in SITES:
        town.site(slug, kind, "sentrum" if slug != "e6" else "vest")
    streams = {}
    for site, name in STREAMS:
        streams[site, name] = town.datastream(site, name)
    store(town, streams, readings)
    return town, streams


def store(town, streams, readings):
    by_stream = {}
    for (stream, time), value in sorted(readings.items()):
        by_stream.setdefault(stream, []).append((time, value))
    for stream, found in by_stream.items():
        town.store(streams[stream], found)


def values_of(town):
    rows = town.all(f"SELECT {KEY}, {CONTENT}, status, seq FROM kpi_value")
    return {row[:5]: (row[5:-2], row[-2], row[-1]) for row in rows}


def said(content):
    """Value, band and quality: what a change of makes a final value a revised one."""
    return content[1], content[3], content[5]


@pytest.mark.parametrize(
    ("start", "seed"),
    [
        (utc(2019, 3, 28, 23), 1),  # the clock skips an hour on 31 March
        (utc(2019, 10, 24, 22), 2),  # and repeats one on 27 October
        (utc(2020, 2, 26, 23), 3),  # 29 February
    ],
)
def test_late_hours_change_exactly_the_values_that_rest_on_them(lane, catalogue, start, seed):
    rng = random.Random(seed)
    days = 5
    now = at(start + timedelta(days=days + 3))
    every = {
        (stream, start + step * HOUR): round(rng.uniform(1, 120), 1) for stream in STREAMS for step in range(days * 24)
    }
    # The first and last hours stay: when a series was first heard of is said by more than its hours.
    inner = [key for key in every if start + 2 * HOUR < key[1] < start + (days * 24 - 2) * HOUR]
    late = set(rng.sample(inner, 25))
    corrected = {key: every[key] + 30 for key in rng.sample(sorted(set(inner) - late), 10)}
    with lane.database(migrated=True) as one, lane.database(migrated=True) as two:
        town, streams = build(one, {key: value for key, value in every.items() if key not in late})
        settings = load(ProcessSettings)
        drain(town.connection, now, settings, catalogue)
        before = values_of(town)
        store(town, streams, {key: every[key] for key in late} | corrected)
        drain(town.connection, now, settings, catalogue)
        after = values_of(town)
        fresh, _ = build(two, every | corrected)
        drain(fresh.connection, now, settings, catalogue)
        expected = values_of(fresh)
        assert after.keys() == expected.keys()
        assert {key for key in after if after[key][0] != expected[key][0]} == set()
        touched = {key for key in after if key not in before or after[key][2] != before[key][2]}
        differing = {key for key in expected if key not in before or expected[key][0] != before[key][0]}
        assert touched == differing
        assert 0 < len(touched) < len(after)
        for key in after.keys() & before.keys():
            changed = said(after[key][0]) != said(before[key][0])
            assert after[key][1] == ("revised" if changed and before[key][1] == "final" else before[key][1]), key
        revised = {key for key in before if said(after[key][0]) != said(before[key][0])}
        kept = town.all(f"SELECT DISTINCT {KEY} FROM kpi_value_history")
        assert set(kept) >= revised
        for each in (town, fresh):
            each.connection.close()


def test_a_month_that_comes_late_revises_what_rests_on_it_and_what_was_said_before_is_kept(town, catalogue):
    settings = load(ProcessSettings)
    site = town.site("bakke")
    pm10 = town.datastream(site, "pm10")
    new_year, february, march = utc(2022, 12, 31, 23), utc(2023, 1, 31, 23), utc(2023, 2, 28, 23)
    town.store(pm10, hours(new_year, [10.0] * 31 * 24))
    town.store(pm10, hours(march, [40.0] * 31 * 24))
    in_march = at(march + timedelta(days=31, hours=5))
    drain(town.connection, in_march, settings, catalogue)

    def said(kpi, period, start):
        value = town.value(kpi, period, start, scope=site)
        return value and (value["value"], value["status"], value["quality"])

    assert said("air.pm10.mean", "P1M", march) == (40.0, "provisional", "ok")
    assert said("air.pm10.mean", "P1M", february) is None
    # Two of three months: (31 x 10 + 31 x 40) / 62 = 25, and 62 of 365 days.
    assert said("air.pm10.mean.rolling_year", "P1M", march) == (25.0, "provisional", "insufficient")
    in_april = at(utc(2023, 4, 5))
    drain(town.connection, in_april, settings, catalogue)
    assert said("air.pm10.mean", "P1M", march) == (40.0, "final", "ok")
    town.store(pm10, hours(february, [100.0] * 28 * 24))
    much_later = utc(2023, 6, 1)
    drain(town.connection, at(much_later), settings, catalogue)
    # February: 28 days of 100. The year so far: (310 + 2800 + 1240) / 90 = 4350 / 90.
    assert said("air.pm10.mean", "P1M", february) == (100.0, "final", "ok")
    assert said("air.pm10.mean", "P1M", march) == (40.0, "final", "ok")
    value, status, _ = said("air.pm10.mean.rolling_year", "P1M", march)
    assert (value, status) == (pytest.approx(4350 / 90), "revised")
    value, status, _ = said("air.pm10.mean", "P1Y", new_year)
    assert (value, status) == (pytest.approx(4350 / 90), "provisional")
    history = town.all(
        """SELECT value, status FROM kpi_value_history WHERE kpi = 'air.pm10.mean.rolling_year' AND scope_kind = 'site'
           AND start = %s ORDER BY superseded_at""",
        (march,),
    )
    assert history == [(25.0, "provisional"), (25.0, "final")]


def test_a_changed_definition_computes_its_standing_values_again_and_no_others(town, catalogue):
    settings, site = load(ProcessSettings), town.site("bakke")
    day, now = utc(2026, 3, 2, 23), at(utc(2026, 3, 10))
    pm10 = town.datastream(site, "pm10")
    town.store(pm10, hours(day, [46.0] * 24) + hours(day + timedelta(days=1), [10.0] * 24))
    drain(town.connection, now, settings, catalogue)
    before = values_of(town)
    kpi = "air.pm10.exceedance_days.who2021"
    definition = catalogue.definitions[kpi]
    stricter = replace(
        definition, version="sha256:stricter", parameters={**definition.parameters, "standard": "eu_2008_50"}
    )
    changed = Catalogue.of(dict(catalogue.definitions) | {kpi: stricter})
    drain(town.connection, now, settings, changed)
    after = values_of(town)
    mine = {key for key in after if key[0] == kpi}
    assert {key for key in after if after[key][2] != before[key][2]} == mine
    assert {after[key][0][9] for key in mine} == {"sha256:stricter"}
    day_value = town.value(kpi, "P1D", day, scope=site)
    assert (day_value["value"], day_value["status"]) == (0.0, "revised")  # 46 is above 45, not above 50
    # Only what says something else has a history: the second day is not above either limit.
    kept = town.all("SELECT DISTINCT period, start FROM kpi_value_history WHERE kpi = %s AND period = 'P1D'", (kpi,))
    assert kept == [("P1D", day)]
    drain(town.connection, now, settings, changed)
    assert values_of(town) == after


def test_a_year_is_computed_again_from_hours_when_the_raw_data_is_gone(town, catalogue):
    settings, site = load(ProcessSettings), town.site("bakke")
    day, now = utc(2026, 3, 2, 23), utc(2026, 3, 10)
    for name, value in (("pm10", 46.0), ("pm25", 9.0), ("no2", 30.0)):
        town.store(town.datastream(site, name), hours(day, [value] * 30 + [value / 2] * 10))
    drain(town.connection, at(now), settings, catalogue)
    town.connection.execute("TRUNCATE observation, rollup_5m")
    year = Year(town.slug, 2026, PERIODS)
    assert recompute(town.url, year, now, workers=1) == replace(recompute(town.url, year, now, workers=1), written=0)
    of_hours = [key for key, (content, *_) in values_of(town).items() if is_of_year(key, content, catalogue)]
    before = {key: content for key, (content, *_) in values_of(town).items()}
    town.connection.execute("DELETE FROM kpi_value WHERE scope_kind <> 'site' OR period <> 'P1Y'")
    town.connection.execute("UPDATE kpi_value SET value = value + 1")
    done = recompute(town.url, year, now, workers=1)
    after = {key: content for key, (content, *_) in values_of(town).items()}
    assert done.written > 0
    assert {key: after.get(key) for key in of_hours} == {key: before[key] for key in of_hours}


def is_of_year(key, content, catalogue):
    """Values that rest on hours: not of silence, and not of quarter hours, which are gone."""
    definition = catalogue.definitions[key[0]]
    return definition.trigger == "change" and definition.table == "rollup_1h" and content[6] != "silent"


@pytest.mark.parametrize("kind", ["an hour", "a calibration", "an invalid period", "a lane", "a version"])
def test_a_year_computed_again_is_what_nothing_but_the_hours_would_give(town, catalogue, monkeypatch, kind):
    settings, day, now = load(ProcessSettings), utc(2026, 3, 27, 23), utc(2026, 4, 10)
    town.area("sentrum")
    road, house = town.site("e6", "road", "sentrum"), town.site("bakke", "background", "sentrum")
    lanes = [town.datastream(road, "vehicle_count", channel=name) for name in ("north", "south")]
    pm10 = town.datastream(house, "pm10")
    for stream in (*lanes, pm10, town.datastream(house, "no2"), town.datastream(house, "sound_level_laeq")):
        town.store(stream, hours(day, [30.0 + step % 7 for step in range(72)]))
    drain(town.connection, at(now), settings, catalogue)
    year = Year(town.slug, 2026, PERIODS)
    recompute(town.url, year, now, workers=1)
    assert recompute(town.url, year, now, workers=1).written == 0
    before = values_of(town)
    change(town, kind, pm10, lanes[0], day)
    if kind == "a version":
        definition = catalogue.definitions["air.pm10.mean"]
        newer = dict(catalogue.definitions) | {definition.id: replace(definition, version="sha256:newer")}
        changed = Catalogue.of(newer)
        monkeypatch.setattr(Catalogue, "load", lambda: changed)
    written = recompute(town.url, year, now, workers=1).written
    assert 0 < written < len(before)
    assert recompute(town.url, year, now, workers=1).written == 0
    after = {key: content for key, (content, *_) in values_of(town).items()}
    town.connection.execute("DELETE FROM kpi_value")
    recompute(town.url, year, now, workers=1)
    from_nothing = {key: content for key, (content, *_) in values_of(town).items()}
    assert {key: after[key] for key in from_nothing} == from_nothing
    assert sum(after[key] != content for key, (content, *_) in before.items() if key in after) == written


def change(town, kind, pm10, lane, day):
    """What recomputation is to find, in the hours or beside them."""
    time = day + 5 * HOUR
    if kind == "an hour":
        town.connection.execute(
            "UPDATE rollup_1h SET sum = sum + 9, max = max + 9, last = last + 9 WHERE datastream = %s AND bucket = %s",
            (pm10, time),
        )
    elif kind == "a lane":
        town.connection.execute("DELETE FROM rollup_1h WHERE datastream = %s AND bucket = %s", (lane, time))
    elif kind == "a calibration":
        town.connection.execute(
            """INSERT INTO calibration (datastream, valid_from, slope, intercept, who, why)
               VALUES (%s, %s, 1.1, 0, 'test', 'span gas')""",
            (pm10, time),
        )
    elif kind == "an invalid period":
        town.connection.execute(
            """INSERT INTO invalidation (city, datastream, since, until, why, who)
               VALUES (%s, %s, %s, %s, 'moved', 'test')""",
            (town.slug, pm10, time, time + 2 * HOUR),
        )
        town.connection.execute(
            """UPDATE rollup_1h
               SET n_invalidated = n_good + n_not_evaluated, n_good = 0, n_not_evaluated = 0, sum = NULL
               WHERE datastream = %s AND bucket >= %s AND bucket < %s""",
            (pm10, time, time + 2 * HOUR),
        )
