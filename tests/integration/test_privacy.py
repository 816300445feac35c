"""What households' meters measure leaves as sums over fixed groups and whole months only, whichever way one asks."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import httpx
import pytest
from psycopg.types.json import Jsonb

from api.app import create_app
from api.tokens import create_token
from bypuls.city import City, DeviceEntry, HouseholdGroup, SiteEntry
from bypuls.errors import SettingsError
from bypuls.kpi import load_definitions
from bypuls.settings import ApiSettings, ProcessSettings, load
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect, open_pool
from bypuls.storage.migrate import migrate
from bypuls.storage.queries import queries
from processors.calculation import Catalogue
from processors.worker import drain
from tests.integration.api.conftest import Api, served
from tests.integration.processing import at, utc
from tests.integration.test_energy_values import store_all

KPI = "energy.electricity.consumption"
SEPTEMBER, NOVEMBER = utc(2025, 8, 31, 22), utc(2025, 10, 31, 23)  # in Oslo
NOW = utc(2025, 11, 20, 12)
HOMES = [f"h{number}" for number in range(1, 7)]


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.of({KPI: load_definitions()[KPI]})


@pytest.fixture
def street(town, catalogue):
    """Six homes that use n kWh an hour, five of them a group, and a school that uses 100."""
    town.area("west")
    streams = {}
    for site, power in [*((home, n) for n, home in enumerate(HOMES, 1)), ("school", 100)]:
        town.site(site, "household" if site in HOMES else "building", "west")
        streams[site] = town.datastream(site, "active_energy_import", interval=None, expected_spacing="1 hour")
        readings = [(SEPTEMBER + timedelta(hours=n), 1000 + power * n) for n in range(720 + 745 + 469)]
        store_all(town, streams[site], readings)
    town.connection.execute(
        "INSERT INTO household_group (city, slug, name, sites) VALUES ('trondheim', 'homes', '{}', %s)", (HOMES[:5],)
    )
    drain(town.connection, at(NOW), load(ProcessSettings), catalogue)
    town.streams = streams
    return town


@pytest.fixture
def api(street):
    with contextlib.ExitStack() as stack:
        pools = [stack.enter_context(open_pool(street.url, role, 2)) for role in ("reader", "editor")]
        app = create_app(ApiSettings(), pools[0], write_pool=pools[1], clock=lambda: NOW)
        client = stack.enter_context(httpx.Client(base_url=stack.enter_context(served(app)), timeout=30))
        yield Api(client, app, None, street.url, street.streams, None)


def test_a_group_has_the_sum_of_a_month_that_is_over(street):
    value = street.value(KPI, "P1M", SEPTEMBER, kind="group", scope="homes")
    assert (value["value"], value["quality"]) == (pytest.approx((1 + 2 + 3 + 4 + 5) * 720), "ok")
    assert "from_sites" not in value["evidence"]


def test_a_running_month_and_a_day_have_none(street):
    value = street.value(KPI, "P1M", NOVEMBER, kind="group", scope="homes")
    assert (value["value"], value["quality"], value["reason"]) == (None, "undefined", "withheld")
    assert street.value(KPI, "P1D", SEPTEMBER, kind="group", scope="homes") is None


def test_without_one_of_its_meters_a_group_has_no_value(street, catalogue):
    street.connection.execute("DELETE FROM rollup_1h WHERE datastream = %s", (street.streams["h3"],))
    street.connection.execute(
        "INSERT INTO kpi_due (kpi, city, site, period, start) VALUES (%s, 'trondheim', 'h3', 'P1M', %s)",
        (KPI, SEPTEMBER),
    )
    drain(street.connection, at(NOW), load(ProcessSettings), catalogue)
    value = street.value(KPI, "P1M", SEPTEMBER, kind="group", scope="homes")
    assert (value["value"], value["reason"], value["detail"]) == (
        None, "withheld", {"why": "1 of 5 meters have no value"},
    )  # fmt: skip


def test_districts_and_cities_count_no_household(street):
    for kind, scope in (("city", "trondheim"), ("district", "west")):
        value = street.value(KPI, "P1M", SEPTEMBER, kind=kind, scope=scope)
        assert (value["value"], value["evidence"]["sites_expected"]) == (pytest.approx(100 * 720), 1)


READS = (
    f"/v1/kpi-values?city=trondheim&kpi={KPI}",
    "/v1/observations?city=trondheim&property=active_energy_import",
    "/v1/rollups?city=trondheim&property=active_energy_import",
    "/v1/rollups?city=trondheim&property=active_energy_import&resolution=5m",
)


@pytest.mark.parametrize("path", READS)
def test_reads_that_are_open_hold_no_household(api, path):
    rows = api.data(path)
    sites = {row.get("site") or row["scope"] for row in rows if row.get("scope_kind", "site") == "site"}
    assert sites == {"school"}


def test_a_households_inputs_are_as_closed_as_its_values(api):
    asked = f"/v1/kpis/{KPI}/inputs?city=trondheim&scope_kind=site&scope=h1&period=P1M&start=2025-09-01"
    assert api.get(asked).status_code == 404
    of_group = api.get(asked.replace("scope_kind=site&scope=h1", "scope_kind=group&scope=homes"))
    assert of_group.status_code == 404 or of_group.json()["data"] == []


def test_why_says_that_a_homes_number_is_withheld_and_not_that_nothing_came(api):
    for of in (
        f"datastream={api.streams['h1']}",
        "site=h1&property=active_energy_import",
        f"kpi={KPI}&scope_kind=site&scope=h1&period=P1M",
        f"kpi={KPI}&scope_kind=site&scope=h1&period=P1M&as_of=2025-11-20",
        f"kpi={KPI}&scope_kind=group&scope=homes&period=P1M",
    ):
        start = "2025-11-01" if "group" in of else "2025-09-01"
        told = api.get(f"/v1/why?city=trondheim&start={start}&{of}").json()
        assert {told["reason"], *(one["reason"] for one in told["series"])} == {"withheld"}, of
        assert "is not published" in told["sentence"]["en"]


def test_why_something_of_a_home_does_not_count_is_not_told(api, street):
    street.connection.execute(
        """INSERT INTO invalidation (city, datastream, since, until, why, who)
           SELECT 'trondheim', id, '2025-09-02', '2025-09-03', 'away: ' || site, 'kari' FROM datastream"""
    )
    told = {row["datastream"]: row["why"] for row in api.data("/v1/invalidations?city=trondheim")}
    assert told.pop(street.streams["school"]) == "away: school"
    assert set(told.values()) == {"withheld"}


def test_where_a_household_is_is_not_told(api, street):
    street.connection.execute("UPDATE site SET latitude = 63, longitude = 10, attributes = '{\"floor_area\": 90}'")
    rows = {row["site"]: row for row in api.data("/v1/sites?city=trondheim")}
    assert (rows["h1"]["latitude"], rows["h1"]["longitude"], rows["h1"]["attributes"]) == (None, None, {})
    assert (rows["school"]["latitude"], rows["school"]["attributes"]) == (63, {"floor_area": 90})


@pytest.mark.parametrize(("city", "opened"), [(None, True), ("trondheim", True), ("bergen", False)])
def test_a_token_for_it_opens_its_city_and_leaves_a_trace(api, street, city, opened):
    street.connection.execute(
        """INSERT INTO city (slug, name, time_zone, document) VALUES ('bergen', '{}', 'Europe/Oslo', '{}')"""
    )
    with connect(street.url) as connection:
        tokens = {scope: create_token(connection, scope, [scope], city) for scope in ("personal", "admin", "read")}
    seen = {}
    for scope, token in tokens.items():
        rows = api.data(READS[0], headers={"Authorization": f"Bearer {token}"})
        seen[scope] = {row["scope"] for row in rows if row["scope_kind"] == "site"}
    assert seen["admin"] == seen["read"] == {"school"}
    assert seen["personal"] == ({"school", *HOMES} if opened else {"school"})
    trace = street.all("SELECT who, target FROM audit_log WHERE what = 'personal.read'")
    assert trace == [("personal", f"GET {READS[0]}")]


def test_boards_hold_no_household(street):
    with connect(street.url, "grafana", autocommit=True) as connection:
        found = connection.execute(
            """SELECT array_agg(DISTINCT site) FROM board_hour
               WHERE value IS NOT NULL OR min IS NOT NULL OR max IS NOT NULL
               UNION ALL
               SELECT array_agg(DISTINCT site) FROM board_five_minutes
               WHERE value IS NOT NULL OR min IS NOT NULL OR max IS NOT NULL
               UNION ALL SELECT array_agg(DISTINCT scope) FROM board_kpi WHERE scope_kind = 'site'"""
        ).fetchall()
    assert found == [(["school"],)] * 3


def test_a_refused_message_of_a_household_is_not_quoted(api, street):
    device = street.one("SELECT external_id FROM device WHERE site = 'h1'")
    street.connection.execute(
        """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals, device)
           VALUES (%s, %s, 'trondheim', 'x', 't', 'secret 4711', 'x', 'out_of_range', 'secret 4711', 'mend', %s, %s)""",
        (NOW, NOW, Jsonb([{"detail": "secret 4711"}]), device),
    )
    answer = api.get("/v1/quarantine?city=trondheim")
    assert answer.status_code == 200
    assert "4711" not in answer.text
    with connect(street.url, "grafana", autocommit=True) as connection:
        assert "4711" not in str(connection.execute("SELECT * FROM board_quarantine").fetchall())


def _two_places(town):
    streams = {}
    for site, kind in (("h1", "household"), ("school", "building")):
        town.site(site, kind)
        streams[site] = town.datastream(site, "active_energy_import", interval=None, expected_spacing="1 hour")
        store_all(town, streams[site], [(SEPTEMBER, 1000), (SEPTEMBER + timedelta(hours=1), 1001)])
    return streams


def test_a_board_tells_nothing_of_a_home_but_that_it_is_there(town):
    told = '{"owner": "Kari", "street": "Fjordgata 7", "floor_area": 90, "free_flow_speed": 50}'
    _two_places(town)
    town.connection.execute("UPDATE site SET attributes = %s", (told,))
    with connect(town.url, "grafana", autocommit=True) as connection:
        asked = "SELECT owner, street, floor_area, free_flow_speed FROM board_site WHERE site = %s"
        rows = {site: connection.execute(asked, (site,)).fetchone() for site in ("h1", "school")}
    assert rows == {"h1": (None, "h1", None, None), "school": ("Kari", "Fjordgata 7", 90, 50)}


def test_a_home_stays_a_home_whoever_asks(api, street):
    with connect(street.url) as connection:
        headers = {"Authorization": f"Bearer {create_token(connection, 'admin', ['admin'], 'trondheim')}"}
    refused = api.client.patch("/v1/sites/h1?city=trondheim", json={"kind": "building"}, headers=headers)
    assert refused.status_code == 403
    change = {"attributes": {"street": "secret 4711"}}
    assert api.client.patch("/v1/sites/h1?city=trondheim", json=change, headers=headers).status_code == 200
    audit = api.client.get("/v1/audit?city=trondheim", headers=headers).text
    assert "site.change" in audit
    assert "4711" not in audit


def test_a_citys_file_opens_no_home_and_the_audit_log_does_not_say_where_it_is(town):
    def storvik(kind):
        site = SiteEntry("home", "secret 4711", kind, lat=63.4711, lon=10.4)
        return City("storvik", {"en": "Storvik"}, "Europe/Oslo", sites=[site])

    add_city(town.connection, storvik("household"), "test")
    assert "4711" not in str(town.all("SELECT after FROM audit_log WHERE city = 'storvik'"))
    with pytest.raises(SettingsError, match="is a home"):
        add_city(town.connection, storvik("building"), "test")


def test_what_a_meter_sent_from_a_home_stays_closed_when_it_hangs_elsewhere(town):
    _two_places(town)
    device, number = town.all("SELECT external_id, id FROM device WHERE site = 'h1'")[0]
    town.connection.execute("UPDATE device SET site = 'school' WHERE id = %s", (number,))
    town.connection.execute(
        """INSERT INTO recent_message (device, slot, received_at, topic, payload, outcome)
           VALUES (%s, 0, %s, 't', 'secret 4711', '{"stored": 1}')""",
        (number, NOW),
    )
    town.connection.execute(
        """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals, device)
           VALUES (%s, %s, 'trondheim', 'x', 't', 'secret 4711', 'x', 'out_of_range', 'secret 4711', 'mend', '[]',
                   %s)""",
        (NOW, NOW, device),
    )
    with connect(town.url, "reader", autocommit=True) as connection:
        assert connection.execute("SELECT payload FROM recent_message").fetchall() == [(None,)]
        assert connection.execute("SELECT payload FROM quarantine").fetchall() == [(None,)]
    with connect(town.url, "grafana", autocommit=True) as connection:
        assert "4711" not in str(connection.execute("SELECT * FROM board_quarantine").fetchall())


@pytest.mark.parametrize(("topic", "device"), [("x", "A81758FFFE03"), ("up/a81758fffe03/data", None)])
def test_a_refused_message_is_a_homes_by_any_name_of_its_meter(town, topic, device):
    """Ingest writes down what the message calls its device: an EUI, or nothing where it cannot be read."""
    _two_places(town)
    town.connection.execute("UPDATE device SET keys = '{\"eui\": \"a81758fffe03\"}' WHERE site = 'h1'")
    asked = """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash,
                                       reason, detail, hint, refusals, device)
               VALUES (%s, %s, 'trondheim', 'x', %s, %s, %s, 'out_of_range', %s, 'mend', '[]', %s)"""
    town.connection.execute(asked, (NOW, NOW, topic, b"secret 4711", b"1", "secret 4711", device))
    town.connection.execute(asked, (NOW, NOW, "y", b"open", b"2", "open", "school-meter"))
    with connect(town.url, "reader", autocommit=True) as connection:
        rows = connection.execute("SELECT payload, detail FROM quarantine ORDER BY id").fetchall()
    assert rows == [(None, "a household's message: withheld"), (b"open", "open")]
    with connect(town.url, "grafana", autocommit=True) as connection:
        rows = connection.execute("SELECT detail FROM board_quarantine ORDER BY id").fetchall()
    assert rows == [("a household's message: withheld",), ("open",)]


def test_a_meter_that_waits_to_be_settled_is_as_closed_as_its_home(town):
    streams = _two_places(town)
    town.connection.execute("UPDATE datastream SET site = NULL WHERE site = 'h1'")
    with connect(town.url, "reader", autocommit=True) as connection:
        seen = {one for (one,) in connection.execute("SELECT DISTINCT datastream FROM observation")}
    assert seen == {streams["school"]}


@pytest.mark.lane("plain")
def test_a_meter_that_nobody_has_placed_is_closed_until_it_is_known_to_hang_in_no_home(town):
    streams = _two_places(town) | {"street": town.datastream("school", "pm10")}
    town.store(streams["street"], [(NOW, 7.0)])
    # A meter's device tells where it is, too, and the air of its room.
    for name in ("latitude", "co2"):
        streams[name] = town.one(
            """INSERT INTO datastream (city, device, site, property, channel, unit)
               SELECT city, device, site, %s, '', '1' FROM datastream WHERE id = %s RETURNING id""",
            (name, streams["school"]),
        )
        town.store(streams[name], [(NOW, 63.4)])
    town.connection.execute("UPDATE datastream SET site = NULL WHERE site = 'school'")
    town.connection.execute("UPDATE device SET site = NULL, status = 'pending' WHERE site = 'school'")
    drain(town.connection, at(NOW), load(ProcessSettings), Catalogue.of({}))
    town.connection.execute(
        """INSERT INTO recent_message (device, slot, received_at, topic, payload, outcome)
           SELECT device, 0, %s, 't', property::bytea, '{"stored": 1}' FROM datastream
           WHERE site IS NULL AND property IN ('active_energy_import', 'pm10')""",
        (NOW,),
    )

    def seen(role="reader", personal=""):
        with connect(town.url, role, autocommit=True) as connection:
            connection.execute("SELECT set_config('bypuls.personal', %s, false)", (personal,))
            tables = ["observation"]
            if role == "grafana":
                tables = [
                    f"board_{one} WHERE coalesce(value, min, max) IS NOT NULL" for one in ("hour", "five_minutes")
                ]
            found = [{one for (one,) in connection.execute(f"SELECT datastream FROM {table}")} for table in tables]
        assert all(one == found[0] for one in found)
        return found[0]

    assert seen() == seen("grafana") == {streams["street"]}  # what the air is like is open wherever it hangs
    assert seen(personal="trondheim") == set(streams.values())
    with connect(town.url, "reader", autocommit=True) as connection:
        assert connection.execute("SELECT payload FROM recent_message ORDER BY payload").fetchall() == [
            (b"pm10",),
            (None,),
        ]
    for site in ("h1", "school"):
        town.connection.execute("UPDATE device SET site = %s WHERE site IS NULL OR site IN ('h1', 'school')", (site,))
        placed = set(streams.values()) - {streams["h1"]} if site == "school" else set()
        assert seen() == seen("grafana") == placed


def test_no_month_of_measurements_is_open_to_the_reader(town):
    town.one("SELECT bypuls_ensure_partitions('2025-09-01', '2025-11-30')")
    migrate(town.url)  # grants on all tables find those of months, too
    with connect(town.url, "reader", autocommit=True) as connection:
        opened = connection.execute(
            """SELECT oid::regclass::text FROM pg_class
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                 AND relname ~ '^(observation|rollup_|kpi_value|site$|quarantine|recent_message)'
                 AND has_table_privilege(oid, 'SELECT')"""
        ).fetchall()
    assert opened == []


def test_a_group_is_fixed_and_stands_beside_those_before_it(town):
    sites = [SiteEntry(home, home, "household") for home in [*HOMES, "h7"]]
    devices = [DeviceEntry(site.slug, site.slug) for site in sites]

    def add(*groups):
        named = [HouseholdGroup(slug, {"en": slug}, members) for slug, members in groups]
        city = City("storvik", {"en": "Storvik"}, "Europe/Oslo", sites=sites, devices=devices, household_groups=named)
        add_city(town.connection, city, "test")

    add(("homes", HOMES[:5]))
    add(("homes", HOMES[:5]))
    with pytest.raises(SettingsError, match="groups are fixed"):
        add(("homes", HOMES))
    # The file may forget the group; what was published of it is known.
    with pytest.raises(SettingsError, match="give away 1 of their meters"):
        add(("more", HOMES))
    assert town.all("SELECT slug, sites FROM household_group WHERE city = 'storvik'") == [("homes", HOMES[:5])]


def test_a_raw_message_is_kept_for_its_time_only(town):
    """As ingest's housekeeping does it; the row, its reason and its count stay, what quotes the message goes."""
    young, old = ("now() - interval '29 days'", "now() - interval '31 days'")
    for name, at_ in (("young", young), ("old", old)):
        town.connection.execute(
            f"""INSERT INTO quarantine (received_at, last_received_at, source, topic, payload, payload_hash, reason,
                                        detail, hint, refusals)
                VALUES ({at_}, {at_}, 'x', 't', 'secret 4711', %s, 'out_of_range', 'secret 4711', 'mend', %s)""",
            (name.encode(), Jsonb([{"code": "out_of_range", "detail": "secret 4711"}])),
        )
    town.connection.execute(queries("ingest", "writer.sql")["forget_payloads"], (timedelta(days=30),))
    kept = dict(town.all("SELECT convert_from(payload_hash, 'UTF8'), quarantine::text FROM quarantine"))
    assert kept["young"].count("4711") == 2
    assert "4711" not in kept["old"]
    assert "out_of_range" in kept["old"]
    erased = town.all("SELECT payload, reason, refusals FROM quarantine WHERE payload_erased_at IS NOT NULL")
    assert erased == [(b"", "out_of_range", [{"code": "out_of_range"}])]
