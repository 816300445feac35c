"""A city's U4SSC year read from the database: computed, reported and register values side by side."""

from __future__ import annotations

from datetime import date

import pytest
from psycopg.types.json import Jsonb

from bypuls.errors import NotFound, SettingsError
from bypuls.storage.database import connect
from bypuls.storage.u4ssc import assess, remove_benchmark, set_benchmarks
from bypuls.u4ssc.benchmarks import BenchmarkSetting
from tests.integration.processing import utc

AIR = "EN: EN: AQ: 1C"
pytestmark = pytest.mark.lane("plain")


def store_year(town, kpi, value, start, *, scope_kind="city", scope=None, period="P1Y", **given):
    columns = {"unit": "ug/m3", "status": "final", "quality": "ok", "reason": None, "coverage": 0.96} | given
    evidence = {"origin": ["measured"], "class": ["reference"], "inputs": "/v1/kpis/…"}
    town.connection.execute(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  reason, coverage, evidence, version, final_at)
           VALUES (%(city)s, %(kpi)s, %(scope_kind)s, %(scope)s, %(period)s, %(start)s,
                   %(start)s + interval '365 days', %(value)s, %(unit)s, %(status)s, %(quality)s, %(reason)s,
                   %(coverage)s, %(evidence)s,
                   'sha256:1', now())""",
        columns
        | {"city": town.slug, "kpi": kpi, "scope_kind": scope_kind, "scope": scope or town.slug, "period": period}
        | {"start": start, "value": value, "evidence": Jsonb(evidence)},
    )


def state(value, code, point="", *, origin="reported", year=2020):
    return {"value": value, "code": code, "point": point, "origin": origin, "year": year}


def store_stated(town, **given):
    town.connection.execute(
        """INSERT INTO reported_value (city, year, code, data_point, origin, value, unit, who)
           VALUES ('trondheim', %(year)s, %(code)s, %(point)s, %(origin)s, %(value)s, '%%', 'anne')""",
        given,
    )


def point_of(assessment, code, data_point=""):
    return next(point for point in assessment.points if (point.code, point.data_point) == (code, data_point))


def read(town, year=2020):
    with connect(town.url, "reader") as connection:
        return assess(connection, town.slug, year)


def test_a_year_is_that_of_the_city_and_of_its_calendar(town):
    """The air year of 2020 begins at 23:00 UTC (UTC+1); other years, places and periods are not it."""
    store_year(town, "air.pm10.mean", 13.5, utc(2019, 12, 31, 23))
    store_year(town, "air.pm10.mean", 99, utc(2018, 12, 31, 23))
    store_year(town, "air.pm10.mean", 99, utc(2020, 12, 31, 23))
    store_year(town, "air.no2.mean", 99, utc(2019, 12, 31, 23), scope_kind="site", scope="elgeseter")
    store_year(town, "air.o3.mean", 99, utc(2019, 12, 31, 23), period="P1M")
    found = read(town)
    assert point_of(found, AIR, "pm_10").value == 13.5
    assert found.point_counts.measured == 1
    assert point_of(read(town, 2022), AIR, "pm_10").state == "missing"


def test_reported_register_and_last_year(town):
    store_stated(town, **state(97, "EC: ICT: ICT: 1C"))
    store_stated(town, **state(96, "EC: ICT: ICT: 1C", origin="register"))
    store_stated(town, **state(40, "EC: ICT: ICT: 1C", year=2019))
    found = read(town)
    internet = point_of(found, "EC: ICT: ICT: 1C")
    assert (internet.state, internet.value) == ("register", 96)
    assert [(one.origin, one.value, one.used) for one in internet.candidates] == [
        ("register", 96, True),
        ("reported", 97, False),
    ]
    assert [finding.rule for finding in found.findings if finding.code] == ["jump"]


def test_a_year_as_it_was_known_at_a_time(town):
    """Measured, reported, facts and benchmarks: each as it stood then, or not at all."""
    internet, area = "EC: ICT: ICT: 1C", "EN: EN: PSN: 1C"

    def said(as_of):
        with connect(town.url, "reader") as connection:
            found = assess(connection, "trondheim", 2020, as_of=as_of)
        points = (point_of(found, AIR, "pm_10"), point_of(found, internet), point_of(found, area))
        return [point.value for point in points] + [points[1].percent, {one.name: one.value for one in found.facts}]

    def benchmark(target, source):
        with connect(town.url, "editor", autocommit=True) as editor:
            set_benchmarks(
                editor, "trondheim", [BenchmarkSetting(internet, "", date(2020, 1, 1), 0, target, source)], "anne"
            )

    def now():
        return town.one("SELECT clock_timestamp()")

    before = now()
    store_year(town, "air.pm10.mean", 13.5, utc(2019, 12, 31, 23))
    store_stated(town, **state(50, internet))
    store_stated(town, **state(7, area))
    town.connection.execute(
        """INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, source)
           VALUES ('trondheim', 'city', 'trondheim', 'population', '2020-01-01', 200000, '{person}', 'SSB')"""
    )
    benchmark(100, "Kommuneplan")
    first = now()
    # As the processor replaces a value that was said.
    columns = """city, kpi, scope_kind, scope, period, start, ends, value, unit, band, detail, status, quality, reason,
                 coverage, evidence, version, final_at, computed_at, added_at, xact, seq"""
    town.connection.execute(
        f"INSERT INTO kpi_value_history ({columns}, superseded_at) SELECT {columns}, clock_timestamp() FROM kpi_value"
    )
    town.connection.execute("UPDATE kpi_value SET value = 14, status = 'revised', computed_at = clock_timestamp()")
    town.connection.execute(
        "UPDATE reported_value SET value = 60, changed_at = clock_timestamp() WHERE code = %s", (internet,)
    )
    town.connection.execute("DELETE FROM reported_value WHERE code = %s", (area,))
    town.connection.execute("UPDATE fact SET value = 205163")
    benchmark(120, "Kommuneplan, revised")
    assert said(None) == said(now()) == [14.0, 60.0, None, 50.0, {"population": 205163.0}]
    assert said(first) == [13.5, 50.0, 7.0, 50.0, {"population": 200000.0}]
    assert said(before) == [None, None, None, None, {}]
    with connect(town.url, "editor", autocommit=True) as editor:
        remove_benchmark(editor, "trondheim", internet, "", date(2020, 1, 1), "anne")
    assert (said(None)[3], said(first)[3]) == (None, 50.0)


def test_the_benchmark_that_holds_at_the_end_of_the_year(town):
    store_stated(town, **state(50, "EC: ICT: ICT: 1C"))
    one = BenchmarkSetting("ec:ict:ict:1c", "", date(2019, 1, 1), 0, 100, "Kommuneplan 2019")
    later = BenchmarkSetting("EC: ICT: ICT: 1C", "", date(2020, 12, 31), 0, 50, "Kommuneplan 2020")
    future = BenchmarkSetting("EC: ICT: ICT: 1C", "", date(2021, 1, 1), 0, 200, "Kommuneplan 2021")
    with connect(town.url, "editor", autocommit=True) as editor:
        assert set_benchmarks(editor, "trondheim", [one, future], "anne") == 2
        assert set_benchmarks(editor, "trondheim", [one], "anne") == 0  # nothing changed: no audit row
        assert point_of(read(town), "EC: ICT: ICT: 1C").percent == 50
        set_benchmarks(editor, "trondheim", [later], "anne")
        found = point_of(read(town), "EC: ICT: ICT: 1C")
        assert (found.percent, found.points, found.benchmark.source) == (100, 4, "Kommuneplan 2020")
        remove_benchmark(editor, "trondheim", "EC: ICT: ICT: 1C", "", date(2020, 12, 31), "berit")
        assert point_of(read(town), "EC: ICT: ICT: 1C").percent == 50
        with pytest.raises(NotFound):
            remove_benchmark(editor, "trondheim", "EC: ICT: ICT: 1C", "", date(2020, 12, 31), "berit")
    audit = town.all("SELECT who, what, after->>'source', before->>'source' FROM audit_log ORDER BY id")
    assert audit == [
        ("anne", "u4ssc_benchmark.set", "Kommuneplan 2019", None),
        ("anne", "u4ssc_benchmark.set", "Kommuneplan 2021", None),
        ("anne", "u4ssc_benchmark.set", "Kommuneplan 2020", None),
        ("berit", "u4ssc_benchmark.remove", None, "Kommuneplan 2020"),
    ]


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({"source": " "}, SettingsError, "names no source"),
        ({"target": 0}, SettingsError, "are the same"),
        ({"code": "EN: EN: AQ: 9C"}, NotFound, "no KPI"),
        ({"data_point": "pm_10"}, NotFound, "has one value"),
    ],
)
def test_a_benchmark_that_cannot_be_is_refused_and_nothing_is_stored(town, changes, error, what):
    good = {"code": "EC: ICT: ICT: 1C", "data_point": "", "valid_from": date(2020, 1, 1)}
    good |= {"start": 0, "target": 100, "source": "Kommuneplan"}
    with pytest.raises(error, match=what):
        set_benchmarks(
            town.connection, "trondheim", [BenchmarkSetting(**good), BenchmarkSetting(**good | changes)], "anne"
        )
    assert town.one("SELECT count(*) FROM u4ssc_benchmark") == town.one("SELECT count(*) FROM audit_log") == 0


def test_facts_are_those_of_the_end_of_the_year(town):
    for day, value in (("2019-01-01", 196_159), ("2020-01-01", 205_163), ("2021-01-01", 207_595)):
        town.connection.execute(
            "INSERT INTO fact VALUES ('trondheim', 'city', 'trondheim', 'population', %s, %s, '{person}', NULL, 'SSB')",
            (day, value),
        )
    assert [(fact.name, fact.value) for fact in read(town).facts] == [("population", 205_163)]


def test_no_such_city(town):
    with pytest.raises(NotFound, match="no city 'oslo'"):
        assess(town.connection, "oslo", 2020)
