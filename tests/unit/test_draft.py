"""A drafted profile loads and reads the message it was made of; every guess has its reason."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.errors import Refusal
from ingest.draft import check_draft, draft, render
from ingest.profiles import Profiles, profile_of

NOW = datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)
TIME = "2026-01-05T10:00:00Z"


def drafted(topic, document):
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return check_draft(topic, payload, now=NOW)


def stored(found):
    return {
        (entry["device"], entry["property"], entry["channel"]): (entry["value"], entry["unit"], entry["time"])
        for entry in found["readings"]
        if "error" not in entry
    }


def refused(found):
    return {(entry.get("field"), entry["error"]) for entry in found["readings"] if "error" in entry}


def certainty(found, path):
    return next(guess["certainty"] for guess in found["guesses"] if guess["path"] == path)


def test_units_at_the_ends_of_keys_and_the_level_with_a_number():
    found = drafted("garden/shed-3/data", {"ts": 1767607200, "outTemp_C": 3.5, "windSpeed_kph": 18, "fw": 12})
    assert stored(found) == {
        ("shed-3", "air_temperature", ""): (3.5, "Cel", TIME),
        ("shed-3", "wind_speed", ""): (18.0, "km/h", TIME),
    }
    assert "{device}" in found["profile"]
    assert 'ignore: ["fw"]' in found["profile"]
    assert refused(found) == set()


def test_a_list_under_a_key_whose_items_name_their_devices():
    items = [{"id": "s1", "temp_C": 21.5, "time": TIME}, {"id": "s2", "temp_C": 22, "rssi": "-65dBm", "time": TIME}]
    found = drafted("plant/lines", {"sensors": items})
    assert stored(found) == {
        ("s1", "air_temperature", ""): (21.5, "Cel", TIME),
        ("s2", "air_temperature", ""): (22.0, "Cel", TIME),
        ("s2", "rssi", ""): (-65.0, "dB[mW]", TIME),
    }


def test_one_value_per_object_with_its_name_and_unit_beside_it():
    data = [{"type": "temperature", "value": 20, "unit": "C"}, {"type": "pm10", "value": "50", "unit": "µg/m³"}]
    found = drafted("a/b", {"time": 1767607200000, "data": data, "deviceId": "d9"})
    assert stored(found) == {
        ("d9", "air_temperature", ""): (20.0, "Cel", TIME),
        ("d9", "pm10", ""): (50.0, "ug/m3", TIME),
    }


def test_objects_with_value_and_unit_and_a_sibling_that_gives_one():
    document = {"pressure": {"value": 1013, "unit": "hPa"}, "temperature": 41, "temperature_unit": "F"}
    found = drafted("tele/A4CF12B3/SENSOR", document)
    assert stored(found)["A4CF12B3", "air_pressure", ""][:2] == (1013.0, "hPa")
    assert stored(found)["A4CF12B3", "air_temperature", ""][:2] == (41.0, "[degF]")


def test_objects_of_one_shape_are_channels():
    rooms = {"kitchen": {"temp_C": 21, "co2_ppm": 640}, "hall": {"temp_C": 19, "co2_ppm": 500}}
    found = drafted("home/h1/state", {"ts": 1767607200, **rooms})
    assert set(stored(found)) == {("h1", name, room) for room in rooms for name in ("air_temperature", "co2")}
    assert {time for _, _, time in stored(found).values()} == {TIME}


def test_names_of_parts_that_no_channel_can_have_are_mapped():
    found = drafted("plug-7/events/rpc", {"params": {"ts": 1767607200, "em1:0": {"id": 0, "voltage_V": 231.5}}})
    assert stored(found) == {("plug-7", "voltage", "em1_0"): (231.5, "V", TIME)}


def test_lists_in_lists_carry_the_device_of_the_object_around():
    observations = [{"temperature_C": "1.5", "timestamp": "05.01.2026 10:00:00Z"}]
    found = drafted("relay/rec", {"sensors": [{"sensor": "RE1", "observations": observations}]})
    assert stored(found) == {("RE1", "air_temperature", ""): (1.5, "Cel", TIME)}


def test_a_list_at_the_root():
    found = drafted("out/all", [{"device_id": "x1", "ts": 1767607200, "humidity_pct": 40}])
    assert stored(found) == {("x1", "relative_humidity", ""): (40.0, "%", TIME)}


def test_words_of_two_levels_and_words_at_the_end():
    found = drafted(
        "yard/y7/json", {"wind": {"speed_mps": 3}, "roof_sensor_temperature_degC": 4.5, "battery": {"voltage": 3.6}}
    )
    properties = {guess["path"]: guess["guess"] for guess in found["guesses"]}
    assert properties["battery.voltage"] == "battery_voltage"
    assert properties["roof_sensor_temperature_degC"].startswith("air_temperature")


def test_words_of_objects_and_their_keys_come_before_the_key_alone():
    message = {
        "road": {"surface_temp_c": -4.1},
        "wind": {"speed_mps": 3},
        "water": {"temperature_c": 4},
        "bat_mV": 3611,
        "stamp": TIME,
    }
    assert stored(drafted("kaldvik/KV-204/obs", message)) == {
        ("KV-204", "road_surface_temperature", ""): (-4.1, "Cel", TIME),
        ("KV-204", "wind_speed", ""): (3.0, "m/s", TIME),
        ("KV-204", "water_temperature", ""): (4.0, "Cel", TIME),
        ("KV-204", "battery_voltage", ""): (3611.0, "mV", TIME),
    }


@pytest.mark.parametrize(
    ("message", "path"), [({"surface_temp_c": 4}, "surface_temp_c"), ({"surface": {"temp_c": 4}}, "surface.temp_c")]
)
def test_a_general_word_is_open_where_another_property_may_be_meant(message, path):
    found = drafted("site/s1/up", message)
    assert certainty(found, path) == "open"
    assert "it may as well be road_surface_temperature" in found["profile"]


def test_a_bare_number_whose_topic_says_what_it_is():
    found = drafted("plant/pump-3/outTemp_C", b"21.5")
    assert stored(found)["pump-3", "air_temperature", ""][:2] == (21.5, "Cel")
    assert 'topic: "plant/{device}/{quantity}"' in found["profile"]


def test_a_missing_unit_is_left_open_with_what_would_be_plausible():
    found = drafted("site/s1/up", {"pressure": 1013.2, "temperature": 293.4})
    assert refused(found) == {("pressure", "unit_missing"), ("temperature", "unit_missing")}
    assert "unit: null" in found["profile"]
    assert "1013.2 is plausible in hPa:" in found["profile"]
    assert "293.4 is plausible in K:" in found["profile"]
    assert certainty(found, "pressure") == "open"


def test_a_code_for_no_value_is_seen():
    found = drafted("site/s1/up", {"temp_C": -127, "co2_ppm": 65535})
    assert "sentinels: [-127]" in found["profile"]
    assert {code for _, code in refused(found)} == {"sentinel"}


def test_what_the_catalogue_does_not_know_is_open_and_kept():
    found = drafted("site/s1/up", {"wobble": 3, "frob": "4.5", "mode": "heat", "histogram": [1, 2, 3]})
    assert refused(found) == {("wobble", "unknown_property"), ("frob", "unknown_property")}
    assert certainty(found, "wobble") == "open"
    assert "# open: 3: the catalogue has no word 'wobble'" in found["profile"]
    assert "`map: {heat: 1}`" in found["profile"]


def test_times_that_say_too_little_are_open():
    found = drafted("site/s1/up", {"date": "2026-01-05 10:00:00", "temp_C": 4})
    assert certainty(found, "date") == "open"
    assert "has no zone" in found["profile"]
    either = drafted("site/s1/up", {"date": "05/01/2026 10:00:00Z", "temp_C": 4})
    assert "day_first: true" in either["profile"]
    assert stored(either)["s1", "air_temperature", ""][2] == TIME


def test_the_message_and_the_topic_that_name_the_same_device_are_sure():
    found = drafted("v2/pump/north", {"device": "north", "temp_C": 4})
    assert certainty(found, "topic level 3") == "sure"
    assert set(stored(found)) == {("north", "air_temperature", "")}


def test_keys_with_dots_and_braces_are_written_so_that_they_are_read():
    found = drafted("site/s1/up", {"env.temp_C": 4, "x{y}": {"temp_C": 5}})
    profile_of(found["profile"], "draft")
    assert {entry["field"] for entry in found["readings"]} == {"env.temp_C", "x{y}.temp_C"}


def test_people_read_the_profile_then_what_it_makes_of_the_message():
    text = render(drafted("site/s1/up", {"temp_C": 4, "wobble": 3}))
    assert text.startswith("# Drafted from one message.")
    assert "# s1" in text
    assert "1 of them open" in text


EUI = "70B3D57ED0061A2C"
OBJECT = {"windowTemp_C": 21.5, "wobble": 3, "sensors": [{"id": "a", "co2_ppm": 500}, {"id": "b", "co2_ppm": 600}]}


def tts(document, **ids):
    end = {"device_id": "balkong-3", "dev_eui": EUI, "application_ids": {"application_id": "a"}}
    sent = {"f_port": 2, "frm_payload": "AQI=", "received_at": TIME, "version_ids": ids, "decoded_payload": document}
    return "v3/a@t/devices/balkong-3/up", {"end_device_ids": end, "uplink_message": sent}


def chirpstack(document, **info):
    envelope = {"deviceInfo": {"devEui": EUI.lower(), **info}, "time": TIME, "fPort": 2, "data": "AQI="}
    return f"application/1/device/{EUI.lower()}/event/up", {**envelope, "object": document}


def helium(document):
    envelope = {"dev_eui": EUI, "app_eui": "00", "hotspots": [], "reported_at": 1767607200000, "port": 2}
    return "helium/up", {**envelope, "decoded": {"status": "success", "payload": document}}


@pytest.mark.parametrize(
    ("message", "device", "lorawan", "asked"),
    [
        (tts(OBJECT), "balkong-3", {"eui": ["70B3D57E"]}, (None, None, EUI)),
        (
            tts(OBJECT, brand_id="elsewhere", model_id="co2.x"),
            "balkong-3",
            {"brands": ["elsewhere"], "models": ["co2\\.x"]},
            ("elsewhere", "co2.x"),
        ),
        (chirpstack(OBJECT), EUI.lower(), {"eui": ["70B3D57E"]}, (None, None, EUI.lower())),
        (
            chirpstack(OBJECT, deviceProfileName="Ours (v2)"),
            EUI.lower(),
            {"device_profiles": ["^Ours\\ \\(v2\\)$"]},
            (None, None, None, "Ours (v2)"),
        ),
        (helium(OBJECT), EUI, {"eui": ["70B3D57E"]}, (None, None, EUI)),
    ],
)
def test_of_a_network_servers_envelope_the_decoded_object_is_drafted(message, device, lorawan, asked):
    found = drafted(*message)
    assert stored(found) == {
        (device, "air_temperature", "window"): (21.5, "Cel", TIME),
        (device, "co2", "a"): (500.0, "[ppm]", TIME),
        (device, "co2", "b"): (600.0, "[ppm]", TIME),
    }
    assert refused(found) == {("wobble", "unknown_property")}
    profile = profile_of(found["profile"], found["id"])
    document = profile.document
    assert (document.topics, list(document.mappings), document.lorawan.mapping) == ([], ["uplink"], "uplink")
    assert {name: getattr(document.lorawan, name) for name in lorawan} == lorawan
    assert certainty(found, "lorawan") == "likely"
    assert Profiles({document.id: profile, "other": profile}).for_uplink(*asked) is profile
    assert not {guess["path"] for guess in found["guesses"]} - {
        "lorawan", "time", "windowTemp_C", "wobble", "sensors[]", "id", "co2_ppm"
    }  # fmt: skip
    assert "The envelope is of format" in found["profile"].splitlines()[0]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            tts({"light_level": 3, "co2": 700, "pir": "idle"}, brand_id="milesight-iot", model_id="am307"),
            "# format tts_v3 with profile milesight reads this already: 2 values; there is nothing to draft.",
        ),
        (
            ("a/b", [{"bn": "urn:dev:x:", "n": "temperature", "u": "Cel", "v": 3, "t": 1767607200}]),
            "# format senml reads this already: 1 value; there is nothing to draft.",
        ),
        (
            ("tele/plug7/SENSOR", {"Time": "2026-01-05T10:00:00Z", "AM2301": {"Temperature": 4}, "TempUnit": "C"}),
            "# profile tasmota reads this already: 1 value; there is nothing to draft.",
        ),
        (
            ("v3/a@t/devices/d/up", {"end_device_ids": {"device_id": "d"}, "uplink_message": {"f_cnt": 7}}),
            "# format tts_v3 reads this already: no values, rightly; there is nothing to draft.",
        ),
        (
            ("v3/a@t/devices/d/join", {"end_device_ids": {"device_id": "d"}, "join_accept": {"received_at": TIME}}),
            "# format tts_v3 reads this already: no values, rightly; there is nothing to draft.",
        ),
    ],
)
def test_what_is_read_already_is_said_so_and_not_drafted(message, said):
    found = drafted(*message)
    assert (found["id"], found["profile"], found["guesses"]) == ("", f"{said}\n", [])
    assert refused(found) == set()
    assert "guesses" not in render(found)


def test_what_a_profile_leaves_unread_is_drafted():
    found = drafted(*tts({"light_level": 3, "pir": "idle", "wobble": 4}, brand_id="milesight-iot", model_id="am307"))
    first = found["profile"].splitlines()[0]
    assert first.startswith("# format tts_v3 with profile milesight reads 1 value of this already, 1 refused")
    assert profile_of(found["profile"], found["id"]).document.lorawan.brands == ["milesight-iot"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (tts(None), "no_codec"),
        (chirpstack({"bytes": [1, 2]}), "no_codec"),
        (tts({}), "empty"),
        (("v3/a@t/devices/d/up", {**tts(OBJECT)[1], "simulated": True}), "simulated"),
    ],
)
def test_an_envelope_without_words_is_not_drafted(message, code):
    with pytest.raises(Refusal) as refusal:
        drafted(*message)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("a/b", b"{", "invalid_json"),
        ("a/b", b"{}", "empty"),
        ("a/b", b"true", "empty"),
        ("a/b", b"[1, 2]", "wrong_type"),
        ("a/+/b", b'{"temp_C": 1}', "topic_not_ours"),
        ("a/b", b'"' + b"x" * 200_000 + b'"', "too_large"),
    ],
)
def test_what_no_profile_could_read_is_refused(topic, payload, code):
    with pytest.raises(Refusal) as refusal:
        draft(topic, payload, now=NOW)
    assert refusal.value.code == code


KEYS = st.sampled_from(
    ["temperature", "temp_C", "value", "unit", "name", "id", "ts", "sensors", "a.b", "x{y}", "q[0]", "*", "$z", "/r",
     'qu"o', "back\\s", "meter", "E", "a: b", "#c", "0xAD88", "", "\u2028"]
)  # fmt: skip
SCALARS = st.sampled_from(
    [1, 2.5, -127, "3.5", "21 °C", "x", None, True, TIME, 1767607200, "05/01/2026", "1,5", 10**30, '"q": {']
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a/b", "kesy", "/x/", "s/12/data", "'q'/\"r\""]),
    st.dictionaries(KEYS, TREES, min_size=1, max_size=6),
)
def test_whatever_the_message_is_the_draft_loads(topic, document):
    try:
        found = drafted(topic, document)
    except Refusal:
        return
    assert all(guess["reason"] and guess["certainty"] in {"sure", "likely", "open"} for guess in found["guesses"])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([tts, chirpstack, helium]), st.one_of(TREES, st.dictionaries(KEYS, TREES, max_size=6)))
def test_whatever_the_network_server_decoded_the_draft_loads(envelope, document):
    try:
        found = drafted(*envelope(document))
    except Refusal:
        return
    assert not found["id"] or profile_of(found["profile"], found["id"]).document.lorawan is not None
