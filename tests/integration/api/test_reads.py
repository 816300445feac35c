"""Every list: its rows, the same rows as CSV, its columns as documented, its pages, its filters, its city alone."""

import csv
import io
import json
from datetime import datetime

import pytest
from pydantic import TypeAdapter

from api.resources.areas.schemas import Area
from api.resources.audit.schemas import AuditEntry
from api.resources.cities.schemas import City
from api.resources.datastreams.schemas import Datastream
from api.resources.devices.schemas import Device, DeviceDetail
from api.resources.health.schemas import Health
from api.resources.kpi_values.schemas import KpiValue
from api.resources.kpis.schemas import Input, Kpi, KpiDetail
from api.resources.observations.schemas import Observation
from api.resources.properties.schemas import Property
from api.resources.quarantine.schemas import Quarantined
from api.resources.rollups.schemas import Rollup
from api.resources.silent.schemas import Silent
from api.resources.sites.schemas import Site
from tests.integration.api.seed import KPI, OLD_VERSION, VERSION

INPUTS = f"/v1/kpis/{KPI}/inputs?city=alpha&scope_kind=site&scope=square&period=P1D&start=2024-05-31T23:00:00Z"
LISTS = {
    "/v1/cities": City,
    "/v1/areas?city=alpha": Area,
    "/v1/sites?city=alpha": Site,
    "/v1/devices?city=alpha": Device,
    "/v1/datastreams?city=alpha": Datastream,
    "/v1/properties": Property,
    "/v1/observations?city=alpha&property=pm10": Observation,
    "/v1/observations?city=alpha&property=pm10&order=desc": Observation,
    "/v1/rollups?city=alpha&property=pm10": Rollup,
    "/v1/rollups?city=alpha&property=pm10&resolution=5m": Rollup,
    "/v1/kpis": Kpi,
    "/v1/kpi-values?city=alpha&include=insufficient": KpiValue,
    "/v1/kpi-values?city=alpha&latest=true": KpiValue,
    "/v1/kpi-values?city=alpha&as_of=2024-06-04T12:00:00Z": KpiValue,
    INPUTS: Input,
    "/v1/quarantine": Quarantined,
    "/v1/silent?city=alpha": Silent,
    "/v1/audit": AuditEntry,
}
SINGLE = {
    "/v1/cities/alpha": City,
    "/v1/areas/centre?city=alpha": Area,
    "/v1/sites/square?city=alpha": Site,
    "/v1/devices/meter-1?city=alpha": DeviceDetail,
    "/v1/properties/pm10": Property,
    f"/v1/kpis/{KPI}": KpiDetail,
    f"/v1/kpis/{KPI}?version={OLD_VERSION}": KpiDetail,
    "/v1/quarantine/1": Quarantined,
    "/v1/health": Health,
}


def columns(schema):
    return [field.alias or name for name, field in schema.model_fields.items()]


def test_every_list_has_the_documented_columns_in_json_and_in_csv(api):
    for path, schema in LISTS.items():
        rows = api.data(path, headers=api.admin)
        assert rows, path
        TypeAdapter(list[schema]).validate_python(rows)
        assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(columns(schema)))}, path
        answer = api.get(path, headers=api.admin | {"Accept": "text/csv"})
        assert answer.headers["content-type"].startswith("text/csv"), path
        table = list(csv.DictReader(io.StringIO(answer.text)))
        assert sorted(table[0]) == sorted(columns(schema)), path
        assert [cell(row) for row in table] == [cell(row) for row in rows], path


def cell(row):
    """A row without regard to what CSV cannot tell apart: null and the empty text, 1 and 1.0."""
    return {name: plain(value) for name, value in row.items()}


