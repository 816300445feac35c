"""Messages over HTTP: who may send, what is kept once, and their way over the broker into the database."""

import contextlib
import json
import threading
import time

import pytest
from psycopg.types.json import Jsonb

from bypuls.clock import utc_now
from bypuls.settings import ApiSettings, IngestSettings
from bypuls.storage.database import connect
from ingest.bridges.configuration import BridgeFile, add_bridge
from ingest.compose import build

pytestmark = pytest.mark.lane("plain")

UPLINK = {
    "end_device_ids": {"device_id": "bell-7", "application_ids": {"application_id": "storvik"}},
    "correlation_ids": ["as:up:01HABC"],
    "received_at": "2026-01-05T10:00:00.5Z",
}


@pytest.fixture
def hook(own_api):
    """Adds a source for webhooks of a seeded city and a token for it; gives a function that sends."""
    api = own_api
    city = api.data("/v1/cities")[0]["city"]

    def source(name, **document):
        fields = {"name": name, "topic_filter": f"bypuls/webhook/{name}/#", "city": city, "formats": ["own_json"]}
        api.sql("INSERT INTO source (name, document) VALUES (%s, %s)", (name, Jsonb(fields | document)))

    source("hook")
    token = api.new_token("sender", ("webhook",), city)

    def send(path="hook", body=b'{"pm10": 12}', token=token, **options):
        headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return api.post(f"/v1/webhooks/{path}", content=content, headers=headers, **options)

    send.api, send.city, send.source = api, city, source
    return send


def outbox(hook):
    return hook.api.sql("SELECT source, topic, convert_from(payload, 'UTF8') FROM outbox ORDER BY id")


def test_a_message_is_kept_for_the_broker_and_answered_with_a_receipt(hook):
    answer = hook("hook/up", {"pm10": 12})
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert receipt["topic"] == "bypuls/webhook/hook/up"
    assert (receipt["source"], receipt["bytes"], receipt["repeated"]) == ("hook", 12, False)
    assert outbox(hook) == [("hook", "bypuls/webhook/hook/up", '{"pm10": 12}')]


def test_the_kind_of_event_may_stand_in_the_question_as_chirpstack_writes_it(hook):
    assert hook("hook?event=up").json()["topic"] == "bypuls/webhook/hook/up"
    assert hook("hook/eui/24e124?event=join").json()["topic"] == "bypuls/webhook/hook/eui/24e124/join"
    assert hook("hook/").json()["topic"] == "bypuls/webhook/hook"


def test_a_network_servers_message_sent_again_is_published_once(hook):
    first, again = hook("hook/up", UPLINK), hook("hook/up", UPLINK)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["repeated"] is True
    assert again.json()["receipt"] == first.json()["receipt"]
    assert hook("hook/up", UPLINK | {"correlation_ids": ["as:up:01HABD"]}).json()["repeated"] is False
    assert len(outbox(hook)) == 2


def test_the_sender_may_name_a_message(hook):
    named = {"Idempotency-Key": "7f6a"}
    assert [hook(headers=named).json()["repeated"] for _ in range(2)] == [False, True]
    assert hook(headers={"Idempotency-Key": "7f6b"}).json()["repeated"] is False
    assert len(outbox(hook)) == 2


def test_equal_bytes_without_a_name_are_two_messages(hook):
    """A sensor without a clock that measures the same again."""
    assert [hook().json()["repeated"] for _ in range(2)] == [False, False]
    assert len(outbox(hook)) == 2


def test_the_same_message_twice_at_the_same_moment_is_published_once(hook):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(hook("hook/up", UPLINK).json())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["repeated"] for answer in answers) == [False] + [True] * 5
    assert len({answer["receipt"] for answer in answers}) == 1
    assert len(outbox(hook)) == 1


def test_receipts_are_kept_for_a_day(hook):
    hook("hook/up", UPLINK)
    hook.api.sql("UPDATE webhook_receipt SET received_at = received_at - interval '25 hours'")
    assert hook("hook/up", UPLINK).json()["repeated"] is False
    assert hook.api.sql("SELECT count(*) FROM webhook_receipt") == [(1,)]


