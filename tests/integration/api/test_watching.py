"""What supervisors and Prometheus are told: readiness in words, numbers, the newest audit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from bypuls.observing.readiness import Heartbeat
from bypuls.storage.database import connect
from tests.integration.api.seed import NOW

pytestmark = pytest.mark.lane("plain")


def beat(api, process="ingest", *, ago=0.0, lag=0.0, problems=(), instance="1"):
    with connect(api.database_url, "writer", autocommit=True) as connection:
        heart = Heartbeat(process, instance, lambda: lag, lambda: problems, lambda: NOW - timedelta(seconds=ago))
        heart.beat(connection)
    return heart


def numbers(api):
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_ready_says_in_words_what_keeps_the_platform_from_its_work(own_api, monkeypatch):
    beat(own_api, lag=2)
    beat(own_api, "process")
    assert own_api.get("/health/ready").json() == {"status": "ready"}

    def problems():
        answer = own_api.get("/health/ready")
        assert answer.status_code == 503
        assert own_api.get("/health/live").status_code == 200
        return answer.json()["problems"]

    heart = beat(own_api, lag=75, problems=["the broker 127.0.0.1:1883 is not connected"])
    assert problems() == [
        "ingest (1) is behind: a message waits for 75 s to be stored (more than 60 s)",
        "ingest (1): the broker 127.0.0.1:1883 is not connected",
    ]
    beat(own_api, ago=200)
    assert problems() == ["ingest (1) was last heard of 3 min ago: is it running?"]
    beat(own_api, ago=3 * 86400, instance="2")  # taken out of service without a word, days ago
    assert len(problems()) == 1
    with connect(own_api.database_url, "writer", autocommit=True) as connection:
        heart.stop(connection)
    assert own_api.get("/health/ready").status_code == 200

    since = NOW - timedelta(minutes=6)
    own_api.sql("INSERT INTO changed_bucket (datastream, bucket, queued_at) VALUES (1, %s, %s)", [NOW, since])
    own_api.sql(
        """INSERT INTO kpi_due (kpi, city, site, period, start, queued_at, due_at)
           VALUES ('air.pm10.mean', 'alpha', 'x', 'PT1H', %s, %s, %s)""",
        [NOW - timedelta(hours=2), NOW - timedelta(minutes=40), NOW - timedelta(minutes=20)],
    )
    assert problems() == [
        "the processor is behind: a reading of the last two days waits for 6 min to be computed (more than 5 min)",
        "the processor is behind: an indicator of the last two days waits for 20 min to be computed (more than 15 min)",
    ]
    monkeypatch.setenv("BYPULS_READY_ROLLUP_LAG_SECONDS", "3600")
    assert len(problems()) == 1


def test_what_waits_of_a_history_or_a_month_does_not_make_it_unready(own_api):
    long_ago = NOW - timedelta(days=3)
    own_api.sql("INSERT INTO changed_bucket (datastream, bucket, queued_at) VALUES (1, %s, %s)", [long_ago, long_ago])
    own_api.sql(
        """INSERT INTO kpi_due (kpi, city, site, period, start, queued_at, due_at)
           VALUES ('air.pm10.mean', 'alpha', 'x', 'P1M', %s, %s, %s)""",
        [NOW, long_ago, long_ago],
    )
    assert own_api.get("/health/ready").status_code == 200


def test_metrics_hold_what_the_database_tells_and_nobody_s_name(own_api):
    beat(own_api, ago=7, lag=3)
    own_api.sql("INSERT INTO changed_bucket (datastream, bucket, queued_at) VALUES (1, %s, %s)", [NOW, NOW])
    own_api.sql(
        """INSERT INTO audit_run (city, night, spans, finished_at, complete, differences, checked, repaired)
           VALUES ('alpha', '2024-06-10', '[]', %s, true, %s, %s, 2)""",
        [NOW, Jsonb({"rollup_1h": 2, "kpi_value": 3}), Jsonb({"kpi_values": 100})],
    )
    own_api.get("/v1/cities")
    own_api.get("/v1/no-such-thing")
    found = numbers(own_api)
    city = (("city", "alpha"),)
    assert found["bypuls_database_up", ()] == 1
    assert found["bypuls_measures_failed", ()] == 0
    assert found["bypuls_newest_observation_age_seconds", city] == 120
    assert found["bypuls_queue_rows", (("queue", "changed_bucket"),)] == 1
    assert found["bypuls_audit_differences", city] == 5
    assert found["bypuls_heartbeat_age_seconds", (("process", "ingest"), ("worker", "1"))] == 7
    assert found["bypuls_ingest_oldest_seconds", (("worker", "1"),)] == 3
    assert found["bypuls_api_answers_total", (("status", "2xx"),)] == 1
    assert found["bypuls_api_answers_total", (("status", "4xx"),)] == 1
    assert found["bypuls_api_pool_size", (("pool", "reader"),)] >= 1
    assert found["bypuls_datastreams", (("city", "alpha"), ("domain", "air"))] > 0
    silent = sum(value for (name, labels), value in found.items()
                 if name == "bypuls_silent_datastreams" and ("city", "alpha") in labels)  # fmt: skip
    assert silent == own_api.get("/v1/health").json()["cities"][0]["silent_datastreams"]
    labels = {name for _, pairs in found for name, _ in pairs}
    assert labels <= {
        "city", "domain", "queue", "process", "worker", "pool", "status", "le", "version",
        "implementation", "major", "minor", "patchlevel",
    }  # fmt: skip
    audit = own_api.get("/v1/health").json()["audits"][0]
    assert (audit["city"], audit["differences"], audit["repaired"], audit["complete"]) == ("alpha", 5, 2, True)
    assert "audit_differences,alpha,5,{difference}" in own_api.get("/v1/health?format=csv").text


def test_health_says_what_is_going_to_be_dropped_and_what_hinders_it(own_api):
    own_api.sql(
        """INSERT INTO retention (city, kind, since, until, warned_at, due_at, dropped_at, closed_at, hindrance) VALUES
           ('alpha', 'observations', '2021-03-01', '2021-04-01', %(now)s, %(now)s, %(now)s, %(now)s, NULL),
           ('alpha', 'observations', '2021-04-01', '2021-05-01', %(now)s, '2024-06-30', NULL, NULL, 'it is in use'),
           ('alpha', 'observations', '2021-05-01', '2021-06-01', %(now)s, '2024-07-30', NULL, NULL, NULL)""",
        {"now": NOW},
    )
    assert own_api.get("/v1/health").json()["dropping"] == [
        {
            "city": "alpha",
            "kind": "observations",
            "parts": 2,
            "since": "2021-04-01T00:00:00Z",
            "until": "2021-06-01T00:00:00Z",
            "not_before": "2024-06-30T00:00:00Z",
            "hindrance": "it is in use",
        }
    ]
    assert "dropping_observations,alpha,2,{part}" in own_api.get("/v1/health?format=csv").text


def test_without_a_database_metrics_say_so(own_api, monkeypatch):
    assert numbers(own_api)["bypuls_database_up", ()] == 1
    own_api.sql("ALTER TABLE kpi_backlog RENAME TO gone")  # a statement fails, as all do when it is away
    monkeypatch.setattr("api.observing._ASKED_AT_MOST_EVERY", 0.0)
    found = numbers(own_api)
    assert found["bypuls_database_up", ()] == 0
    assert not [name for name, _ in found if name == "bypuls_queue_rows"]
