"""An assessment of what is known: always 91 KPIs and 112 data points, each with its state and, if none, its reason."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from bypuls.u4ssc.assessment import Benchmark, Fact
from bypuls.u4ssc.candidates import CityYear, KpiYear, Stated
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.judging import judge

CATALOGUE = load_catalogue()
AIR, POWER, PATENTS = "EN: EN: AQ: 1C", "EN: E: E: 2C", "EC: P: IN: 2C"
YEAR = datetime(2019, 12, 31, 23, tzinfo=UTC)


def year_of(kpi, value, **given):
    evidence = {"origin": ["measured"], "class": ["reference"], "inputs": f"/v1/kpis/{kpi}/inputs?…"}
    columns = {"unit": "ug/m3", "quality": "ok", "reason": None, "status": "final", "coverage": 0.97} | given
    evidence |= columns.pop("evidence", {})
    return KpiYear(kpi, value, **columns, evidence=evidence, version="sha256:1", start=YEAR, computed_at=YEAR)


def fact(name, value):
    return Fact(name=name, value=value, unit="1", valid_from=date(2020, 1, 1), source="SSB 07459")


def judged(measured=(), stated=(), facts=(), benchmarks=None, last_year=()):
    return judge(
        CATALOGUE,
        CityYear(
            city="trondheim",
            year=2020,
            facts={one.name: one for one in facts},
            measured={row.kpi: row for row in measured},
            stated=stated,
            last_year=last_year,
            benchmarks=benchmarks or {},
        ),
    )


def point_of(assessment, code, data_point=""):
    return next(point for point in assessment.points if (point.code, point.data_point) == (code, data_point))


def mark(start, target):
    return Benchmark(start=start, target=target, source="Kommuneplan", valid_from=date(2020, 1, 1))


def test_a_city_of_which_nothing_is_known_has_everything_missing_with_a_reason():
    nothing = judged()
    assert (len(nothing.kpis), len(nothing.points)) == (91, 112)
    assert nothing.kpi_counts.missing == 91
    assert nothing.point_counts.missing == len(nothing.missing) == 112
    assert {point.reason for point in nothing.missing} == {"not_reported", "not_computed"}
    assert all(point.reason_text["nb"] for point in nothing.missing)
    assert [group.score.percent for group in nothing.groups] == [None] * 37  # 3 dimensions, 7 and 27 below them
    assert nothing.label["en"] == "computed by Bypuls, not U4SSC-verified"
    assert [finding.rule for finding in nothing.findings] == ["over_20_percent_unreported"]
    assert nothing.kpi_counts.unverified == sum(kpi.unverified for kpi in CATALOGUE.kpis.values()) > 0


def test_measured_annual_means_are_the_air_kpi():
    means = {"pm25": 6.2, "pm10": 13.5, "no2": 21.0, "o3": 48.1}
    found = judged([year_of(f"air.{name}.mean", value) for name, value in means.items()])
    pm10 = point_of(found, AIR, "pm_10")
    assert (pm10.state, pm10.value, pm10.unit, pm10.data_quality) == ("measured", 13.5, "µg/m3", "accurate_measurement")
    assert pm10.evidence["inputs"] == "/v1/kpis/air.pm10.mean/inputs?…"
    so2 = point_of(found, AIR, "so2")
    assert (so2.state, so2.reason) == ("missing", "not_computed")
    kpi = next(kpi for kpi in found.kpis if kpi.code == AIR)
    assert (kpi.state, kpi.complete) == ("measured", False)
    assert (found.kpi_counts.measured, found.kpi_counts.incomplete, found.point_counts.measured) == (1, 1, 4)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"quality": "insufficient", "reason": "low_coverage", "coverage": 0.41}, "insufficient"),
        ({"quality": "undefined", "reason": "silent"}, "undefined"),
        ({"unit": "ppb"}, "other_unit"),
    ],
)
def test_a_year_that_rests_on_too_little_is_no_value_and_says_why(given, reason):
    found = point_of(judged([year_of("air.pm10.mean", 13.5, **given)]), AIR, "pm_10")
    assert (found.state, found.value, found.reason) == ("missing", None, reason)
    if reason == "insufficient":
        assert found.candidates[0].value == 13.5  # kept, and not used
        assert found.reason_text["nb"].endswith("low_coverage, dekning 41 %")


def test_low_cost_instruments_make_an_estimate_and_simulated_data_says_so():
    cheap = judged([year_of("air.pm10.mean", 13.5, evidence={"class": ["indicative"]})])
    assert point_of(cheap, AIR, "pm_10").data_quality == "assumption_estimate"
    simulated = judged([year_of("air.pm10.mean", 13.5, evidence={"origin": ["measured", "simulated"]})])
    assert point_of(simulated, AIR, "pm_10").simulated
    assert point_of(simulated, AIR, "pm_10").data_quality == "assumption_estimate"
    assert simulated.point_counts.simulated == simulated.kpi_counts.simulated == 1
    part = judged([year_of("air.pm10.mean", 13.5, status="provisional")])
    assert point_of(part, AIR, "pm_10").provisional
    assert part.point_counts.provisional == 1


def test_electricity_per_inhabitant_needs_to_know_whom_the_meters_cover():
    """1.8 TWh over 200 000 people are 9 000 kWh each; a sum over some buildings would be no city's."""
    used = year_of("energy.electricity.consumption", 1.8e9, unit="kW.h")
    people, share = fact("population", 200_000), fact("electricity_metered_share", 0.97)
    found = point_of(judged([used], facts=[people, share]), POWER)
    assert (found.state, found.value, found.numerator, found.denominator) == ("measured", 9000, 1.8e9, 200_000)
    just = judged([used], facts=[people, fact("electricity_metered_share", 0.95)])
    assert point_of(just, POWER).state == "measured"
    assert point_of(judged([used], facts=[people]), POWER).reason == "share_unknown"
    low = point_of(judged([used], facts=[people, fact("electricity_metered_share", 0.2)]), POWER)
    assert (low.reason, low.state) == ("share_too_low", "missing")
    assert point_of(judged([used], facts=[share]), POWER).reason == "fact_unknown"