def test_without_a_token_nothing_is_kept(hook):
    answer = hook.api.post("/v1/webhooks/hook", content=b"{}")
    assert answer.status_code == 401
    assert outbox(hook) == []


@pytest.mark.parametrize(
    ("scopes", "everywhere", "status"),
    [
        (("webhook",), True, 202), (("admin",), False, 202), (("read",), False, 403), (("read", "webhook"), False, 202),
    ],
)  # fmt: skip
def test_a_token_needs_the_scope(hook, scopes, everywhere, status):
    token = hook.api.new_token("another", scopes, None if everywhere else hook.city)
    assert hook(token=token).status_code == status


def test_a_token_of_another_city_may_not_send(hook):
    other = hook.api.data("/v1/cities")[1]["city"]
    answer = hook(token=hook.api.new_token("theirs", ("webhook",), other))
    assert answer.status_code == 403
    assert "it needs scope webhook, of city" in answer.json()["detail"]
    hook.source("everywhere", city=None)
    assert hook("everywhere", token=hook.api.new_token("theirs-2", ("webhook",), other)).status_code == 403


def test_a_token_that_only_reads_does_not_learn_which_sources_there_are(hook):
    token = hook.api.new_token("reader", ("read",), hook.city)
    assert hook("nothing", token=token).status_code == 403


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("nothing", 404, "no source 'nothing': add it with 'bypuls source add FILE'"),
        ("hook/a/%2B/b", 422, "at most 8 parts"),
        ("hook/a/%23", 422, "at most 8 parts"),
        ("hook/1/2/3/4/5/6/7/8/9", 422, "at most 8 parts"),
        ("hook/a//b", 422, "at most 8 parts"),
        ("hook?event=%2B", 422, "at most 8 parts"),
        ("UPPER", 422, "match"),
    ],
)
def test_an_address_that_leads_nowhere_says_why(hook, path, status, said):
    answer = hook(path)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert outbox(hook) == []


def test_a_source_that_would_never_see_it_is_no_place_for_it(hook):
    hook.source("elsewhere", broker="mqtts://eu1.example.org")
    hook.source("other-topic", topic_filter="v3/+/devices/+/up")
    assert hook("elsewhere").status_code == 409
    answer = hook("other-topic")
    assert answer.status_code == 409
    assert "topic_filter 'bypuls/webhook/other-topic/#' and no broker are meant" in answer.json()["detail"]


def test_a_body_has_a_size(hook):
    assert hook(body=b"").status_code == 422
    assert hook(body=b"x" * 1_048_577).status_code == 413
    assert hook(body=b"x" * 1_048_576).status_code == 202


def test_what_is_no_json_is_kept_too_quarantine_says_what_is_wrong_with_it(hook):
    assert hook(body=b"\xff\x00").status_code == 202


def test_a_full_rate_is_a_problem_with_the_time_to_wait(hook):
    hook.api.app.state.webhook_rates = type("Never", (), {"take": lambda *_: 3.2})()
    answer = hook()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "4"
    assert answer.json()["type"] == "/docs#problem-too-many"
    assert ApiSettings().webhooks_per_minute == 6000


def test_while_nobody_publishes_senders_are_asked_to_come_again(hook):
    hook.api.sql("INSERT INTO outbox (source, topic, payload) SELECT 'x', 'y', '' FROM generate_series(1, 50000)")
    answer = hook()
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_the_first_message_of_a_sender_is_audited_and_all_are_counted(hook):
    for n in range(3):
        hook(body={"n": n})
    deeds = hook.api.sql("SELECT who, what, target, city FROM audit_log WHERE what LIKE 'webhook%'")
    assert deeds == [("sender", "webhook.begin", "hook", hook.city)]
    assert hook.api.sql("SELECT source, token, messages, bytes FROM webhook_sender") == [("hook", "sender", 3, 24)]


