"""A recorded file becomes the messages its stations would have sent."""

from __future__ import annotations

import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from bypuls.city import read_city
from bypuls.errors import SettingsError
from simulators.replay import Pace, Receipt, last_time, publications

CITY = """city: here
name: Here
time_zone: Europe/Oslo
sites:
  - {slug: square, name: Square, kind: traffic}
  - {slug: hill, name: On the hill, kind: weather}
stations:
  air: {The Square: square}
readings:
  pm10: {property: pm10, unit: ug/m3, interval: PT1H}
  snow: {property: snow_depth, unit: cm, sentinels: {-1: 0, -9: null}}
"""
HEAD = "time,station,quantity,value,unit\n"


@pytest.fixture
def replay(tmp_path):
    (tmp_path / "city.yaml").write_text(CITY)

    def run(text, name="air.csv", **options):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        receipt = Receipt()
        found = list(publications([path], read_city(tmp_path / "city.yaml"), receipt, **options))
        return [(one.topic, json.loads(one.payload)) for one in found], receipt

    return run


def test_all_values_of_a_station_at_one_time_are_one_senml_pack_on_its_history_topic(replay):
    messages, receipt = replay(
        HEAD + "2019-01-01T00:00:00Z,The Square,pm10,20.5,ug/m3\n2019-01-01T00:00:00Z,The Square,pm25,,ug/m3\n"
        "2019-01-01T00:00:00Z,The Square,no2,7,ug/m3\n2019-01-01T02:00:00+01:00,On the hill,pm10,3,ug/m3\n"
    )
    assert messages == [
        (
            "bypuls/v1/here/square/history",
            [{"bt": 1546300800, "n": "pm10", "u": "ug/m3", "v": 20.5}, {"n": "no2", "u": "ug/m3", "v": 7.0}],
        ),
        ("bypuls/v1/here/hill/history", [{"bt": 1546304400, "n": "pm10", "u": "ug/m3", "v": 3.0}]),
    ]
    assert (receipt.rows, receipt.empty, receipt.messages) == (4, 1, 2)


def test_the_citys_file_says_how_a_column_reads(replay):
    messages, _ = replay(
        HEAD + "2019-01-01T00:00:00Z,Square,snow,-1,m\n2019-01-01T01:00:00Z,Square,snow,-9,m\n", "w.csv.gz"
    )
    assert messages == [("bypuls/v1/here/square/history", [{"bt": 1546300800, "n": "snow_depth", "u": "cm", "v": 0.0}])]


def test_times_can_be_moved(replay):
    messages, _ = replay(HEAD + "2019-01-01T00:00:00Z,Square,pm10,1,ug/m3\n", shift=timedelta(days=365))
    assert messages[0][1][0]["bt"] == 1546300800 + 365 * 86400


def test_a_station_the_file_does_not_know_is_replayed_under_its_own_name_and_said(replay, caplog):
    with caplog.at_level(logging.WARNING):
        messages, _ = replay(HEAD + "2019-01-01T00:00:00Z,Øvre bro,pm10,1,ug/m3\n" * 2)
    assert messages[0][0] == "bypuls/v1/here/oevre-bro/history"
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,station,value,unit\n", "column 'quantity' is missing"),
        (HEAD + "2019-01-01T00:00:00Z,Square,pm10,many,ug/m3\n", "air.csv, line 2: could not convert"),
        (HEAD + "2019-01-01T00:00:00,Square,pm10,1,ug/m3\n", "line 2: time '2019-01-01T00:00:00' has no zone"),
        (HEAD + "yesterday,Square,pm10,1,ug/m3\n", "line 2: Invalid isoformat"),
    ],
)
def test_a_row_that_is_none_is_named_with_its_line(replay, text, says):
    with pytest.raises(SettingsError, match=says):
        replay(text)


def test_a_file_that_is_not_there_or_holds_nothing_is_named(tmp_path):
    (tmp_path / "city.yaml").write_text(CITY)
    city = read_city(tmp_path / "city.yaml")
    with pytest.raises(SettingsError, match=r"nowhere\.csv cannot be read"):
        last_time([Path("nowhere.csv")], city)
    (tmp_path / "air.csv").write_text(HEAD)
    with pytest.raises(SettingsError, match="no value to replay"):
        last_time([tmp_path / "air.csv"], city)


def test_at_sixty_times_real_time_a_minute_takes_a_second_and_stop_ends_the_wait():
    pace, stop = Pace(60 * 100), Event()
    start = datetime(2019, 1, 1, tzinfo=UTC)
    begun = monotonic()
    pace.wait(start, stop)
    pace.wait(start + timedelta(minutes=10), stop)
    assert monotonic() - begun >= 0.1
    stop.set()
    begun = monotonic()
    pace.wait(start + timedelta(days=365), stop)
    assert monotonic() - begun < 5
