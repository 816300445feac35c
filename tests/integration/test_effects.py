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
from bypuls.plan import read_plan
from bypuls.storage.cities import add_city
from bypuls.storage.plans import add_plan
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
def run(town, monkeypatch):
    monkeypatch.setenv("BYPULS_DATABASE_URL", town.url)
    add_city(town.connection, city_document(), "test")

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


def test_the_known_effect_of_the_simulated_city_is_found_and_none_where_there_is_none(town, model, run):
    plan = read_plan(PLAN)
    fee, signs = plan.goals[0].measures
    say_months(town, model, VOLUME, {*fee.sites, *signs.sites, *fee.control_sites}, unit="{vehicle}")
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


def test_what_weather_did_is_taken_off_by_the_stations_beside(town, model, run):
    """The truth of the air: the same city, the same weather, without the fee."""
    say_months(town, model, NO2, {"strandgata", "elgeseter"}, unit="ug/m3")
    without, street = Model(13), next(one for one in streams() if (one.site, one.property) == ("strandgata", "no2"))
    times = np.arange(*(int((datetime(year, 1, 1, tzinfo=UTC) - WINTER).timestamp()) for year in (2025, 2026)), HOUR)
    truth = 100 * (model.values(street, times).mean() / without.values(street, times).mean() - 1)
    plan = read_plan(PLAN)
    fee, goal = plan.goals[0].measures[0], plan.goals[0]
    air = msgspec.structs.replace(fee, sites=["strandgata"], kpi=NO2, control_sites=["elgeseter"], expected=None)
    goal = msgspec.structs.replace(goal, measures=[air])
    add_plan(town.connection, msgspec.structs.replace(plan, goals=[goal]), "ada")
    run("plan", "lock", "fjordvik", "fee")
    found = json.loads(run("plan", "effect", "fjordvik", "--json"))[0]
    assert found["beside_control"]["percent_low"] <= truth <= found["beside_control"]["percent_high"] < 0
    assert found["control_sites"] == ["elgeseter"]
