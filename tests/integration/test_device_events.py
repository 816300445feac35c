"""What happened to devices: stored with its batch, once, or in quarantine; a swap rolls its register up again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bypuls.clock import isoformat, utc_now
from bypuls.storage.database import connect
from ingest.writer import Batch, Happened, Writer
from tests.integration.processing import Town
from tests.integration.test_ingest import platform  # noqa: F401 - a fixture

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SWAP = {"closing": 8123.4, "opening": 0.0}


@pytest.fixture
def register(migrated_url):
    """A town with one register: (town, datastream, device)."""
    town = Town(migrated_url)
    stream = town.datastream(town.site("school", kind="building"), "active_energy_import", interval=None)
    yield town, stream, town.one("SELECT device FROM datastream WHERE id = %s", (stream,))
    town.connection.close()


def write(town, *events):
    with connect(town.url, "writer", autocommit=True) as connection:
        Writer(connection).write(Batch(events=list(events)))


def happened(device, detail, *, time=NOON, kind="swapped_meter", name="active_energy_import", channel=""):
    return Happened(device, time, kind, name, channel, detail, 0)


def test_a_swap_is_stored_once_and_its_bucket_is_queued_once(register):
    town, stream, device = register
    event = happened(device, SWAP, time=NOON + timedelta(minutes=3))
    write(town, event, event)
    write(town, event)
    assert town.all("SELECT kind, property, detail FROM device_event") == [
        ("swapped_meter", "active_energy_import", SWAP)
    ]
    assert town.all("SELECT datastream, bucket FROM changed_bucket") == [(stream, NOON)]


def test_another_event_for_its_key_corrects_it_and_queues_again(register):
    town, _, device = register
    write(town, happened(device, SWAP))
    write(town, happened(device, SWAP | {"opening": 2.0}))
    assert town.one("SELECT detail ->> 'opening' FROM device_event") == "2.0"
    assert town.one("SELECT count(*) FROM changed_bucket") == 2


def test_registers_of_one_device_are_swapped_each_by_itself(register):
    town, _, device = register
    write(town, happened(device, SWAP, channel="t1"), happened(device, SWAP, channel="t2"))
    assert town.one("SELECT count(*) FROM device_event") == 2
    assert town.one("SELECT count(*) FROM changed_bucket") == 0  # no such datastreams yet


def test_what_concerns_no_register_rolls_nothing_up(register):
    town, _, device = register
    write(town, happened(device, {"from": "a", "to": "b"}, kind="moved", name=""))
    assert town.one("SELECT count(*) FROM changed_bucket") == 0


@pytest.mark.broker
def test_an_event_comes_through_the_broker_and_a_bad_one_into_quarantine(platform):  # noqa: F811
    platform.start()
    time = isoformat(utc_now() - timedelta(minutes=1))
    event = {"kind": "swapped_meter", "time": time, "property": "active_energy_import", "closing": 9.5, "opening": 1}
    platform.publish("square", event, kind="events")
    platform.publish("square", event, kind="events")
    platform.publish("square", event | {"opening": None}, kind="events")
    platform.publish("nobody-knows", {"kind": "fault", "time": time, "note": "cold"}, kind="events")
    platform.assert_soon(
        "SELECT kind, e.detail, d.external_id FROM device_event e JOIN device d ON d.id = device ORDER BY kind",
        [
            ("fault", {"note": "cold"}, "nobody-knows"),
            ("swapped_meter", {"closing": 9.5, "opening": 1.0}, "square"),
        ],
    )
    platform.assert_soon("SELECT reason, device FROM quarantine", [("event_invalid", "square")])
    hint = platform.rows("SELECT hint FROM quarantine")[0][0]
    assert "opening" in hint
    platform.assert_soon("SELECT last_seen IS NOT NULL FROM device WHERE external_id = 'square'", [(True,)])
