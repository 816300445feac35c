"""People judge values through the API, the processor heeds it, and numbers say so: one city, one instance of each."""

import contextlib
import itertools
import re
import threading
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.app import create_app
from api.resources.calibrations.schemas import Calibration
from api.resources.invalidations.schemas import Invalidation
from api.resources.why.schemas import Why
from api.tokens import create_token
from bypuls.settings import ApiSettings
from bypuls.storage.database import connect, open_pool
from processors.audit import check_rollups
from processors.calculation import Catalogue
from processors.rollup import Rollups
from processors.worker import drain
from tests.integration.api.conftest import served
from tests.integration.processing import Town, at, hours, utc
from tests.integration.test_trust_rollups import drop_raw

DAY = utc(2026, 3, 1, 23)  # the air day of 2 March: UTC+1
NOW = DAY + timedelta(days=2)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
KPI = "air.pm10.mean"
GUIDE = Path(__file__).parents[2] / "docs" / "evidence.md"


class Office:
    """A city's database with an API before it and a processor behind it."""

    def __init__(self, url, stack):
        self.town, self.now = Town(url), NOW
        self.catalogue = Catalogue.load()
        with connect(url) as connection:
            self.headers = {"Authorization": f"Bearer {create_token(connection, 'kari')}"}
        pools = [stack.enter_context(open_pool(url, role, 2)) for role in ("reader", "editor")]
        app = create_app(ApiSettings(), pools[0], write_pool=pools[1], clock=lambda: self.now)
        url = stack.enter_context(served(app))
        self.client = stack.enter_context(httpx.Client(base_url=url, timeout=30))

    def get(self, path, **parameters):
        answer = self.client.get(f"/v1/{path}", params={"city": self.town.slug} | parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method, path, body=None, status=201, **parameters):
        answer = self.client.request(
            method, f"/v1/{path}", params={"city": self.town.slug} | parameters, json=body, headers=self.headers
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def process(self):
        drain(self.town.connection, at(self.now), catalogue=self.catalogue)

    def value(self, start=DAY, **wanted):
        return self.town.value(KPI, "P1D", start, **({"scope": "elgeseter"} | wanted))

    def why(self, **of):
        return self.get("why", **of)


@pytest.fixture
def office(migrated_url):
    with contextlib.ExitStack() as stack:
        made = Office(migrated_url, stack)
        made.town.site("elgeseter")
        stack.callback(made.town.connection.close)
        yield made


plain = pytest.mark.lane("plain")


def recomputed_hash(rows):
    """As docs/evidence.md tells people to do it."""
    names = {"__name__": "check"}
    exec(re.search(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL).group(1), names)  # noqa: S102
    return names["hash_of"](rows)


def inputs(office, value, as_of=None):
    then = "" if as_of is None else f"&as_of={as_of:%Y-%m-%dT%H:%M:%SZ}"
    answer = office.client.get(value["evidence"]["inputs"] + then)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@plain
def test_the_link_in_the_evidence_gives_what_the_value_and_its_hash_are_worked_out_of(office):
    stream = office.town.datastream("elgeseter", "pm10")
    office.town.store(stream, hours(DAY, [10.0 + n for n in range(24)]))
    office.process()
    first = office.value()
    rows = inputs(office, first)
    assert len(rows) == 24
    assert sum(row["mean"] for row in rows) / 24 == first["value"] == 21.5
    assert recomputed_hash(rows) == first["evidence"]["inputs_hash"]
    assert {(row["datastream"], row["class"], row["origin"], row["n_good"]) for row in rows} == {
        (stream, "reference", "measured", 1)
    }
    # A correction a day later: what was said before keeps its inputs.
    office.now = NOW + 24 * HOUR
    office.town.store(stream, [(DAY, 100.0)])
    office.process()
    second = office.value()
    assert second["value"] == pytest.approx(21.5 + 90 / 24)
    assert (
        recomputed_hash(inputs(office, second)) == second["evidence"]["inputs_hash"] != first["evidence"]["inputs_hash"]
    )
    then = inputs(office, second, as_of=NOW + HOUR)
    assert recomputed_hash(then) == first["evidence"]["inputs_hash"]
    assert sum(row["mean"] for row in then) / 24 == 21.5
    assert [row["superseded_at"] is not None for row in then] == [True] + 23 * [False]
    before = office.client.get(second["evidence"]["inputs"] + "&as_of=2020-01-01T00:00:00Z")
    assert (before.status_code, "by 2020-01-01T00:00:00Z" in before.json()["detail"]) == (404, True)


def test_a_value_is_the_same_after_its_raw_data_was_dropped(office):
    stream = office.town.datastream("elgeseter", "pm10")
    lanes = office.town.datastream("elgeseter", "vehicle_count", interval="15 minutes")
    office.town.store(stream, hours(DAY, [10.0 + n for n in range(24)]))
    quarters = [(DAY + 9 * HOUR + 15 * n * MINUTE, float(value)) for n, value in enumerate([10, 20, 30, 20])]
    office.town.store(lanes, quarters)
    office.process()
    columns = "kpi, scope_kind, scope, period, start, value, band, quality, reason, coverage, evidence, status"
    office.now = NOW + timedelta(days=3)  # running years count the hours that are over: all is said at one time

    def said_again():
        office.town.connection.execute(
            "INSERT INTO changed_bucket (datastream, bucket) SELECT datastream, bucket FROM rollup_1h"
        )
        office.process()
        return office.town.all(f"SELECT {columns} FROM kpi_value ORDER BY 1, 2, 3, 4, 5")

    said = said_again()
    assert any(row[0] == "traffic.peak_hour_factor" and row[5] is not None for row in said)
    drop_raw(office.town)
    assert said_again() == said
    assert recomputed_hash(inputs(office, office.value())) == office.value()["evidence"]["inputs_hash"]


@plain
def test_a_calibration_changes_the_values_of_its_time_and_says_so(office):
    stream = office.town.datastream("elgeseter", "pm10")
    other = office.town.datastream(office.town.site("torvet"), "pm10")
    for one in (stream, other):
        office.town.store(one, hours(DAY - 24 * HOUR, [20.0] * 48))
    office.process()
    wanted = {
        "datastream": stream,
        "valid_from": (DAY + 12 * HOUR).isoformat(),
        "slope": 0.5,
        "why": "two weeks beside it",
    }
    added = office.send("POST", "calibrations", wanted)
    assert (added["slope"], added["intercept"], added["who"], added["unit"]) == (0.5, 0.0, "kari", "ug/m3")
    assert set(added) == set(Calibration.model_fields)
    marked = office.town.all("SELECT DISTINCT datastream, min(bucket) OVER () FROM changed_bucket")
    assert marked == [(stream, DAY + 12 * HOUR)], "exactly the affected span"
    office.process()
    value = office.value()
    assert value["value"] == 15.0  # twelve hours of 20, twelve of 10
    assert value["evidence"]["calibrations"] == [
        {"id": added["id"], "datastream": stream, "from": "2026-03-02T11:00:00Z", "slope": 0.5, "intercept": 0.0}
    ]
    assert office.value(DAY - 24 * HOUR)["value"] == 20.0
    assert "calibrations" not in office.value(DAY - 24 * HOUR)["evidence"]
    assert "calibrations" not in office.value(scope="torvet")["evidence"]
    assert recomputed_hash(inputs(office, value)) == value["evidence"]["inputs_hash"]
    assert [row["slope"] for row in inputs(office, value)] == [None] * 12 + [0.5] * 12
    raw = office.get("observations", datastream=stream, **{"from": (DAY + 11 * HOUR).isoformat()})["data"]
    assert [(row["value"], row["calibrated"]) for row in raw[:2]] == [(20.0, None), (20.0, 10.0)]
    assert check_rollups(office.town.connection, DAY, DAY + 24 * HOUR) == []
    again = office.send("POST", "calibrations", wanted, status=409)
    assert f"calibration {added['id']} begins at this time" in again["detail"]
    office.send("DELETE", f"calibrations/{added['id']}", status=200, why="the wrong device")
    office.process()
    assert office.value()["value"] == 20.0
    assert office.get("calibrations")["data"] == []
    assert [row["removed_why"] for row in office.get("calibrations", include="removed")["data"]] == ["the wrong device"]
    assert [row[0] for row in office.town.all("SELECT what FROM audit_log WHERE who = 'kari' ORDER BY id")] == [
        "calibration.add", "calibration.remove",
    ]  # fmt: skip


@plain
@pytest.mark.parametrize(
    ("name", "wanted", "says"),
    [
        ("active_energy_import", {"slope": 1.1}, "is a register"),
        ("sound_level_laeq", {"slope": 1.1}, "shifted, not scaled"),
        ("wind_direction", {"slope": 2.0}, "turned, not scaled"),
        ("vehicle_count", {"intercept": 2.0}, "an intercept would count once per value"),
        ("pm10", {"slope": 0.0}, "greater than 0"),
    ],
)
def test_what_cannot_be_calibrated_so_is_refused_with_the_reason(office, name, wanted, says):
    stream = office.town.datastream("elgeseter", name)
    body = {"datastream": stream, "valid_from": "2026-03-01", "why": "x"} | wanted
    assert says in office.send("POST", "calibrations", body, status=422)["detail"]
    assert office.town.one("SELECT count(*) FROM calibration") == 0


@plain
def test_a_period_is_left_out_and_lifted_and_every_number_says_so(office):
    stream = office.town.datastream("elgeseter", "pm10")
    office.town.store(stream, hours(DAY - HOUR, [999.0] + [10.0] * 20 + [500.0] * 4))
    office.process()
    assert office.value()["value"] == pytest.approx((200 + 2000) / 24)
    body = {"datastream": stream, "from": (DAY + 20 * HOUR).isoformat(), "to": (DAY + 24 * HOUR).isoformat(),
            "why": "ants in the inlet"}  # fmt: skip
    added = office.send("POST", "invalidations", body)
    assert set(added) == {field.alias or name for name, field in Invalidation.model_fields.items()}
    # The hourly value before it does not reach into the period.
    assert office.town.one("SELECT min(bucket) FROM changed_bucket WHERE datastream = %s", (stream,)) >= DAY + 19 * HOUR
    office.process()
    value = office.value()
    assert (value["value"], value["quality"], value["coverage"]) == (10.0, "ok", pytest.approx(20 / 24))
    assert value["evidence"]["left_out"] == {"suspect": 0, "fail": 0, "invalidated": 4}
    assert value["evidence"]["invalidations"] == [added["id"]]
    city = office.value(kind="city", scope="trondheim")["evidence"]
    assert (city["left_out"]["invalidated"], city["from_sites"]) == (4, ["elgeseter"])
    raw = office.get("observations", datastream=stream, **{"from": (DAY + 19 * HOUR).isoformat()})["data"]
    assert [row["invalidated"] for row in raw] == [False, True, True, True, True]
    office.town.store(stream, [(DAY + 22 * HOUR, 700.0)])  # a correction comes late, into the period
    office.process()
    assert office.value()["value"] == 10.0
    whole = office.send(
        "POST", "invalidations", {"site": "elgeseter", "from": "2026-03-02", "to": "2026-03-03", "why": "power"}
    )
    office.process()
    assert (office.value()["quality"], office.value()["reason"]) == ("undefined", "invalidated")
    for one in (whole, added):
        lifted = office.send("POST", f"invalidations/{one['id']}/lift", {"why": "a mistake"}, status=200)
        assert (lifted["lifted_by"], lifted["lifted_why"]) == ("kari", "a mistake")
    office.process()
    assert office.value()["value"] == pytest.approx((200 + 1500 + 700) / 24)
    assert "invalidated" not in office.value()["evidence"]["left_out"]
    assert office.get("invalidations")["data"] == []
    assert len(office.get("invalidations", include="lifted", datastream=stream)["data"]) == 2
    assert check_rollups(office.town.connection, DAY, DAY + 24 * HOUR) == []
    assert [row[0] for row in office.town.all("SELECT what FROM audit_log WHERE who = 'kari' ORDER BY id")] == [
        "invalidation.add", "invalidation.add", "invalidation.lift", "invalidation.lift",
    ]  # fmt: skip


@plain
def test_what_is_to_be_left_out_must_be_clear(office):
    body = {"from": "2026-03-02", "to": "2026-03-03", "why": "x"}
    assert "one of datastream, device and site" in office.send("POST", "invalidations", body, status=422)["detail"]
    empty = body | {"site": "elgeseter", "to": "2026-03-02"}
    assert "the range is empty" in office.send("POST", "invalidations", empty, status=422)["detail"]
    assert "no site 'nowhere'" in office.send("POST", "invalidations", body | {"site": "nowhere"}, status=404)["detail"]
    assert "no invalidation 77" in office.send("POST", "invalidations/77/lift", {"why": "x"}, status=404)["detail"]
    blank = body | {"site": "elgeseter", "why": " "}
    assert "body why" in office.send("POST", "invalidations", blank, status=422)["detail"], "a blank is no reason"
    refused = office.client.post("/v1/invalidations?city=trondheim", json=body | {"site": "elgeseter"})
    assert refused.status_code == 401


@plain
def test_class_and_origin_decide_what_judges_a_law_also_for_districts_and_cities(office):
    """Simulated and modelled values, and indicative instruments, are shown beside and judge nothing."""
    town, law = office.town, "air.pm10.exceedance_days.eu2030"
    town.area("midtbyen")
    for slug, given, value in (
        ("a", {"class": "indicative"}, 80.0),
        ("b", {"class": "reference", "origin": "simulated"}, 90.0),
        ("c", {"class": "reference", "origin": "modelled"}, 95.0),
        ("d", {"class": "reference"}, 20.0),
    ):
        town.site(slug, area="midtbyen")
        town.store(town.datastream(slug, "pm10", **given), hours(DAY, [value] * 24))
    office.process()

    def said(kind, scope):
        found = town.value(law, "P1D", DAY, kind=kind, scope=scope)
        return found["value"], bool(found["evidence"].get("indicative")), found["band"] is None

    assert [said("site", slug)[:2] for slug in "abcd"] == [(1.0, True), (1.0, True), (1.0, True), (0.0, False)]
    for kind, scope in (("district", "midtbyen"), ("city", "trondheim")):
        assert said(kind, scope)[:2] == (0.0, False), "the one that may judge does"
        assert town.value(law, "P1D", DAY, kind=kind, scope=scope)["evidence"]["from_sites"] == ["d"]
    # Its instrument turns out to be indicative: judged again, and audited.
    office.send("PATCH", "sites/d", {"class": "indicative"}, status=200)
    office.process()
    assert said("site", "d")[:2] == (0.0, True)
    value, indicative, no_band = said("city", "trondheim")
    assert (value, indicative, no_band) == (1.0, True, True)
    assert town.one("SELECT what, after FROM audit_log WHERE target = 'd'") == ("site.change", {"class": "indicative"})
    # And the other way round: a becomes a reference instrument.
    office.send("PATCH", "sites/a", {"class": "reference"}, status=200)
    office.process()
    assert said("city", "trondheim")[:2] == (1.0, False)


@plain
def test_why_an_hour_is_empty(office):
    town = office.town
    noon = DAY + 12 * HOUR
    office.now = noon + 2 * HOUR

    def stream(name="pm10", **given):
        site = town.site(f"s{next(number)}")
        return town.datastream(site, name, **({"interval": None, "expected_spacing": "10 minutes"} | given))

    number = itertools.count()
    every = [noon + 10 * n * MINUTE for n in range(6)]
    fine, silent, late, flagged, thin, invalid, rejected = (stream() for _ in range(7))
    town.store(fine, [(at_, 5.0) for at_ in every])
    town.store(silent, [(noon - 30 * MINUTE, 5.0)])
    awaited = stream(expected_spacing="2 hours")
    town.store(awaited, [(noon - 30 * MINUTE, 5.0)])
    town.store(flagged, [(at_, 5.0) for at_ in every[:1]])
    town.store(flagged, [(at_, 5000.0) for at_ in every[1:]], flag=4)
    town.store(thin, [(at_, 5.0) for at_ in every[:3]])
    town.store(invalid, [(at_, 5.0) for at_ in every])
    town.store(rejected, [(noon - 30 * MINUTE, 5.0)])
    device = town.one(
        "SELECT external_id FROM device v JOIN datastream d ON d.device = v.id WHERE d.id = %s", (rejected,)
    )
    town.connection.execute(
        """INSERT INTO quarantine (received_at, last_received_at, city, source, topic, payload, payload_hash, reason,
                                   detail, hint, refusals, device)
           VALUES (%(at)s, %(at)s, %(city)s, 'default', 't', '{}', '\\x00', 'unknown_unit', 'no unit ug/cm',
                   'send ug/m3', '[{"code": "unknown_unit", "field": "pm10"}]', %(device)s)""",
        {"at": noon + 7 * MINUTE, "city": town.slug, "device": device},
    )
    town.connection.execute("UPDATE observation SET received_at = time")
    office.process()
    office.send("POST", "invalidations", {"datastream": invalid, "from": noon.isoformat(),
                                          "to": (noon + HOUR).isoformat(), "why": "ants in the inlet"})  # fmt: skip
    office.process()
    pending = stream()
    town.store(pending, [(at_, 5.0) for at_ in every])

    def asked(of):
        return office.why(datastream=of, start=(noon + 25 * MINUTE).isoformat())

    answers = {name: asked(of) for name, of in {
        None: fine, "silent": silent, "late": awaited, "flagged": flagged, "low_coverage": thin,
        "invalidated": invalid, "rejected": rejected, "not_computed": pending,
    }.items()}  # fmt: skip
    assert {name: answer["reason"] for name, answer in answers.items()} == {name: name for name in answers}
    assert late  # never heard of
    assert asked(late)["reason"] == "silent"
    facts = {name: answer["series"][0] for name, answer in answers.items()}
    assert facts["silent"]["last_time"] == "2026-03-02T10:30:00Z"
    assert (facts["flagged"]["valid"], facts["flagged"]["fail"]) == (1, 5)
    assert (facts["low_coverage"]["valid"], facts["low_coverage"]["expected"]) == (3, 6)
    assert facts["invalidated"]["invalidations"][0]["why"] == "ants in the inlet"
    assert facts["rejected"]["refused"][0]["hint"] == "send ug/m3"
    assert facts["not_computed"]["waiting"] == 6
    assert answers["silent"]["sentence"]["en"].endswith("last heard 2026-03-02 11:30.")  # in the city's time
    assert answers["rejected"]["sentence"]["nb"] == (
        f"1 melding fra {device} kom, men kunne ikke leses (unknown_unit): send ug/m3."
    )
    assert answers["flagged"]["sentence"]["en"] == "Quality control left out 5 of 6 values (0 suspect, 5 failed)."
    assert answers["invalidated"]["sentence"]["nb"] == "Noen har utelatt 6 av 6 verdier: ants in the inlet."
    assert answers["low_coverage"]["sentence"]["en"] == "Too little counts: 3 of 6 expected values."
    at_site = office.why(site="s0", property="no2", start=noon.isoformat())
    assert (at_site["reason"], at_site["series"]) == ("not_defined", [])
    city = office.why(start=noon.isoformat())
    assert city["reason"] is None
    assert len(city["series"]) == 9
    assert office.why(datastream=fine, start=(office.now + HOUR).isoformat())["reason"] == "not_computed"
    unclear = office.client.get("/v1/why", params={"city": "trondheim", "start": "2026-03-02", "site": "s0"})
    assert (unclear.status_code, "of what?" in unclear.json()["detail"]) == (422, True)


@plain
def test_why_a_kpi_has_no_value(office):
    town = office.town

    def asked(**of):
        key = {"kpi": KPI, "scope_kind": "site", "scope": "elgeseter", "period": "P1D", "start": DAY.isoformat()}
        return office.why(**(key | of))

    office.process()
    assert asked()["reason"] == "not_defined"  # nothing measures PM10 there
    assert set(asked()) == {field.alias or name for name, field in Why.model_fields.items()}
    stream = town.datastream("elgeseter", "pm10")
    town.store(stream, hours(DAY, [10.0] * 12))
    town.connection.execute("UPDATE observation SET received_at = time + interval '1 hour'")
    assert asked()["reason"] == "not_computed"
    office.process()
    few = asked()
    assert (few["reason"], few["value"]["quality"]) == ("low_coverage", "insufficient")
    assert few["sentence"]["en"] == "Too little counts: 12 of 24 expected values."
    town.store(stream, hours(DAY + 12 * HOUR, [10.0] * 4), flag=4)
    town.store(stream, hours(DAY + 16 * HOUR, [10.0] * 4), flag=3)
    town.connection.execute("UPDATE observation SET received_at = time + interval '1 hour'")
    office.process()
    assert asked()["reason"] == "flagged"
    assert asked()["sentence"]["nb"] == "Kvalitetskontrollen utelot 8 av 20 verdier (4 mistenkelige, 4 forkastet)."
    city = asked(scope_kind="city", scope="trondheim")
    assert [one["site"] for one in city["sites"]] == ["elgeseter"]
    assert city["reason"] == "low_coverage"
    town.store(stream, hours(DAY + 20 * HOUR, [10.0] * 4))  # after the value was computed
    town.connection.execute(
        "UPDATE observation SET received_at = %s WHERE time >= %s", (NOW + 5 * HOUR, DAY + 20 * HOUR)
    )
    late = asked()
    assert late["reason"] == "late"
    assert late["sentence"]["en"].startswith("16 values came") or late["sentence"]["en"].startswith("24 values came")
    office.process()
    road = town.datastream(town.site("road", kind="road"), "vehicle_count", interval="15 minutes")
    town.store(road, [(DAY + 9 * HOUR + 15 * n * MINUTE, 0.0) for n in range(4)])
    office.process()
    nothing = office.why(
        kpi="traffic.peak_hour_factor", scope_kind="site", scope="road", period="P1D", start=DAY.isoformat()
    )
    assert nothing["reason"] in {"not_defined", "low_coverage"}


@plain
def test_why_a_value_was_empty_in_what_was_said_at_a_time(office):
    key = {"kpi": KPI, "scope_kind": "site", "scope": "elgeseter", "period": "P1D", "start": DAY.isoformat()}
    stream = office.town.datastream("elgeseter", "pm10")
    office.town.store(stream, hours(DAY, [10.0] * 12))
    office.process()
    office.now += 2 * HOUR
    office.town.store(stream, hours(DAY + 12 * HOUR, [10.0] * 12))
    office.process()

    def then(moment):
        return office.why(**key, as_of=moment.isoformat())

    few = then(NOW + HOUR)
    assert (few["reason"], few["value"]["quality"], few["series"]) == ("low_coverage", "insufficient", [])
    said = f"{(NOW + HOUR).astimezone(ZoneInfo('Europe/Oslo')):%Y-%m-%d %H:%M}"
    assert few["sentence"]["en"] == f"Too little counted by {said}: 12 of 24 hours."
    assert few["sentence"]["nb"] == f"For lite talte per {said}: 12 av 24 timer."
    assert (then(NOW - HOUR)["reason"], then(NOW - HOUR)["value"]) == ("not_computed", None)
    assert then(NOW - HOUR)["sentence"]["en"].startswith("Nothing had been said by ")
    assert then(office.now)["reason"] is None
    hour = {"city": "trondheim", "datastream": stream, "start": DAY.isoformat(), "as_of": NOW.isoformat()}
    refused = office.client.get("/v1/why", params=hour)
    assert (refused.status_code, "of an hour at a time is not kept" in refused.json()["detail"]) == (422, True)


@plain
def test_the_inputs_of_peak_hours_are_those_hours(office):
    town = office.town
    town.connection.execute("UPDATE site SET kind = 'road', attributes = '{\"free_flow_speed\": 80}'")
    for name, value in (("vehicle_count", 100.0), ("vehicle_speed_mean", 60.0)):
        town.store(town.datastream("elgeseter", name), hours(utc(2026, 3, 1, 23), [value] * 48))  # Monday and Tuesday
    office.process()
    key = ("traffic.travel_time_index.peak", "P1M", utc(2026, 2, 28, 23))
    value = town.value(*key, scope="elgeseter")
    rows = inputs(office, value)
    peaks = {f"2026-03-0{day} {hour:02}" for day in (2, 3) for hour in (7, 8, 15, 16)}
    assert {row["bucket_local"][:13].replace("T", " ") for row in rows} == peaks
    assert recomputed_hash(rows) == value["evidence"]["inputs_hash"]


@plain
def test_a_calibration_while_the_processor_is_at_it_is_not_lost(office):
    stream = office.town.datastream("elgeseter", "pm10")
    office.town.store(stream, hours(DAY, [20.0] * 24))
    threads = []

    class Interrupted(Rollups):
        def _queue_values(self, connection, now):
            # It has read the values and no calibration; somebody adds one before it commits.
            body = {"datastream": stream, "valid_from": DAY.isoformat(), "slope": 0.5, "why": "x"}
            threads.append(threading.Thread(target=office.send, args=("POST", "calibrations", body)))
            threads[0].start()
            threads[0].join(1)
            assert threads[0].is_alive(), "it waits for the processor"
            super()._queue_values(connection, now)

    assert Interrupted(office.catalogue).batch(office.town.connection, 1000, NOW) == 24
    threads[0].join(60)
    assert office.town.one("SELECT max(sum) FROM rollup_1h") == 20.0
    office.process()
    assert office.value()["value"] == 10.0
