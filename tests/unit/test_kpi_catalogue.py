"""Every KPI file holds together, and every KPI has golden cases: folders that a new case joins without code.

A case is `tests/golden/kpis/<id>/<name>/`: `hours.csv` (runs of equal values: site, kind, property, start, hours, value
and where it matters class, origin, channel, n_valid, expected, suspect, fail, step in seconds, of registers covered and
estimated (the interpolated part); start `@next` goes on
where the row above ended) and `expected.json` (note with the arithmetic or source, period, values, scopes; site
`attributes`).
"""

import csv
import json
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import pytest

from bypuls.errors import CatalogueError
from bypuls.kpi import ANY_PROPERTY, load_definitions, parse_definition
from bypuls.properties import Properties
from processors.calculation import Catalogue
from processors.combination import combine
from processors.documentation import PAGE, page
from tests.kpi_inputs import records_of, series_of, values_of

GOLDEN = Path(__file__).parents[1] / "golden/kpis"
CASES = sorted(folder.parent for folder in GOLDEN.glob("*/*/expected.json"))
IDS = sorted(load_definitions())


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load()


def _read(folder, attributes):
    rows, streams, last = [], {}, {}
    for row in csv.DictReader((folder / "hours.csv").read_text(encoding="utf-8").splitlines()):
        step = int(row.get("step") or 3600)
        key = (row["site"], row["property"], row.get("channel") or "", row.get("class") or "reference")
        stream = streams.setdefault(
            key,
            {
                "id": len(streams) + 1,
                "site": row["site"],
                "kind": row["kind"],
                "property": row["property"],
                "channel": key[2],
                "class": key[3],
                "origin": row.get("origin") or "measured",
                "interval": float(step),
                "attributes": attributes.get(row["site"], {}),
            },
        )
        start = last[key] if row["start"] == "@next" else int(datetime.fromisoformat(row["start"]).timestamp())
        count = int(row["hours"])
        last[key] = start + count * step
        rows += [
            (
                stream["id"],
                start + number * step,
                float(row["value"]),
                int(row.get("n_valid") or 1) if row.get("n_valid") != "0" else 0,
                int(row.get("expected") or 1),
                int(row.get("suspect") or 0),
                int(row.get("fail") or 0),
                float(row.get("covered") or "nan"),
                float(row.get("estimated") or "nan"),
            )
            for number in range(count)
        ]
    return records_of(rows), series_of(list(streams.values()))


def _check(got, expected, name):
    if expected["value"] is None:
        assert got.value is None, name
    else:
        assert got.value == pytest.approx(expected["value"], rel=1e-9, abs=1e-9), name
    assert (got.quality, got.reason) == (expected["quality"], expected["reason"]), name
    if "band" in expected:
        assert got.band == expected["band"], name
    if "coverage" in expected:
        assert got.coverage == pytest.approx(expected["coverage"], abs=1e-8), name
    for part, found in (("detail", got.detail), ("evidence", got.evidence)):
        for key, value in expected.get(part, {}).items():
            assert (found or {}).get(key) == value, (name, part, key)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_golden_case_gives_what_it_says(folder, catalogue):
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert expected["note"]
    records, series = _read(folder, expected.get("attributes", {}))
    definition = catalogue.definitions[folder.parent.name]
    seconds = {entry["start"]: int(datetime.fromisoformat(entry["start"]).timestamp()) for entry in expected["values"]}
    wanted = [(entry["site"], seconds[entry["start"]]) for entry in expected["values"]]
    now = datetime.fromisoformat(expected["now"])
    values = values_of(catalogue, definition.id, expected["period"], records, series, now=now, wanted=wanted)
    found = {(value.scope, value.start): value for value in values}
    for entry in expected["values"]:
        _check(found[entry["site"], seconds[entry["start"]]], entry, entry["site"])
    by_start = defaultdict(list)
    for value in values:
        by_start[value.start].append(value)
    for entry in expected["scopes"]:
        start = int(datetime.fromisoformat(entry["start"]).timestamp())
        parts = sorted(by_start[start], key=lambda value: value.scope)
        made = combine(definition, catalogue, parts, kind=entry["kind"], scope=entry["scope"], expected=len(parts))
        _check(made, entry, entry["scope"])


@pytest.mark.parametrize("kpi", IDS)
def test_every_kpi_has_a_golden_case(kpi):
    assert any(folder.parent.name == kpi for folder in CASES)


def test_every_golden_case_belongs_to_a_kpi():
    assert {folder.parent.name for folder in CASES} <= set(IDS)