def reported(value, **given):
    return Stated(AIR, "pm_10", given.pop("origin", "reported"), value, **given)


MEASURED = year_of("air.pm10.mean", 13.5)
SIMULATED = year_of("air.pm10.mean", 13.5, evidence={"origin": ["simulated"]})
PART = year_of("air.pm10.mean", 13.5, status="provisional")


@pytest.mark.parametrize(
    ("measured", "stated", "state", "value"),
    [
        ([MEASURED], [reported(14)], "measured", 13.5),
        ([MEASURED], [reported(14, verified="yes")], "reported", 14),
        ([MEASURED], [reported(15, origin="register")], "measured", 13.5),
        ([PART], [reported(14)], "reported", 14),
        ([PART], [reported(14), reported(15, origin="register")], "register", 15),
        ([PART], [reported(None)], "measured", 13.5),
        ([SIMULATED], [reported(14)], "reported", 14),
        ([], [reported(14), reported(15, origin="register")], "register", 15),
        ([], [reported(14, verified="yes"), reported(15, origin="register")], "reported", 14),
        ([], [reported(None, comment="no station")], "missing", None),
    ],
)
def test_which_of_several_values_wins(measured, stated, state, value):
    found = point_of(judged(measured, stated), AIR, "pm_10")
    assert (found.state, found.value) == (state, value)
    there = max(1, len(measured)) + len(stated)
    assert len(found.candidates) == there  # all stay visible
    assert [candidate.used for candidate in found.candidates].count(True) == (state != "missing")
    if state == "missing":
        assert found.reason_text["en"] == "NR: the city states that it has no value: no station"
    elif there > 1:
        assert found.won["nb"]


def test_a_value_is_worked_out_of_its_parts():
    found = point_of(judged(stated=[Stated(PATENTS, "", "reported", None, numerator=6, denominator=2)]), PATENTS)
    assert (found.state, found.value) == ("reported", 3)


