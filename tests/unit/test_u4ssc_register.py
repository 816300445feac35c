"""Statistical tables in the forms of SSB's statbank, and mappings from their cells to U4SSC values."""

import json
from importlib.resources import files

import pytest

from bypuls.errors import NotFound, SettingsError
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.register import Wish, read_mapping, take
from bypuls.u4ssc.tables import read_table

CATALOGUE = load_catalogue()
TRONDHEIM = Wish("trondheim")
SHIPPED = sorted(
    (file for file in files("bypuls").joinpath("catalogue/registers").iterdir() if file.name.endswith(".yaml")),
    key=lambda file: file.name,
)

# What the statbank's page offers as CSV: a title, an empty line, a column per content and year; SSB's decimal comma.
WIDE = """"09114: Inntektsfordelingen, etter region, statistikkvariabel og år"

"region";"Ginikoeffisient 2019";"Ginikoeffisient 2020";"P90/P10 2020"
"5001 Trondheim";0,241;0,243;2,7
"4601 Bergen";0,253;:;2,8
"""
# What the API calls csv2: one row per cell, the last column is the value.
LONG = """"region","statistikkvariabel","år","09114: Inntektsfordelingen"
"5001 Trondheim - Tråante","Ginikoeffisient","2019",0.241
"5001 Trondheim - Tråante","Ginikoeffisient","2020",0.243
"5001 Trondheim - Tråante","P90/P10","2020",2.7
"4601 Bergen","Ginikoeffisient","2020",..
"""


def json_stat(**changes):
    """As PxWebApi answers with format json-stat2."""
    document = {
        "version": "2.0",
        "class": "dataset",
        "label": "09114: Inntektsfordelingen",
        "id": ["Region", "ContentsCode", "Tid"],
        "size": [2, 2, 2],
        "dimension": {
            "Region": {
                "label": "region",
                "category": {"index": {"4601": 0, "5001": 1}, "label": {"5001": "Trondheim", "4601": "Bergen"}},
            },
            "ContentsCode": {
                "label": "statistikkvariabel",
                "category": {
                    "index": {"Ginikoeffisient": 0, "P90P10": 1},
                    "label": {"Ginikoeffisient": "Ginikoeffisient", "P90P10": "P90/P10"},
                },
            },
            "Tid": {"label": "år", "category": {"index": ["2019", "2020"], "label": {}}},
        },
        "value": [0.252, None, 2.8, 2.8, 0.241, 0.243, 2.7, 2.7],
        "status": {"1": ":"},
    } | changes
    return json.dumps(document).encode()


def mapping(name):
    content = files("bypuls").joinpath(f"catalogue/registers/{name}.yaml").read_bytes()
    return read_mapping(content, name)


def taken(given, content, wish=TRONDHEIM):
    return take(CATALOGUE, given, read_table(content, "table"), content, wish)


@pytest.mark.parametrize(
    "content",
    [WIDE.encode(), ("\ufeff" + WIDE).encode(), WIDE.encode("cp1252"), LONG.encode(), json_stat()],
    ids=["wide", "with a byte order mark", "cp1252", "long", "json-stat"],
)
def test_one_value_from_every_form_of_the_table(content):
    found = taken(mapping("ssb-09114-gini"), content)
    assert [(one.year, one.code, one.value) for one in found.values] == [
        (2019, "SC: SH: SI: 2C", 0.241),
        (2020, "SC: SH: SI: 2C", 0.243),
    ]
    value = found.values[1]
    assert (value.unit, value.data_quality) == ("0-1", "accurate_measurement")
    assert value.source.startswith("Statistics Norway (SSB), statbank table 09114")
    assert value.evidence["file"].startswith("sha256:")
    assert (value.evidence["table"], value.evidence["status"]) == ("09114", "verified")
    assert list(value.evidence["cells"]) == ["value"]


@pytest.mark.parametrize("content", [WIDE.encode(), LONG.encode(), json_stat()], ids=["wide", "long", "json-stat"])
def test_a_cell_without_a_number_is_left_out_with_its_symbol(content):
    found = taken(mapping("ssb-09114-gini"), content, Wish("bergen", ["4601"], [2020]))
    assert found.values == []
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith("2020 SC: SH: SI: 2C: the table has '")


def test_numerator_and_denominator_make_the_value():
    table = """region;statistikkvariabel;år;verdi
5001 Trondheim;Tilknyttede husholdninger;2020;81 570
5001 Trondheim;Husholdninger i alt;2020;100\u00a0000
"""
    (value,) = taken(mapping("example-shares"), table.encode()).values
    assert (value.numerator, value.denominator, value.value) == (81_570, 100_000, pytest.approx(81.57))


def test_a_factor_brings_a_cell_to_the_unit():
    """In thousands in the table: 205.163 x 1000."""
    given = read_mapping(
        b"{name: x, status: composed, source: x, columns: {region: [region], year: [year]}, facts: "
        b"[{name: population, value: {factor: 1000}, unit: '1'}]}",
        "x",
    )
    (fact,) = taken(given, b"region;2020\n5001;205,163\n", Wish("x", ["5001"])).facts
    assert fact.value == pytest.approx(205_163)