@pytest.mark.parametrize("kpi", IDS)
def test_a_kpis_file_holds_together(kpi, catalogue):
    definition, properties = catalogue.definitions[kpi], Properties.load()
    calculator = catalogue.calculator(definition)
    names = [name for name in definition.inputs if name != ANY_PROPERTY]
    assert all(name in properties for name in names)
    assert len({spec.table for spec in definition.inputs.values()}) == 1
    units = {properties[name].unit for name in names} if calculator.units is None else calculator.units
    assert definition.unit in units
    for texts in (definition.title, definition.question):
        assert {"en", "nb"} <= texts.keys()
    assert definition.source.strip()
    assert definition.sdg
    _check_standard(definition, catalogue.standards)


AVERAGING = {"hour": "1h", "day_mean": "24h", "max_8h": "max_8h"}
OF_CALCULATOR = {"annual_limit": "year", "peak_season": "peak_season"}


def _check_standard(definition, standards):
    name = definition.parameters.get("standard")
    if definition.calculator == "noise_level":
        _check_noise(definition.parameters, standards)
    if name is None:
        return
    if definition.calculator == "us_aqi":
        assert standards.index(name).tables
        return
    if definition.calculator == "threshold_hours":
        assert definition.parameters["threshold"] in standards.rules[name].values[definition.parameters["pollutant"]]
        return
    if definition.calculator in {"air_class", "air_index"}:
        scale = standards.scale(name)
        pollutants = definition.parameters["pollutants"]
        assert pollutants.keys() == definition.inputs.keys()
        assert all(scale.edges_of(pollutant) for pollutant in pollutants.values())
        return
    known = ["norway_legal_limits", "eu_2008_50"] if name == "national" else [name]
    for standard in map(standards.limit_standard, known):
        for edition in standard.editions:
            fitting = [
                limit
                for limit in edition.limits
                if limit.pollutant == definition.parameters["pollutant"]
                and limit.averaging
                == (OF_CALCULATOR.get(definition.calculator) or AVERAGING[definition.parameters["statistic"]])
            ]
            assert fitting
            if definition.bands is not None:
                assert definition.bands["allowed"] == fitting[0].allowed
            if "rounding" in definition.parameters:
                assert definition.parameters["rounding"] == f"half_up_{fitting[0].decimals}"


def _check_noise(parameters, standards):
    if "guideline" not in parameters:
        assert "zones" not in parameters
        return
    guideline = standards.limit_standard(parameters["guideline"])
    assert guideline.limit(parameters["source"], parameters["indicator"], date.max)
    if "zones" in parameters:
        assert standards.scale(parameters["zones"]).edges_of(parameters["source"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("calculator: mean", "calculators: mean", "lacks calculator"),
        ("periods: [PT1H, P1D, P1M, P1Y]", "periods: [P7D]", "P7D"),
        ("coverage: {hour: 0.75,", "coverage: {hour: 75,", "between 0 and 1"),
        ("year: 0.75}", "yeer: 0.75}", "yeer"),
        ("flags: [1, 2]", "flags: [1, 2, 3]", "flags"),
        ("flags: [1, 2]", "from_site: moon", "from_site 'moon' is none of own, weather"),
        ("flags: [1, 2]}", "flags: [1, 2], statistic: median}", "median"),
        ("lateness: PT6H", "lateness: 6 hours", "PT6H"),
        ("calendar: air", "calendar: lunar", "lunar"),
        ("judges_law: false", "judges_law: maybe", "judges_law"),
        ("id: air.pm10.mean", "id: air.pm10.average", "one name"),
        ("inputs: {pm10", "inputs: [pm10", "air.pm10.mean.yaml"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_it(tmp_path, old, new, message):
    good = (Path(__file__).parents[2] / "bypuls/catalogue/kpis/air.pm10.mean.yaml").read_text(encoding="utf-8")
    assert old in good
    file = tmp_path / "air.pm10.mean.yaml"
    file.write_text(good.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError, match=message) as caught:
        parse_definition(file)
    assert "air.pm10.mean.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_definition_that_names_no_calculator_of_ours_is_refused(tmp_path):
    good = (Path(__file__).parents[2] / "bypuls/catalogue/kpis/air.pm10.mean.yaml").read_text(encoding="utf-8")
    file = tmp_path / "air.pm10.mean.yaml"
    file.write_text(good.replace("calculator: mean", "calculator: guess"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="no calculator 'guess'"):
        Catalogue.of({"air.pm10.mean": parse_definition(file)})
    file.write_text(good.replace("parameters: {}", "parameters: {of: hours}"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="of"):
        Catalogue.of({"air.pm10.mean": parse_definition(file)})


def test_the_page_of_indicators_is_up_to_date(catalogue):
    assert PAGE.read_text(encoding="utf-8") == page(catalogue), "run: python -m processors.documentation"
