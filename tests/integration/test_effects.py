"""Measures of the simulated city, whose true effect is known: what is said of them, at a terminal, must hold it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from bypuls.cli import app
from bypuls.effect_words import METHOD
from bypuls.errors import NotAllowed
from bypuls.plan import read_plan
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect
from bypuls.storage.effects import effects
from bypuls.storage.plans import Author, add_plan, lock_measure
from processors.reports.making import Order, make_report
from processors.reports.sources import InstalledSources
from simulators.city.model import Model
from simulators.city.scenario import read_scenario
from simulators.city.town import HOUR, QUARTER, city_document, streams
from tests.plan_values import say_year

pytestmark = pytest.mark.lane("plain")

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
PLAN = EXAMPLES / "plan-fjordvik.yaml"
VOLUME, NO2 = "traffic.volume.mean_daily", "air.no2.mean"
WINTER = timedelta(hours=1)


@pytest.fixture(scope="module")
def model():
    return Model(13, read_scenario(EXAMPLES / "scenarios/year-of-a-fee.yaml").measures)


@pytest.fixture
def fjordvik(town):
    add_city(town.connection, city_document(), "test")
    town.slug = "fjordvik"
    return town


@pytest.fixture
def run(fjordvik, monkeypatch):
    monkeypatch.setenv("BYPULS_DATABASE_URL", fjordvik.url)

    def command(*arguments):
        done = CliRunner().invoke(app, [str(one) for one in arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return command


def say_months(town, model, kpi, sites, *, factor=1.0, unit):
    """The months of 2024 and 2025 as the simulated devices at these sites measure them."""
    of = "no2" if kpi == NO2 else "vehicle_count"
    for stream in streams():
        if stream.site not in sites or stream.property != of:
            continue
        for month in range(24):
            year, index = 2024 + month // 12, month % 12 + 1
            begin, end = (
                int((datetime(year + at // 12, at % 12 + 1, 1, tzinfo=UTC) - WINTER).timestamp())
                for at in (index - 1, index)
            )
            values = model.values(stream, np.arange(begin, end, HOUR if kpi == NO2 else QUARTER))
            mean = values.mean() if kpi == NO2 else values.sum() / (end - begin) * 86_400
            say_year(
                town.connection, "fjordvik", kpi, year, float(mean) * factor, scope=("site", stream.site), month=index,
                unit=unit, origins=("simulated",), coverage=1.0,
            )  # fmt: skip


def test_the_known_effect_of_the_simulated_city_is_found_and_none_where_there_is_none(fjordvik, model, run):
    plan = read_plan(PLAN)
    fee, signs = plan.goals[0].measures
    say_months(fjordvik, model, VOLUME, {*fee.sites, *signs.sites, *fee.control_sites}, unit="{vehicle}")
    assert run("plan", "add", PLAN) == "fjordvik: traffic-2025 added; 1 goals, 2 measures, 0 targets\n"
    assert "fee, traffic.volume.mean_daily: it is not locked" in run("plan", "effect", "fjordvik")
    for measure in (fee, signs):
        assert "is locked" in run("plan", "lock", "fjordvik", measure.slug)
    found = {one["measure"]: one for one in json.loads(run("plan", "effect", "fjordvik", "--json"))}
    assert found["fee"]["finding"] == "as_expected"
    beside = found["fee"]["beside_control"]
    # the scenario's truth; and what the interval says is worth saying
    assert beside["percent_low"] <= -18 <= beside["percent_high"] < beside["percent_low"] + 4
    assert found["fee"]["expected"]["within"]
    assert (found["signs"]["finding"], found["signs"]["beside_control"]["n"]) == ("not_shown", 12)
    assert found["fee"]["simulated"]
    table = run("plan", "effect", "fjordvik")
    assert [line.split("  ")[0] for line in table.splitlines()[:3]] == ["measure", "fee", "signs"]
    assert "no change shown" in table
    said = run("plan", "effect", "fjordvik", "--measure", "fee", "--language", "nb")
    assert "det er ikke justert for været" in said
    assert "simulerte data" in said


def test_what_weather_did_is_taken_off_by_the_stations_beside(fjordvik, model, run):
    """The truth of the air: the same city, the same weather, without the fee."""
    say_months(fjordvik, model, NO2, {"strandgata", "elgeseter"}, unit="ug/m3")
    without, street = Model(13), next(one for one in streams() if (one.site, one.property) == ("strandgata", "no2"))
    times = np.arange(*(int((datetime(year, 1, 1, tzinfo=UTC) - WINTER).timestamp()) for year in (2025, 2026)), HOUR)
    truth = 100 * (model.values(street, times).mean() / without.values(street, times).mean() - 1)
    plan = read_plan(PLAN)
    fee, goal = plan.goals[0].measures[0], plan.goals[0]
    air = msgspec.structs.replace(fee, sites=["strandgata"], kpi=NO2, control_sites=["elgeseter"], expected=None)
    goal = msgspec.structs.replace(goal, measures=[air])
    add_plan(fjordvik.connection, msgspec.structs.replace(plan, goals=[goal]), "ada")
    run("plan", "lock", "fjordvik", "fee")
    found = json.loads(run("plan", "effect", "fjordvik", "--json"))[0]
    assert found["beside_control"]["percent_low"] <= truth <= found["beside_control"]["percent_high"] < 0
    assert found["control_sites"] == ["elgeseter"]


def seasons(town, site, factor=1.0, kpi=NO2, unit="ug/m3", origins=("measured",)):
    """By hand: 20, 21 … 31 in the months of 2024, that times the factor in 2025."""
    for year, of in ((2024, 1.0), (2025, factor)):
        for month in range(1, 13):
            scope = ("city", "fjordvik") if site is None else ("site", site)
            say_year(
                town.connection, "fjordvik", kpi, year, (19 + month) * of, scope=scope, month=month, unit=unit,
                origins=origins,
            )  # fmt: skip


def locked(town, before_that=None, **given):
    """The measures of a plan, each locked: name -> what is said; `before_that`: SQL, as an older program left them."""
    plan = read_plan(PLAN)
    fee, goal = plan.goals[0].measures[0], plan.goals[0]
    base = {"kpi": NO2, "sites": [], "control_sites": [], "expected": None}
    made = [msgspec.structs.replace(fee, slug=slug, **(base | one)) for slug, one in given.items()]
    goals = [msgspec.structs.replace(goal, measures=made)]
    add_plan(town.connection, msgspec.structs.replace(plan, goals=goals), "ada")
    if before_that:
        town.connection.execute(before_that)
    for one in made:
        lock_measure(town.connection, Author("ada", "fjordvik"), one.slug)
    found = effects(town.connection, "fjordvik", datetime(2026, 2, 1, tzinfo=UTC))
    return {(one["measure"], one["kpi"]): one for one in found}


def test_a_districts_sites_and_others_of_their_kind_that_nothing_was_done_at(fjordvik):
    # In the centre lie strandgata (traffic) and torget (background); elgeseter and sjoegata are traffic, too.
    for site, factor in (("strandgata", 0.8), ("torget", 0.8), ("elgeseter", 1.0), ("sjoegata", 0.5), ("parken", 1.0)):
        seasons(fjordvik, site, factor)
    found = locked(fjordvik, centre={"areas": ["sentrum"]}, harbour={"sites": ["sjoegata"]})
    centre = found["centre", NO2]
    assert sorted(one["scope"] for one in centre["scopes"]) == ["strandgata", "torget"]
    # not the street where another measure began in the same month
    assert (centre["control_sites"], centre["control_chosen"]) == (["elgeseter", "parken"], "same_kind")
    assert centre["beside_control"]["percent"] == pytest.approx(-20)
    assert [one["what"] for one in centre["changed_too"]] == ["harbour"]
    assert "control_by_kind" in [one["code"] for one in centre["cautions"]]


def test_a_whole_city_has_nothing_beside_it_and_no_direction_a_difference(fjordvik):
    seasons(fjordvik, None, 0.9)
    found = locked(fjordvik, all={"kpis": ["weather.wind.direction", "air.no2.mean.rolling_year"]})
    assert found["all", NO2]["no_control"]["en"] == "the whole city is touched"
    assert found["all", NO2]["change"]["percent"] == pytest.approx(-10)
    refused = {kpi: one["refusal"] for (_, kpi), one in found.items()}
    assert refused == {NO2: None, "weather.wind.direction": "goes_round", "air.no2.mean.rolling_year": "overlapping"}


def test_what_happened_to_the_instruments_is_told(fjordvik):
    for site in ("strandgata", "elgeseter"):
        seasons(fjordvik, site, 0.8)
    stream = fjordvik.datastream("strandgata", "no2")
    other = fjordvik.datastream("strandgata", "pm10")
    for one, day in ((stream, "2024-07-01"), (stream, "2021-01-01"), (other, "2024-08-01")):
        fjordvik.connection.execute(
            "INSERT INTO calibration (datastream, valid_from, slope, who, why) VALUES (%s, %s, 1.1, 'ada', 'span gas')",
            (one, day),
        )
    fjordvik.connection.execute(
        """INSERT INTO invalidation (city, site, since, until, why, who)
           VALUES ('fjordvik', 'strandgata', '2025-03-01', '2025-03-09', 'dug up', 'ada')"""
    )
    fjordvik.connection.execute("UPDATE datastream SET first_time = '2025-05-01' WHERE id = %s", (stream,))
    told = locked(fjordvik, fee={"sites": ["strandgata"], "control_sites": ["elgeseter"]})["fee", NO2]["changed_too"]
    assert [(one["kind"], str(one["from"])) for one in told] == [
        ("calibration", "2024-07-01"),
        ("invalidation", "2025-03-01"),
        ("new_instrument", "2025-05-01"),
    ]
    assert told[0]["what"].endswith("no2: span gas")


def test_days_that_cannot_be_take_nothing_else_along(fjordvik):
    for site in ("strandgata", "elgeseter"):
        seasons(fjordvik, site, 0.8)
    ends = """UPDATE measure SET (starts, ends) = (CASE slug WHEN 'old' THEN '0003-01-01'::date ELSE starts END,
                                                  CASE slug WHEN 'old' THEN NULL ELSE '9999-12-31'::date END)"""
    found = locked(fjordvik, ends, fee={"sites": ["strandgata"]}, old={"sites": ["torget"]})
    assert [one["refusal"] for one in found.values()] == ["no_values_after", None]


def test_an_indicator_that_is_gone_is_said_to_be_and_the_others_are_there(fjordvik):
    seasons(fjordvik, "strandgata", 0.8)
    gone = "UPDATE measure SET kpi = 'air.radon.mean' WHERE slug = 'other'"
    found = locked(fjordvik, gone, fee={"sites": ["strandgata"]}, other={"sites": ["torget"]})
    refused = {kpi: one["refusal"] for (_, kpi), one in found.items()}
    assert refused == {NO2: None, "air.radon.mean": "no_definition"}


def test_control_sites_are_of_the_kinds_that_count(fjordvik):
    # by hand: the district has a school, which has no NO2; another school that has some is not like its streets
    rows = fjordvik.connection.execute("SELECT slug FROM site WHERE kind = 'building' ORDER BY slug").fetchall()
    (school,), (other,) = rows[:2]
    for site in ("strandgata", "elgeseter", other):
        seasons(fjordvik, site, 0.8)
    found = locked(fjordvik, fee={"sites": ["strandgata", school]})["fee", NO2]
    assert (found["control_sites"], found["no_control"]) == (["elgeseter"], None)


def test_what_became_a_home_is_not_judged_any_more(fjordvik):
    for site in ("strandgata", "elgeseter"):
        seasons(fjordvik, site, 0.8)
    home = "UPDATE site SET kind = 'household' WHERE slug = 'strandgata'"
    found = locked(fjordvik, home, fee={"sites": ["strandgata"]})["fee", NO2]
    assert (found["refusal"], found["scopes"], found["change"]) == ("no_values_after", [], None)


def test_a_report_holds_what_was_known_at_the_end_of_its_year_and_simulated_values_make_it_a_demonstration(fjordvik):
    for site in ("strandgata", "elgeseter"):
        seasons(fjordvik, site, 0.8 if site == "strandgata" else 1.0, origins=("simulated",))
    locked(fjordvik, fee={"sites": ["strandgata"], "control_sites": ["elgeseter"]})

    def made(year, **given):
        with connect(fjordvik.url, "reader") as connection:
            order = Order("fjordvik", year, "json", "en", **given)
            return make_report(connection, order, InstalledSources(), datetime(2026, 2, 1, tzinfo=UTC)).snapshot

    with pytest.raises(NotAllowed, match="simulated data"):
        made(2025)
    report = made(2025, demonstration=True)
    (fee,) = report.content.effects
    assert (fee.finding, fee.beside.n, fee.beside.last_month, fee.locked) == ("as_expected", 12, "2025-12", True)
    assert fee.beside.percent == pytest.approx(-20)
    assert METHOD in report.content.method
    assert made(2025, demonstration=True).hash == report.hash
    # it began on the first day of 2025: a report of the year before says nothing of it
    assert made(2024, demonstration=True).content.effects == []
