"""The simulated city: what is in it, what it measures, and that the same seed and time give the same values."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
import yaml

from bypuls.city import read_city
from bypuls.observation import Origin
from bypuls.properties import Properties
from bypuls.units import Units
from simulators.city.geography import CORNERS, DISTRICTS, boundary
from simulators.city.model import Model
from simulators.city.places import PLACES
from simulators.city.randomness import Floats
from simulators.city.town import HOUR, QUARTER, UNITS, city_document, city_yaml, streams

NOW = int(datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp())
DAY = 86_400
STREAM = {(stream.site, stream.property): stream for stream in streams()}


@pytest.fixture(scope="module")
def model():
    return Model(13)


def hours(model, site, name, days, until=NOW) -> Floats:
    """Hourly values, one row per day (UTC)."""
    times = np.arange(until // DAY * DAY - days * DAY, until // DAY * DAY, HOUR)
    return model.values(STREAM[site, name], times).reshape(days, 24)


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_the_city_has_40_sites_150_datastreams_and_nothing_that_is_not_simulated():
    city = city_document()
    assert len(city.sites) == len(PLACES) == 40
    assert len(streams()) == len(set(streams())) == 150
    assert sum(len(device.readings or {}) for device in city.all_devices()) == 150
    assert {device.origin for device in city.all_devices()} == {Origin.SIMULATED}
    assert Counter(site.kind for site in city.sites) == {
        "road": 10, "building": 10, "household": 8, "background": 5, "traffic": 4, "weather": 2, "industrial": 1,
    }  # fmt: skip


def test_its_file_says_what_the_document_says(tmp_path):
    (tmp_path / "city.yaml").write_text(city_yaml(7), encoding="utf-8")
    assert read_city(tmp_path / "city.yaml") == city_document(7)
    assert yaml.safe_load(city_yaml(7))["sites"][10]["lanes"] == 2


def test_every_reading_is_in_the_catalogue_in_a_unit_of_its_dimension():
    properties, units = Properties.load(), Units.load()
    for stream in streams():
        found = properties.find(stream.property)
        assert found is not None, stream
        observed, channel = found
        assert (observed.id, channel) == (stream.property, "")
        assert units.conversion(UNITS[stream.property], observed) == (1.0, 0.0)


def test_every_site_lies_in_the_district_it_names():
    city = city_document()
    rings = {area.slug: np.array(area.boundary["coordinates"][0]) for area in city.areas}
    for site in city.sites:
        assert [slug for slug, ring in rings.items() if inside(site.lon, site.lat, ring)] == [site.area], site.slug


def test_districts_tile_without_gap_or_overlap():
    edges = Counter()
    for slug in DISTRICTS:
        ring = [tuple(point) for point in boundary(slug)["coordinates"][0]]
        assert ring[0] == ring[-1]
        assert area_of(ring) > 0, f"{slug} must run counter-clockwise (RFC 7946)"
        edges.update(itertools.pairwise(ring))
    assert set(edges.values()) == {1}
    outer = [edge for edge in edges if edge[::-1] not in edges]
    following = dict(outer)
    assert len(following) == len(outer)
    start = here = outer[0][0]
    outline = [start]
    while (here := following[here]) != start:
        outline.append(here)
    assert len(outline) == len(outer)  # one outline, no hole
    whole = area_of([*outline, start])
    parts = sum(area_of([tuple(point) for point in boundary(slug)["coordinates"][0]]) for slug in DISTRICTS)
    assert parts == pytest.approx(whole, rel=1e-9)


def test_the_districts_corners_are_all_used():
    assert {corner for _, _, corners in DISTRICTS.values() for corner in corners} == set(CORNERS)


def test_municipal_buildings_say_what_the_energy_indicators_need():
    for site in city_document().sites:
        if site.kind == "building":
            assert site.attributes["owner"] == "municipal"
            assert site.attributes["floor_area"] > site.attributes["heated_area"] > 0
        if site.kind == "road":
            assert {"street", "lanes", "free_flow_speed"} <= site.attributes.keys()


# --- the same again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [*{s.property: s for s in streams()}.values()], ids=lambda stream: stream.property)
def test_a_value_depends_on_seed_and_time_alone(stream):
    times = np.arange(NOW - 3 * DAY, NOW, stream.spacing)
    whole = Model(13).values(stream, times)
    piecewise = Model(13)
    parts = np.concatenate([piecewise.values(stream, part) for part in np.array_split(times, 7)][::1])
    alone = [Model(13).values(stream, times[place : place + 1])[0] for place in (0, 17, -1 % len(times))]
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(whole[[0, 17, -1]], alone)
    assert np.isfinite(whole).mean() > 0.95
    if stream.property not in {"solar_irradiance", "precipitation", "air_pressure_sea_level", "battery_level"}:
        other = Model(14).values(stream, times)
        assert np.mean(whole != other) > 0.3


# --- is it plausible -------------------------------------------------------------------------------------------------


def test_traffic_air_has_its_rush_hours_of_20_to_80_on_november_workdays(model):
    values = hours(model, "strandgata", "no2", 30)
    workdays = values[[(NOW // DAY - 30 + day + 3) % 7 < 5 for day in range(30)]]
    profile = workdays.mean(axis=0)
    night, morning, afternoon = profile[1:3].mean(), profile[6:8].mean(), profile[14:16].mean()  # UTC
    assert 20 < morning < 80
    assert 20 < afternoon < 80
    assert night < 0.4 * morning
    assert hours(model, "torget", "no2", 30).mean() < 0.8 * values.mean()


def test_a_high_in_november_brings_no2_and_particles(model):
    times = np.arange(NOW - 30 * DAY, NOW, HOUR)
    lid = model.moment(times).weather.inversion
    no2, pm25 = (model.values(STREAM["aasen-skole", name], times) for name in ("no2", "pm25"))
    assert (lid > 0.5).sum() > 48
    assert no2[lid > 0.5].mean() > 2 * no2[lid < 0.1].mean()
    assert pm25[lid > 0.5].mean() > 2 * pm25[lid < 0.1].mean()


def test_any_month_of_winter_has_an_episode():
    for seed in range(1, 6):
        for month in (10, 11, 12, 1, 2):
            begin = int(datetime(2027 if month < 3 else 2026, month, 20, tzinfo=UTC).timestamp())
            lid = Model(seed).moment(np.arange(begin, begin + 30 * DAY, HOUR)).weather.inversion
            assert lid.max() > 0.3, (seed, month)


def test_dust_days_come_in_march_and_april_and_not_in_summer(model):
    def days(month):
        end = int(datetime(2026, month, 30, tzinfo=UTC).timestamp())
        return hours(model, "elgeseter", "pm10", 29, end).mean(axis=1)

    assert (days(3) > 45).sum() >= 5
    assert (days(7) > 45).sum() == 0
    assert days(3).mean() > 2 * days(7).mean()


def test_noise_follows_traffic_and_its_night_is_quieter(model):
    times = np.arange(NOW - 14 * DAY, NOW, QUARTER)
    level = model.values(STREAM["elgesetra-veg", "sound_level_laeq"], times)
    cars = model.values(STREAM["elgesetra-veg", "vehicle_count"], times)
    busy, quiet = level[cars > 250].mean(), level[cars < 20].mean()
    assert 65 < busy < 75
    assert 7 < busy - quiet < 20


def test_heat_follows_the_temperature(model):
    times = np.arange(NOW - 30 * DAY, NOW, QUARTER)
    heat = model.values(STREAM["solbakken", "heat_energy"], times).reshape(-1, 96).sum(axis=1)
    warmth = model.moment(times).weather.felt_temperature.reshape(-1, 96).mean(axis=1)
    assert np.corrcoef(heat, warmth)[0, 1] < -0.95


def test_power_is_what_the_register_counts(model):
    times = np.arange(NOW - 2 * DAY, NOW, 60)
    power = model.values(STREAM["raadhuset", "active_power"], times)
    counted = model.values(STREAM["raadhuset", "active_energy_import"], np.arange(NOW - 2 * DAY, NOW, QUARTER))
    assert power.mean() * 48 == pytest.approx(counted.sum(), rel=0.01)


def test_a_loop_that_counts_nobody_gives_no_speed():
    model = Model(13)
    times = np.arange(NOW - 90 * DAY, NOW, QUARTER)
    counted = model.values(STREAM["skolevegen", "vehicle_count"], times)
    speed = model.values(STREAM["skolevegen", "vehicle_speed_mean"], times)
    assert (counted == 0).any()
    np.testing.assert_array_equal(np.isnan(speed), counted == 0)


def inside(x, y, ring):
    """Ray casting."""
    hit = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            hit = not hit
    return hit


def area_of(ring):
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)) / 2
