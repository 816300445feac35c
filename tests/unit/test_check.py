"""The dry run of one message."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from bypuls.city import City, DeviceEntry
from bypuls.errors import SettingsError
from ingest.check import check_decode, check_profiles, exit_code, render

NOW = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)
TOPIC = "bypuls/v1/demo/dev-1/observations"


def test_it_says_what_would_be_stored_in_which_unit():
    payload = b'{"readings":[{"quantity":"temperature","value":212,"unit":"degF","time":"2026-01-05T10:00:00Z"}]}'
    assert check_decode(TOPIC, payload, now=NOW) == [
        {
            "device": "dev-1",
            "field": "readings[0]",
            "property": "air_temperature",
            "channel": "",
            "value": 212.0,
            "unit": "[degF]",
            "stored": {"value": pytest.approx(100.0), "unit": "Cel"},
            "time": "2026-01-05T10:00:00Z",
            "flag": 4,
            "diagnostic": False,
        }
    ]


def test_it_says_why_a_reading_is_refused_and_keeps_what_was_read():
    payload = b'{"readings":[{"quantity":"pm2_5","value":12.5,"unit":"furlongs/fortnight3"}]}'
    (entry,) = check_decode(TOPIC, payload, now=NOW)
    assert entry["error"] == "unknown_unit"
    assert entry["hint"]
    assert (entry["device"], entry["quantity"], entry["value"], entry["unit"], entry["time"]) == (
        "dev-1",
        "pm2_5",
        12.5,
        "furlongs/fortnight3",
        None,
    )


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b'{"pm25":1}', 0), (b'{"pm25":1,"x":"y"}', 0), (b"", 0), (b'{"pm25":null}', 0), (b"{}", 1), (b"{", 1)],
)
def test_the_exit_code_tells_whether_anything_went_wrong(payload, code):
    assert exit_code(check_decode(TOPIC, payload, now=NOW)) == code


def test_people_get_a_table_and_a_way_to_mend_it():
    text = render(check_decode(TOPIC, b'{"pm25":12.5,"no2":"x","rssi":-70}', now=NOW))
    assert text.splitlines()[:2] == [
        "device  property  channel  sent            stored      time                  flag",
        "dev-1   pm25      -        12.5 (no unit)  12.5 ug/m3  2026-01-05T10:00:10Z  1",
    ]
    assert "refused in no2: wrong_type: the text 'x' is no number" in text
    assert "send a JSON number" in text


def test_nothing_to_store_is_said():
    assert "nothing to store" in render(check_decode(TOPIC, b"", now=NOW))


@pytest.mark.parametrize("topic", ["\x1b[31m", "\ud800", "a\nb"])
def test_what_strangers_write_cannot_reach_the_terminal(topic):
    payload = (
        b'{"\\u001b[31m": 1, "\\ud800": 2, "readings": [{"quantity": "pm25", "value": 1, "unit": "\\u001b\\ud800"}]}'
    )
    entries = check_decode(topic, payload, now=NOW) + check_decode(TOPIC, payload, now=NOW)
    assert render(entries).replace("\n", "").isprintable()
    assert json.dumps(entries, ensure_ascii=False).encode()


def test_a_profile_that_a_citys_file_makes_up_is_one_line():
    city = City(
        city="here",
        name={"en": "Here"},
        time_zone="UTC",
        sites=[],
        devices=[DeviceEntry(id="plug", profile="tasmota"), DeviceEntry(id="meter", profile="tasmoto")],
    )
    with pytest.raises(
        SettingsError, match="city here, device meter: there is no profile 'tasmoto'; there are: adeunis"
    ):
        check_profiles(city)
    check_profiles(msgspec.structs.replace(city, devices=city.devices[:1]))
