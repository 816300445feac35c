"""Sources as people write them: what is read, and one line where something cannot be meant."""

from datetime import timedelta

import pytest

from bypuls.errors import SettingsError
from bypuls.units import Conditions
from ingest.address import tls_context
from ingest.decoding import Source
from ingest.source_files import read_source


def written(tmp_path, text):
    file = tmp_path / "source.yaml"
    file.write_text("name: plant\n" + text, encoding="utf-8")
    return file


def test_all_that_a_source_may_say(tmp_path, monkeypatch):
    monkeypatch.setenv("BYPULS_SECRET_PLANT", "p/w")
    file = written(
        tmp_path,
        """
broker: mqtts://app%40tenant@eu1.example.org
password_variable: BYPULS_SECRET_PLANT
ca: /etc/bypuls/ca.pem
qos: 0
protocol: "5"
content_types: true
topic_filter: site/+/+/#
identity: site/{city}/{device}/#
formats: [senml, own_json]
concentrations: {temperature: 293.15, pressure: 101.325}
units: {no2: ppb, pm25: ug/m3}
precision: ms
zone: Europe/Oslo
past: P30D
unknown_device: quarantine
""",
    )
    assert read_source(file).source() == Source(
        name="plant",
        topic_filter="site/+/+/#",
        formats=("senml", "own_json"),
        broker_url="mqtts://app%40tenant:p%2Fw@eu1.example.org",
        ca="/etc/bypuls/ca.pem",
        qos=0,
        protocol="5",
        content_types=True,
        identity="site/{city}/{device}/#",
        conditions=Conditions(293.15, 101.325),
        units={"no2": "ppb", "pm25": "ug/m3"},
        precision="ms",
        zone="Europe/Oslo",
        past=timedelta(days=30),
        unknown_device="quarantine",
    )


def test_a_password_that_is_not_there_is_said_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("BYPULS_SECRET_PLANT", raising=False)
    file = written(
        tmp_path,
        """
broker: mqtts://app@eu1.example.org
password_variable: BYPULS_SECRET_PLANT
topic_filter: site/#
city: storvik
format: senml
""",
    )
    with pytest.raises(SettingsError, match="BYPULS_SECRET_PLANT, which is not set: set it where ingest runs"):
        read_source(file).source()


def test_a_maker_is_enough_to_say(tmp_path):
    source = read_source(written(tmp_path, "topic_filter: tele/#\ncity: x\nprofile: tasmota")).source()
    assert (source.formats, source.profiles) == (("profile",), ("tasmota",))
    source = read_source(written(tmp_path, "topic_filter: v3/#\ncity: x\nformat: senml")).source()
    assert (source.formats, source.profiles) == (("senml",), None)
    source = read_source(written(tmp_path, "topic_filter: bypuls/v1/+/+/x")).source()
    assert (source.formats, source.city) == (("own_json", "senml"), None)
    source = read_source(written(tmp_path, "topic_filter: '#'\ncity: x\nformats: ['*']")).source()
    assert source.formats == ("*",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("topic_filter: a/b#\ncity: x", "topic_filter 'a/b#' is no MQTT filter"),
        ("topic_filter: a/#", "its topics name no city: say city"),
        ("topic_filter: a/#\nidentity: a/{device}", "identity names no {city}: say city"),
        ("topic_filter: a/#\ncity: x\nidentity: a/{name}", "{name} is none of {city}, {device}"),
        ("topic_filter: a/#\ncity: x\nidentity: a/+", "names no {device}, and the source is no gateway"),
        ("topic_filter: a/#\ncity: x\ndevice_field: imei", "say trusts_payload_device: true"),
        ("topic_filter: a/#\ncity: x\nformat: sen_ml", "no format 'sen_ml'; there are: "),
        ("topic_filter: a/#\ncity: x\nprofile: tasmotta", "no profile 'tasmotta'; there are: "),
        ("topic_filter: a/#\ncity: x\nformat: senml\nformats: [senml]", "say format or formats, not both"),
        ("topic_filter: a/#\ncity: x\nunits: {temperature: Cel}", "air_temperature is meant"),
        ("topic_filter: a/#\ncity: x\nunits: {pm25: Cel}", "units.pm25: 'Cel' (Cel) is a temperature"),
        ("topic_filter: a/#\ncity: x\nunits: {no2: ppb}", "units.no2: 'ppb'"),
        ("topic_filter: a/#\ncity: x\nconcentrations: {temperature: 20, pressure: 101.325}", ">= 200"),
        ("topic_filter: a/#\ncity: x\nprecision: hours", "precision"),
        ("topic_filter: a/#\ncity: x\nqos: 2", "qos"),
        ("topic_filter: a/#\ncity: x\nzone: Europe/Olso", "'Europe/Olso' is no time zone"),
        ("topic_filter: a/#\ncity: x\ncontent_types: true", "content_types needs protocol: '5'"),
        ("topic_filter: a/#\ncity: x\nshare: g\nformats: [json, homie]", "share goes not with format homie"),
        ("topic_filter: a/#\ncity: x\nshare: g\nformat: '*'", "share goes not with format *"),
        ("topic_filter: a/#\ncity: x\nca: /x", "ca goes with a broker of the source's own"),
        ("topic_filter: a/#\ncity: x\nbroker: mqtt://h\nca: /x", "ca goes with TLS: write mqtts://"),
        ("topic_filter: a/#\ncity: x\nbroker: mqtts://h\nca: x.pem", "ca needs an absolute path"),
        ("topic_filter: a/#\ncity: x\nbroker: mqtts://h\nkey: /x", "key goes with certificate"),
        ("topic_filter: a/#\ncity: x\nbroker: mqtt://u:secret@h", "a password has no place in a file"),
        ("topic_filter: a/#\ncity: x\nbroker: http://h", "must look like mqtt://host:1883"),
        ("topic_filter: a/#\ncity: x\npassword_variable: X", "password_variable goes with a broker"),
        ("topic_filter: a/#\ncity: x\ntopic: y", "topic"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(tmp_path, text, complaint):
    with pytest.raises(SettingsError) as caught:
        read_source(written(tmp_path, text))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_certificates_that_are_not_there_are_one_line_too(tmp_path):
    with pytest.raises(SettingsError, match=r"source plant: the TLS files .*nowhere\.pem cannot be used"):
        tls_context(Source("plant", "#", ca=str(tmp_path / "nowhere.pem")))