@pytest.mark.broker
def test_from_the_webhook_to_the_observation_or_to_quarantine(hook, mosquitto, unique):
    hook.source("bells", formats=["senml"], trusts_payload_device=True)
    with ingesting(hook.api.database_url, mosquitto.url, unique):
        pack = [{"bn": "bell-7:", "bt": utc_now().timestamp(), "n": "sound_level_laeq", "u": "dB[A]", "v": 61.5}]
        assert hook("bells/bell-7", pack).status_code == 202
        assert hook("bells/bell-7", b"no json").status_code == 202
        stored = """SELECT v.external_id, d.property, o.value FROM observation o
                    JOIN datastream d ON d.id = o.datastream JOIN device v ON v.id = d.device
                    WHERE v.external_id = 'bell-7'"""
        soon(lambda: hook.api.sql(stored) == [("bell-7", "sound_level_laeq", 61.5)])
        refused = "SELECT source, topic, reason FROM quarantine WHERE source = 'bells'"
        soon(lambda: hook.api.sql(refused) == [("bells", "bypuls/webhook/bells/bell-7", "invalid_json")])
        soon(lambda: hook.api.sql("SELECT count(*) FROM outbox WHERE source = 'bells'") == [(0,)])


@pytest.mark.broker
def test_a_things_stack_uplink_goes_the_way_of_every_message_and_is_stored_once(hook, mosquitto, unique):
    hook.source("tts-hook", formats=["tts_v3"])
    hook.source("boxes", identity="bypuls/webhook/boxes/{device}", canonical_units=True)
    now = utc_now().isoformat()
    uplink = UPLINK | {
        "received_at": now,
        "uplink_message": {
            "f_port": 2, "f_cnt": 118, "received_at": now, "frm_payload": "AQID",
            "normalized_payload": [{"air": {"temperature": 4.7, "relativeHumidity": 81}}],
        },
    }  # fmt: skip
    stored = """SELECT v.external_id, d.property, o.value FROM observation o JOIN datastream d ON d.id = o.datastream
                JOIN device v ON v.id = d.device WHERE v.external_id IN ('bell-7', 'box-3') ORDER BY 1, 2"""
    expected = [("bell-7", "air_temperature", 4.7), ("bell-7", "relative_humidity", 81.0), ("box-3", "pm25", 12.5)]
    with ingesting(hook.api.database_url, mosquitto.url, unique):
        assert [hook("tts-hook/up", uplink).json()["repeated"] for _ in range(2)] == [False, True]
        assert hook("boxes/box-3", {"time": now, "pm25": 12.5}).status_code == 202
        soon(lambda: hook.api.sql(stored) == expected)
        # The same frame under another correlation id, as over a second network: known by its counter.
        assert hook("tts-hook/up", uplink | {"correlation_ids": ["as:up:other"]}).json()["repeated"] is False
        soon(lambda: hook.api.sql("SELECT count(*) FROM outbox") == [(0,)])
    assert hook.api.sql(stored) == expected


@contextlib.contextmanager
def ingesting(url, broker_url, instance):
    settings, stop = IngestSettings(instance=instance), threading.Event()
    ingest = build(lambda: connect(url, "writer", autocommit=True), broker_url, settings, utc_now)
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)


def soon(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_how_far_bridges_are_can_be_asked_for(hook):
    bridge = BridgeFile(
        name="air", bridge="nilu", city=hook.city, stations={"Torvet": "torvet", "Sør": "south"},
        since=utc_now().date(), contact="env@storvik.example",
    )  # fmt: skip
    with connect(hook.api.database_url, "owner", autocommit=True) as connection:
        add_bridge(connection, bridge, "test")
    hook.api.sql("UPDATE bridge_station SET last_error = 'gone', failures = 2 WHERE station = 'Torvet'")
    first, second = hook.api.data("/v1/bridges")
    assert (first["bridge"], first["service"], first["station"], first["device"]) == ("air", "nilu", "Sør", "south")
    assert (second["last_error"], second["failures"], second["behind_seconds"]) == ("gone", 2, None)
    assert [row["station"] for row in hook.api.data(f"/v1/bridges?city={hook.city}&failed=true")] == ["Torvet"]
    assert hook.api.get("/v1/bridges?format=csv").text.splitlines()[0].startswith("bridge,service,city")
    assert hook.api.get("/v1/bridges?city=atlantis").status_code == 404
