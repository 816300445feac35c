"""Our topics and MQTT's filters."""

from datetime import UTC, datetime

import pytest
from paho.mqtt.client import topic_matches_sub

from ingest import topics
from ingest.decoding import Message, Source
from ingest.sources import ANY, HISTORY, LIVE, source_for


@pytest.mark.parametrize(
    "topic", ["", "bypuls/v1/a/b", "bypuls/v2/a/b/observations", "bypuls/v1//b/observations", "/bypuls/v1/a/b/c",
              "bypuls/v1/a/b/c/d", "bypuls/v1/a/\x01/observations", "bypuls/v1/a/" + "x" * 129 + "/observations"]
)  # fmt: skip
def test_a_topic_that_is_not_ours(topic):
    assert topics.own_topic(topic) is None


def test_our_topics_are_read_as_they_are_made():
    for make, kind in [(topics.observations, "observations"), (topics.history, "history"), (topics.errors, "errors")]:
        assert topics.own_topic(make("trondheim", "a:b c")) == ("trondheim", "a:b c", kind)


@pytest.mark.parametrize("topic", ["a", "a/b", "a/b/c", "/a", "$SYS/x", "a//c"])
@pytest.mark.parametrize("wanted", ["#", "+", "a/#", "a/+", "+/+", "a/b/c", "+/b/#", "/+", "$SYS/#", "a/+/c", "a/b"])
def test_filters_match_as_the_mqtt_library_has_it(topic, wanted):
    assert topics.matches(topic, wanted) == topic_matches_sub(wanted, topic)
    assert topics.matches(topic, f"$share/ingest/{wanted}") == topic_matches_sub(wanted, topic)


def test_the_built_in_sources():
    assert source_for("bypuls/v1/a/b/observations") is LIVE
    assert source_for("bypuls/v1/a/b/history") is HISTORY
    assert source_for("bypuls/v1/a/b/status") is ANY
    assert source_for("tele/x/SENSOR") is ANY


@pytest.mark.parametrize(
    ("identity", "topic", "named"),
    [
        (None, "bypuls/v1/oslo/box-1/observations", ("oslo", "box-1", None, None)),
        (None, "tele/plug/SENSOR", None),
        ("site/{city}/{device}/#", "site/oslo/plug-7/tele/SENSOR", ("oslo", "plug-7", None, None)),
        ("site/{city}/{device}/#", "site/oslo/plug-7", ("oslo", "plug-7", None, None)),
        ("site/{city}/{device}/#", "bypuls/v1/oslo/box-1/observations", None),
        ("v3/+/devices/{device}/up", "v3/app@ttn/devices/eui-1/up", (None, "eui-1", None, None)),
        ("v3/+/devices/{device}/up", "v3/app@ttn/devices/eui-1/join", None),
        ("{device...}/tele/{property}", "a/b/tele/power", (None, "a/b", "power", None)),
        ("/plant/{device}/{property}_{channel}", "/plant/m1/power_l1", (None, "m1", "power", "l1")),
        ("plant.v1/{device}", "plantxv1/m1", None),
        ("plant/{device}", "plant/a\x00b", None),
        ("plant/{device}", "plant/" + "x" * 129, None),
        ("plant/{device}", "plant/", None),
    ],
)
def test_what_a_topic_names(identity, topic, named):
    source = Source("s", "#", identity=identity)
    assert topics.named_by_topic(topic, source) == named
    device = None if named is None else named[1]
    assert topics.topic_device(Message(topic, b"", datetime.now(UTC)), source) == device


@pytest.mark.parametrize(
    "template",
    ["{devcie}/x", "a+/{device}", "#/{device}", "{device}/{device}", "{city...}/{device...}", "{device", "a#"],
)
def test_what_is_no_identity_template(template):
    with pytest.raises(ValueError, match=r"\{|level|name"):
        topics.identity_pattern(template)


def test_a_topic_made_to_take_long_takes_no_time():
    source = Source("s", "#", identity="{city}-{device...}/{property}-{channel}/x")
    assert topics.named_by_topic("-" * 30_000, source) is None
    assert topics.named_by_topic("a-" * 250, source) is None
