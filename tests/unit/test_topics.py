"""Our topics and MQTT's filters."""

import pytest
from paho.mqtt.client import topic_matches_sub

from ingest import topics
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