def plain(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return float(value)
    except (TypeError, ValueError):
        return value or ""


def test_every_single_thing_is_as_documented(api):
    for path, schema in SINGLE.items():
        answer = api.get(path, headers=api.admin)
        assert answer.status_code == 200, answer.text
        schema.model_validate(answer.json())
        assert sorted(answer.json()) == sorted(columns(schema)), path
    stream = api.streams["alpha", "meter-1", "pm10"]
    found = api.get(f"/v1/datastreams/{stream}?city=alpha").json()
    assert (found["device"], found["unit"], found["class"]) == ("meter-1", "ug/m3", "reference")


@pytest.mark.parametrize("form", ["json", "csv"])
def test_paging_through_a_list_gives_each_row_once_and_in_order(api, form):
    for path in LISTS:
        whole = api.data(path, headers=api.admin)
        for limit in (1, 2, len(whole)) if len(whole) < 20 else (7,):
            found, address = [], f"{path}{'&' if '?' in path else '?'}limit={limit}&format={form}"
            while address:
                answer = api.get(address, headers=api.admin)
                if form == "json":
                    body = answer.json()
                    found += body["data"]
                    assert body["next"] == answer.links.get("next", {}).get("url")
                else:
                    found += list(csv.DictReader(io.StringIO(answer.text)))
                address = answer.links.get("next", {}).get("url")
            assert [cell(row) for row in found] == [cell(row) for row in whole], path


def test_csv_without_a_limit_is_everything_however_much_it_is(own_api):
    stream = own_api.streams["alpha", "meter-1", "pm10"]
    own_api.sql(
        """INSERT INTO observation (datastream, time, value, flag, received_at)
           SELECT %s, '2024-06-02Z'::timestamptz + n * interval '1 minute', n, 1, now()
           FROM generate_series(1, 20500) n""",
        [stream],
    )
    path = f"/v1/observations?city=alpha&datastream={stream}"
    lines = own_api.get(f"{path}&format=csv").text.splitlines()
    assert len(lines) == 1 + 18 + 20500
    assert len(set(lines)) == len(lines)
    assert len(own_api.data(path)) == 1000
    assert len(own_api.get(f"{path}&format=csv&limit=10000").text.splitlines()) == 10001


def test_nothing_of_one_city_is_in_anothers_answer(api):
    for path in (*LISTS, *SINGLE, f"/v1/datastreams/{api.streams['alpha', 'meter-1', 'pm10']}?city=alpha"):
        if "city=alpha" not in path:
            continue
        of_alpha, of_beta = (
            api.get(path.replace("alpha", city) if "datastreams/" not in path else path).text
            for city in ("alpha", "beta")
        )
        assert "beta" not in of_alpha, path
        if "datastreams/" not in path:
            assert "alpha" not in of_beta, path
            assert of_alpha != of_beta
    values = {row["value"] for row in api.data("/v1/observations?city=alpha&property=pm10")}
    assert values == {10.0 + n for n in range(18)}


def test_a_datastream_of_another_city_is_not_found(api):
    stream = api.streams["beta", "meter-1", "pm10"]
    for path in (f"/v1/datastreams/{stream}?city=alpha", f"/v1/observations?city=alpha&datastream={stream}"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"] == (
            f"no datastream {stream} in city 'alpha': GET /v1/datastreams?city=alpha lists them"
        )


def test_filters_choose_rows(api):
    assert [row["area"] for row in api.data("/v1/areas?city=alpha&parent=town")] == ["centre"]
    assert [row["site"] for row in api.data("/v1/sites?city=alpha&kind=traffic")] == ["square"]
    assert [row["site"] for row in api.data("/v1/sites?city=alpha&area=town")] == ["hill", "square"]
    assert [row["site"] for row in api.data("/v1/sites?city=alpha&class=indicative")] == ["hill"]
    assert [row["device"] for row in api.data("/v1/devices?city=alpha&status=pending")] == ["stranger"]
    assert [row["device"] for row in api.data("/v1/devices?city=alpha&area=centre")] == ["meter-1"]
    assert len(api.data("/v1/datastreams?city=alpha&property=pm10&property=sound_level_laeq")) == 4
    assert len(api.data("/v1/datastreams?city=alpha&device=meter-1&domain=air&status=active&origin=measured")) == 1
    assert [row["kpi"] for row in api.data("/v1/kpis?domain=air")] == [KPI]
    assert api.data("/v1/kpis?domain=noise") == []
    assert {row["domain"] for row in api.data("/v1/properties?domain=air")} == {"air"}


def test_observations_by_time_and_flag(api):
    path = "/v1/observations?city=alpha&site=square&property=pm10"
    assert [row["flag"] for row in api.data(f"{path}&flag=3")] == [3]
    assert api.data(f"{path}&flag=3")[0]["quality"] == "suspect"
    assert len(api.data(f"{path}&flag=1&flag=2")) == 17
    found = api.data(f"{path}&from=2024-06-01T01:00:00Z&to=2024-06-01T03:30:00%2B02:00")
    assert [row["time"] for row in found] == ["2024-06-01T01:00:00Z", "2024-06-01T01:10:00Z", "2024-06-01T01:20:00Z"]
    # A plus that nobody escaped arrives as a space.
    assert api.data(f"{path}&from=2024-06-01T01:00:00Z&to=2024-06-01T03:30:00+02:00") == found
    assert api.data(f"{path}&order=desc")[0]["time"] == "2024-06-01T02:50:00Z"
    assert {row["site"] for row in api.data("/v1/observations?city=alpha&area=town&property=pm10")} == {
        "square",
        "hill",
    }


def test_times_are_told_in_utc_and_in_the_city(api):
    row = api.data("/v1/observations?city=alpha&site=square&property=pm10&limit=1")[0]
    assert (row["time"], row["time_local"]) == ("2024-06-01T00:00:00Z", "2024-06-01T02:00:00+02:00")
    row = api.data("/v1/observations?city=beta&site=square&property=pm10&limit=1")[0]
    assert (row["time"], row["time_local"]) == ("2024-06-01T00:00:00Z", "2024-06-01T01:00:00+01:00")


def test_a_day_in_a_filter_is_the_citys_own_day(own_api):
    rows = own_api.data("/v1/observations?city=alpha&site=square&property=pm10&from=2024-06-01&to=2024-06-02")
    assert len(rows) == 18
    # Midnight of the second in Oslo is 22:00 UTC of the first.
    own_api.sql("UPDATE observation SET time = time + interval '22 hours'")
    assert len(own_api.data("/v1/observations?city=alpha&site=square&property=pm10&from=2024-06-02")) == 18
    assert len(own_api.data("/v1/observations?city=beta&site=square&property=pm10&from=2024-06-02")) == 12


def test_rollups_carry_counts_coverage_and_the_mean_of_their_kind(api):
    hour = api.data("/v1/rollups?city=alpha&site=square&property=pm10")[0]
    assert (hour["n_good"], hour["n_suspect"], hour["expected"]) == (5, 1, 6)
    assert hour["coverage"] == pytest.approx(5 / 6)
    assert hour["mean"] == pytest.approx((10 + 11 + 12 + 13 + 15) / 5)
    assert (hour["unit"], hour["class"], hour["origin"]) == ("ug/m3", "reference", "measured")
    level = api.data("/v1/rollups?city=alpha&site=square&property=sound_level_laeq")[0]
    assert level["mean"] == pytest.approx(12.6, abs=0.1)
    assert level["mean"] > (10 + 11 + 12 + 13 + 15) / 5, "a mean of energies, not of decibels"
    wind = api.data("/v1/rollups?city=alpha&site=square&property=wind_direction")[0]
    assert (wind["mean"], wind["steadiness"]) == (0, 1)
    five = api.data("/v1/rollups?city=alpha&site=square&property=pm10&resolution=5m")
    assert len(five) == 18


def test_values_that_rest_on_too_little_come_only_when_asked_for(api):
    path = f"/v1/kpi-values?city=alpha&kpi={KPI}&scope_kind=site&scope=square&period=P1D"
    assert [row["quality"] for row in api.data(path)] == ["ok"] * 3
    found = api.data(f"{path}&include=insufficient")
    assert [row["quality"] for row in found] == ["ok", "ok", "ok", "insufficient", "undefined"]
    assert [row["reason"] for row in found[3:]] == ["low_coverage", "silent"]
    assert found[4]["value"] is None
    assert found[0]["start_local"] == "2024-06-01T01:00:00+02:00"
    assert len(api.data(f"{path}&from=2024-06-02T00:00:00Z&to=2024-06-04")) == 1


def test_the_latest_value_of_each_scope(api):
    found = api.data("/v1/kpi-values?city=alpha&latest=true")
    assert [(row["scope_kind"], row["scope"], row["value"]) for row in found] == [
        ("city", "alpha", 12.0),
        ("district", "centre", 12.0),
        ("site", "square", 12.0),
    ]
    found = api.data("/v1/kpi-values?city=alpha&latest=true&include=insufficient&scope_kind=site")
    assert [(row["quality"], row["value"]) for row in found] == [("undefined", None)]
    assert len(api.data("/v1/kpi-values?city=alpha&latest=true&to=2024-06-01T12:00:00Z")) == 3


def test_the_latest_of_named_kpis_is_what_the_latest_of_all_says_of_them(own_api):
    others = ("air.no2.day_mean", "air.pm25.day_mean")
    for kpi in others:
        own_api.sql(
            """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                      reason, coverage, evidence, version, final_at)
               SELECT city, %s, scope_kind, scope, period, start, ends, value, unit, status, quality, reason, coverage,
                      evidence, version, final_at FROM kpi_value WHERE kpi = %s""",
            (kpi, KPI),
        )
    path = "/v1/kpi-values?city=alpha&latest=true&include=insufficient"
    every = own_api.data(path)
    assert {row["kpi"] for row in every} == {KPI, *others}
    for named in ([KPI], [others[1]], [others[1], KPI], [KPI, KPI]):
        found = own_api.data("".join([path, *(f"&kpi={kpi}" for kpi in named)]))
        assert found == [row for row in every if row["kpi"] in named]
    page = own_api.get(f"{path}&kpi={KPI}&kpi={others[0]}&limit=1").json()
    rows = page["data"]
    while page["next"]:
        page = own_api.get(page["next"]).json()
        rows += page["data"]
    assert rows == [row for row in every if row["kpi"] in {KPI, others[0]}]


def test_as_of_gives_what_was_said_at_that_time(own_api):
    path = f"/v1/kpi-values?city=alpha&kpi={KPI}&scope_kind=site&from=2024-06-01T12:00:00Z&to=2024-06-02T12:00:00Z"

    def said(at):
        return [(row["value"], row["status"]) for row in own_api.data(f"{path}&as_of={at}")]

    assert said("2024-06-02T22:00:00Z") == []
    assert said("2024-06-02T23:30:00Z") == [(11.5, "provisional")]
    assert said("2024-06-04T22:59:59Z") == [(11.5, "provisional")]
    assert said("2024-06-04T23:00:00Z") == [(11.0, "revised")]
    # What a value rests on moves on without its saying anything else: it was said all the same.
    own_api.sql("UPDATE kpi_value SET computed_at = now() WHERE city = 'alpha'")
    assert said("2024-06-05T12:00:00Z") == [(11.0, "revised")]
    latest = own_api.data(f"/v1/kpi-values?city=alpha&kpi={KPI}&scope_kind=site&latest=true&as_of=2024-06-04T12:00:00Z")
    assert [row["value"] for row in latest] == [11.5]


def test_the_inputs_of_a_value_are_the_hours_of_its_sites(api):
    rows = api.data(INPUTS)
    assert [row["bucket"] for row in rows] == [f"2024-06-01T0{hour}:00:00Z" for hour in range(3)]
    assert {(row["site"], row["class"], row["origin"]) for row in rows} == {("square", "reference", "measured")}
    of_city = api.data(INPUTS.replace("scope_kind=site&scope=square", "scope_kind=city&scope=alpha"))
    assert of_city == rows, "the indicative instrument is not among the classes of the evidence"
    nothing = api.get(INPUTS.replace("2024-05-31", "2023-05-31"))
    assert nothing.status_code == 404
    assert "no value of" in nothing.json()["detail"]


OF_CITY = INPUTS.replace("scope_kind=site&scope=square", "scope_kind=city&scope=alpha")
A_VALUE_OF_HILL = """INSERT INTO kpi_value SELECT (jsonb_populate_record(v, '{"scope": "hill"}')).* FROM kpi_value v
    WHERE v.city = 'alpha' AND v.scope = 'square'"""


def test_the_inputs_follow_the_window_that_the_evidence_names(own_api):
    window = '{"window": ["2024-06-01T01:00:00Z", "2024-06-01T02:00:00Z"]}'
    own_api.sql("UPDATE kpi_value SET evidence = %s", [window])
    square = ("square", "2024-06-01T01:00:00Z")
    assert [(row["site"], row["bucket"]) for row in own_api.data(OF_CITY)] == [square], "the hill has no value"
    own_api.sql(A_VALUE_OF_HILL)
    assert [(row["site"], row["bucket"]) for row in own_api.data(OF_CITY)] == [square, ("hill", square[1])]


def test_the_inputs_are_all_hours_that_a_value_rests_on_also_beside_its_window(own_api):
    spans = '[["2024-06-01T00:00:00Z", "2024-06-01T01:00:00Z"], ["2024-06-01T02:00:00Z", "2024-06-01T09:00:00Z"]]'
    own_api.sql("UPDATE kpi_value SET evidence = evidence || %s", [f'{{"rests_on": {spans}}}'])
    assert [row["bucket"] for row in own_api.data(INPUTS)] == ["2024-06-01T00:00:00Z", "2024-06-01T02:00:00Z"]


def test_what_the_weather_sites_give_is_among_the_inputs_whatever_the_class(own_api):
    own_api.sql("UPDATE site SET kind = 'weather' WHERE city = 'alpha' AND slug = 'hill'")
    own_api.sql(
        """UPDATE kpi_definition SET document = jsonb_set(document, '{inputs}', document->'inputs'
                   || '{"pm25": {"from": "rollup_1h", "from_site": "weather"}}') WHERE id = %s""",
        [KPI],
    )
    before = own_api.data(INPUTS)
    own_api.sql("UPDATE datastream SET property = 'pm25' WHERE city = 'alpha' AND site = 'hill'")
    found = own_api.data(INPUTS)
    assert {row["site"] for row in before} == {"square"}
    assert {(row["site"], row["class"]) for row in found} == {("square", "reference"), ("hill", "indicative")}


def test_definitions_are_the_current_ones_and_old_versions_stay_readable(api):
    (kpi,) = api.data("/v1/kpis")
    assert (kpi["version"], kpi["unit"], kpi["title"]["en"]) == (VERSION, "ug/m3", "PM10, day mean")
    old = api.get(f"/v1/kpis/{KPI}?version={OLD_VERSION}").json()
    assert (old["current"], old["definition"]["source"]) == (False, "an older book")
    assert {one["version"] for one in old["versions"]} == {VERSION, OLD_VERSION}
    assert api.get(f"/v1/kpis/{KPI}?version=sha256:0").status_code == 404


def test_a_device_shows_its_last_messages_and_what_became_of_each(api):
    found = api.get("/v1/devices/meter-1?city=alpha").json()
    messages = found["recent_messages"]
    assert len(messages) == 20
    assert messages == sorted(messages, key=lambda one: one["received_at"], reverse=True)
    assert (messages[0]["payload"], messages[0]["payload_encoding"]) == ("alpha0", "text")
    assert messages[0]["outcome"] == {"stored": 1, "refused": []}


def test_a_device_may_be_named_like_a_path(own_api):
    own_api.sql("INSERT INTO device (city, external_id) VALUES ('alpha', 'gateway/7:a b')")
    assert own_api.get("/v1/devices/gateway%2F7:a%20b?city=alpha").json()["device"] == "gateway/7:a b"


def test_quarantine_tells_reason_hint_and_payload(api):
    of_alpha = api.data("/v1/quarantine?city=alpha")
    assert [row["reason"] for row in of_alpha] == ["unknown_unit", "not_a_number", "not_json"]
    assert of_alpha[0]["payload"] == '{"pm10": {"value": 1, "unit": "ug/cm"}}'
    assert (of_alpha[2]["payload"], of_alpha[2]["payload_encoding"]) == ("/wAB", "base64")
    assert of_alpha[0]["hint"] == "send ug/m3"
    assert len(api.data("/v1/quarantine")) == 7
    assert len(api.data("/v1/quarantine?reason=unknown_unit&reason=not_json")) == 4
    assert len(api.data("/v1/quarantine?city=alpha&device=meter-1")) == 2
    assert len(api.data("/v1/quarantine?city=alpha&from=2024-06-10T11:00:00Z")) == 1
    assert api.data("/v1/quarantine?replay=asked") == []


def test_a_long_payload_is_cut_in_the_list_and_whole_alone(own_api):
    long = "ø" * 3000
    own_api.sql("UPDATE quarantine SET payload = convert_to(%s, 'UTF8') WHERE id = 1", [f"x{long}"])
    listed = next(row for row in own_api.data("/v1/quarantine") if row["id"] == 1)
    assert (listed["payload"], listed["payload_encoding"]) == ("x" + "ø" * 2047, "text")
    assert listed["payload_bytes"] == 6001
    assert own_api.get("/v1/quarantine/1").json()["payload"] == f"x{long}"


def test_silent_series_are_those_that_should_have_spoken(own_api):
    found = own_api.data("/v1/silent?city=alpha")
    # PM10 of meter-2 is 29 minutes old, of ten minutes and expected every 10: it ended 19 minutes ago;
    # the wind's spacing is unknown; the stranger is pending.
    assert [(row["device"], row["property"]) for row in found] == [("meter-1", "sound_level_laeq")]
    assert found[0]["silent_seconds"] == 3 * 3600
    own_api.sql("UPDATE datastream SET last_time = last_time - interval '12 minutes'")
    assert len(own_api.data("/v1/silent?city=alpha")) == 2
    own_api.sql("UPDATE device SET site = 'hill' WHERE external_id = 'meter-1'")
    assert [row["device"] for row in own_api.data("/v1/silent?city=alpha")] == ["meter-2"]


def test_a_device_shows_its_frames_and_its_clock_and_health_what_a_source_may_lose(own_api):
    own_api.sql("""INSERT INTO source (name, document, granted_qos) VALUES
                   ('tts', '{"city": "alpha", "qos": 1}', 0), ('elsewhere', '{"city": "beta"}', NULL)""")
    note = '{"received": 90, "lost": 4, "duplicates": 2, "restarts": 1, "seen": "ff"}'
    for scope, document in [("tts", note), ("elsewhere", '{"received": 1}')]:
        own_api.sql("INSERT INTO memory (scope, key, document) VALUES (%s, 'frames/meter-1', %s)", (scope, document))
    own_api.sql("UPDATE device SET clock_offset = '-00:01:15' WHERE external_id = 'meter-1'")
    found = own_api.get("/v1/devices/meter-1?city=alpha").json()
    assert found["frames"] == {"received": 90, "lost": 4, "repeated": 2, "restarts": 1}
    assert found["clock_offset_seconds"] == -75.0
    assert own_api.get("/v1/devices?city=alpha&status=pending").json()["data"][0]["frames"] is None
    assert own_api.get("/v1/health").json()["sources"] == [
        {"source": "elsewhere", "city": "beta", "qos": 1, "may_lose_while_disconnected": False},
        {"source": "tts", "city": "alpha", "qos": 0, "may_lose_while_disconnected": True},
    ]


def test_a_datastream_shows_the_conditions_it_was_converted_at(own_api):
    stream = own_api.get("/v1/datastreams?city=alpha&limit=1").json()["data"][0]
    assert stream["conversions"] is None
    own_api.sql("INSERT INTO unit_conversion VALUES (%s, '2026-01-05 10:00Z', 'ppb', 1.9125, 293.15, 101.325)",
                (stream["datastream"],))  # fmt: skip
    assert own_api.get("/v1/datastreams?city=alpha&limit=1").json()["data"][0]["conversions"] == [
        {"valid_from": "2026-01-05T10:00:00.000000Z", "unit": "ppb", "factor": 1.9125, "temperature_k": 293.15,
         "pressure_kpa": 101.325}
    ]  # fmt: skip


def test_health_says_how_old_the_data_are_and_what_waits(own_api):
    own_api.sql("INSERT INTO changed_bucket (datastream, bucket, queued_at) VALUES (1, now(), '2024-06-10T11:59:00Z')")
    found = own_api.get("/v1/health").json()
    alpha = found["cities"][0]
    assert (alpha["city"], alpha["age_seconds"], alpha["silent_datastreams"], alpha["datastreams"]) == (
        "alpha",
        120,
        1,
        5,
    )
    assert alpha["newest_observation_local"] == "2024-06-10T13:58:00+02:00"
    queue = {one["queue"]: one for one in found["queues"]}
    assert queue["changed_bucket"] == {"queue": "changed_bucket", "rows": 1, "oldest_seconds": 60}
    assert queue["kpi_due"]["oldest_seconds"] is None
    assert {"reason": "unknown_unit", "messages": 2} in found["refused_24h"]
    assert found["edition"] in ("plain", "timescaledb-apache", "timescaledb-community")
    tidy = list(csv.DictReader(io.StringIO(own_api.get("/v1/health?format=csv").text)))
    assert {"measure": "newest_observation_age", "of": "alpha", "value": "120.0", "unit": "s"} in tidy


def test_live_and_ready_tell_the_truth(own_api):
    assert own_api.get("/health/live").json() == {"status": "live"}
    assert own_api.get("/health/ready").json() == {"status": "ready"}
    own_api.sql("UPDATE schema_migration SET number = 9999 WHERE number = (SELECT max(number) FROM schema_migration)")
    answer = own_api.get("/health/ready")
    assert (answer.status_code, answer.json()["type"]) == (503, "/docs#problem-wrong-schema")


def test_numbers_that_are_none_are_null(own_api):
    stream = own_api.streams["alpha", "meter-1", "pm10"]
    own_api.sql("UPDATE observation SET value = 'NaN' WHERE datastream = %s AND time = '2024-06-01Z'", [stream])
    own_api.sql(
        "UPDATE observation SET value = '-Infinity' WHERE datastream = %s AND time = '2024-06-01T00:10Z'", [stream]
    )
    path = f"/v1/observations?city=alpha&datastream={stream}"
    assert [row["value"] for row in own_api.data(path)][:3] == [None, None, 12.0]
    assert "NaN" not in own_api.get(path).text
    table = csv.DictReader(io.StringIO(own_api.get(f"{path}&format=csv").text))
    assert [row["value"] for row in table][:3] == ["", "", "12.0"]


def test_csv_reads_in_pandas_as_what_it_is(api):
    import pandas as pd

    frame = pd.read_csv(
        f"{api.url}/v1/observations?city=alpha&property=pm10&site=square&format=csv", parse_dates=["time"]
    )
    assert frame["value"].tolist() == [10.0 + n for n in range(18)]
    assert frame["time"].iloc[0].to_pydatetime() == datetime.fromisoformat("2024-06-01T00:00:00Z")
    sites = pd.read_csv(f"{api.url}/v1/sites?city=alpha&format=csv")
    assert sites.set_index("site")["name"]["square"] == 'The "Square", alpha'