def test_json_stat_places_go_by_the_index_not_by_the_alphabet():
    turned = {"label": "region", "category": {"index": {"5001": 0, "4601": 1}, "label": {}}}
    document = json.loads(json_stat())
    document["dimension"]["Region"] = turned
    found = taken(mapping("ssb-09114-gini"), json.dumps(document).encode(), Wish("x", ["5001"]))
    assert [(one.year, one.value) for one in found.values] == [(2019, 0.252)]  # the first four cells are now 5001's


def test_cells_are_added_up_where_the_mapping_says_so():
    """07459 by sex: 102 000 + 103 163 = 205 163."""
    table = "region;kjønn;Personer 2020\n5001 Trondheim;Menn;102000\n5001 Trondheim;Kvinner;103163\n"
    (fact,) = taken(mapping("ssb-07459-population"), table.encode()).facts
    assert (fact.year, fact.name, fact.value, fact.unit) == (2020, "population", 205_163, "{person}")


def test_a_municipality_with_two_numbers_has_that_which_was_in_use():
    table = "region;Personer 2017;Personer 2020\n1601 Trondheim (-2017);190464;0\n5001 Trondheim;-;205163\n"
    found = taken(mapping("ssb-07459-population"), table.encode())
    assert [(fact.year, fact.value) for fact in found.facts] == [(2017, 190_464), (2020, 205_163)]


def test_several_cells_where_one_is_meant_are_refused():
    table = "region;kjønn;statistikkvariabel;2020\n5001;Menn;Ginikoeffisient;0,2\n5001;Kvinner;Ginikoeffisient;0,3\n"
    with pytest.raises(SettingsError, match=r"2020: 2 cells for .* they differ in kjønn; choose with where"):
        taken(mapping("ssb-09114-gini"), table.encode())


@pytest.mark.parametrize(
    ("content", "wish", "said"),
    [
        (WIDE, Wish("oslo"), "which region is oslo"),
        (WIDE, Wish("oslo", ["0301"]), "no region 0301: it has 5001 Trondheim, 4601 Bergen"),
        (WIDE, Wish("trondheim", [], [2018]), "none of the years asked for: it has 2019, 2020"),
        ("a;b;2020\n1;2;3\n", TRONDHEIM, "the table has no column region"),
        ("hello", TRONDHEIM, "no table"),
        ('{"class": "collection"}', TRONDHEIM, "no JSON-stat 2 dataset"),
        (json_stat(size=[2, 2, 3]).decode(), TRONDHEIM, "its sizes"),
    ],
)
def test_what_cannot_be_read_is_one_line(content, wish, said):
    with pytest.raises(SettingsError, match=said) as caught:
        taken(mapping("ssb-09114-gini"), content.encode(), wish)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"values": [{"code": "EC: I: WS: 9C", "value": {}}]}, NotFound, "no KPI"),
        ({"values": [{"code": "EC: I: WS: 3C"}]}, SettingsError, "either value, or numerator and denominator"),
        ({"columns": {"region": ["region"]}}, SettingsError, "columns needs year"),
        ({"status": "maybe"}, SettingsError, "Invalid enum value 'maybe'"),
        ({"extra": 1}, SettingsError, "unknown field `extra`"),
    ],
)
def test_a_mapping_is_read_strictly(change, error, said):
    document = {
        "name": "x",
        "status": "composed",
        "source": "x",
        "columns": {"region": ["region"], "year": ["year"]},
    } | change
    with pytest.raises(error, match=said):
        taken(read_mapping(json.dumps(document).encode(), "x"), WIDE.encode(), Wish("trondheim", ["5001"]))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_shipped_mapping_can_be_read_and_names_kpis_that_exist(file):
    found = read_mapping(file.read_bytes(), file.name)
    assert found.name == file.name.removesuffix(".yaml")
    assert found.values or found.facts
    for entry in found.values:
        CATALOGUE.point(entry.code, entry.data_point)
    assert found.name.startswith("example-") == (found.status == "composed")  # what was not checked says so in its name


@pytest.mark.parametrize(
    ("text", "value"), [("1 234,5", 1234.5), ("-", 0.0), ("..", None), (":", None), ("0,5*", 0.5), ("abc", None)]
)
def test_numbers_and_symbols(text, value):
    (cell,) = read_table(f"region;x;2020\na;b;{text}\n".encode(), "table").cells
    assert cell.value == value


@pytest.mark.parametrize(
    ("text", "value"), [("1,234", None), ("212,660", None), ("0,243", 0.243), ("12,5", 12.5), ("212660", 212660.0)]
)
def test_what_may_be_a_thousand_times_as_much_is_no_number_where_commas_separate(text, value):
    (cell,) = read_table(f'region,x,2020\na,b,"{text}"\n'.encode(), "table").cells
    assert (cell.value, cell.symbol) == (value, "" if value is not None else text)