def test_air_in_another_unit_is_no_value():
    for unit, state in (("µg/m³", "reported"), ("", "reported"), ("ppb", "missing"), ("mg/m3", "missing")):
        found = point_of(judged(stated=[reported(14, unit=unit)]), AIR, "pm_10")
        assert (found.state, found.reason) == (state, "stated_in_other_unit" if state == "missing" else None)


def test_scores_are_sums_of_points_at_every_level():
    """Air: PM10 13.5 between 25 (0 %) and 15 (100 %) is 115 %: 4 points. NO2 21 from 40 to 10 is 63.3 %: 2 points.
    Patents: 3 of 10 is 30 %: 1 point. So Air Quality and Environment have 6 of 8 = 75 %, Economy 1 of 4 = 25 %."""
    found = judged(
        [MEASURED, year_of("air.no2.mean", 21.0), year_of("air.pm25.mean", 6.0)],
        [Stated(PATENTS, "", "reported", 3.0)],
        benchmarks={(AIR, "pm_10"): mark(25, 15), (AIR, "no2"): mark(40, 10), (PATENTS, ""): mark(0, 10)},
    )
    pm10, no2 = point_of(found, AIR, "pm_10"), point_of(found, AIR, "no2")
    assert (pm10.percent, pm10.points, pm10.band) == (pytest.approx(115), 4, "gte_95")
    assert (no2.percent, no2.points, no2.band) == (pytest.approx(63.3333, abs=1e-3), 2, "33_66")
    assert point_of(found, AIR, "pm_2.5").points is None  # no benchmark
    scores = {
        tuple(part["en"] for part in (group.dimension, group.sub_dimension, group.category) if part): group
        for group in found.groups
    }
    air = scores["Environment", "Environment", "Air Quality"]
    assert (air.score.points, air.score.possible, air.score.percent, air.score.band) == (6, 8, 75.0, "66_95")
    assert (air.total, air.with_value, air.scored) == (6, 3, 2)
    assert scores["Environment",].score == scores["Environment", "Environment"].score == air.score
    assert scores["Economy",].score.percent == 25
    assert scores["Society and Culture",].score.percent is None
    assert found.point_counts.scored == 3


def test_targets_are_kept_honest():
    found = judged(
        [MEASURED],
        [Stated("EC: ICT: ICT: 5C", "", "reported", 78), Stated("EC: I: T: 4A", "walking", "reported", 20)],
        benchmarks={
            (AIR, "pm_10"): mark(0, 20),
            ("EC: ICT: ICT: 5C", ""): mark(0, 100),
            ("EC: I: T: 4A", "walking"): mark(0, 30),
        },
    )
    notes = [" ".join(note["en"] for note in point.notes) for point in found.points if point.benchmark]
    assert [("without a benchmark" in note, "no direction" in note, "against" in note) for note in notes] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_what_a_verifier_would_ask_is_part_of_it():
    found = judged(
        stated=[Stated("EC: ICT: ICT: 1C", "", "reported", 40), Stated("EC: ICT: ICT: 1C", "", "register", 120)],
        last_year=[Stated("EC: ICT: ICT: 1C", "", "reported", 97)],
    )
    assert [finding.rule for finding in found.findings if finding.code] == ["jump"]  # of what is reported


def test_last_year_may_be_a_registers():
    found = judged(
        stated=[Stated("EC: ICT: ICT: 1C", "", "reported", 40), Stated(PATENTS, "", "reported", 3)],
        last_year=[Stated("EC: ICT: ICT: 1C", "", "register", 97), Stated(PATENTS, "", "reported", 3)],
    )
    assert [finding.rule for finding in found.findings if finding.code] == ["jump"]


def test_noise_stands_beside_and_is_not_the_kpi():
    found = judged([year_of("noise.lden", 63.0, unit="dB[A]")])
    kpi = next(kpi for kpi in found.kpis if kpi.code == "EN: EN: EQ: 2A")
    assert (kpi.state, kpi.beside[0].kpi, kpi.beside[0].value) == ("missing", "noise.lden", 63.0)


def test_an_assessment_is_json_and_comes_back():
    found = judged([MEASURED], [Stated(PATENTS, "", "reported", 3.0)], [fact("population", 200_000)])
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
