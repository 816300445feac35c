"""What a city reports, by the API: entered, converted, refused, kept as it was said, as one value and as a file."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime

import openpyxl
import pytest

pytestmark = pytest.mark.lane("plain")

PATH = "/v1/reported-values?city=alpha&year=2024"
INTERNET = "&code=EC: ICT: ICT: 1C"
PM10 = "&code=EN:EN:AQ:1C&data_point=pm_10"
FILE = "/v1/reported-values/file?city=alpha&year=2024"


@pytest.fixture
def api(own_api):
    own_api.sql(
        """INSERT INTO fact (city, scope_kind, scope, name, valid_from, value, unit, source) VALUES
           ('alpha', 'city', 'alpha', 'population', '2024-01-01', 200000, '1', 'SSB'),
           ('alpha', 'city', 'alpha', 'households', '2024-01-01', 100000, '1', 'SSB'),
           ('alpha', 'city', 'alpha', 'population', '2025-01-01', 999999, '1', 'SSB')"""
    )
    own_api.report = {"Authorization": f"Bearer {own_api.new_token('kari', ['report'], 'alpha')}"}
    return own_api


def put(api, place, body, headers=None):
    return api.client.put(PATH + place, json=body, headers=headers or api.report)


def audit(api):
    return api.sql(
        "SELECT who, city, what, target, before, after FROM audit_log WHERE what NOT LIKE 'token.%' ORDER BY id"
    )


def test_a_value_is_worked_out_from_its_parts(api):
    answer = put(
        api,
        INTERNET,
        {"numerator": 97000, "denominator": 100000, "data_quality": "survey_extrapolation", "source": "SSB 06998"},
    )
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["changed"], said["warnings"]) == (True, [])
    assert (said["value"]["value"], said["value"]["unit"], said["value"]["origin"]) == (97.0, "%", "reported")
    assert (said["value"]["verified"], said["value"]["not_reported"]) == ("unknown", False)
    (row,) = api.data(PATH)
    assert row == said["value"]
    ((who, city, what, target, before, after),) = audit(api)
    assert (who, city, what, target, before) == (
        "kari",
        "alpha",
        "reported_value.put",
        "2024 EC: ICT: ICT: 1C",
        None,
    )
    assert after["numerator"] == 97000


def test_a_left_out_denominator_is_the_citys(api):
    said = put(api, "&code=EC: ICT: ICT: 3C", {"numerator": 190000}).json()  # per 100 000 inhabitants
    assert (said["value"]["value"], said["value"]["denominator"]) == (95000.0, 2.0)
    assert "population / 100000" in said["warnings"][0]["message"]


def test_the_same_value_again_changes_nothing(api):
    for changed in (True, False):
        assert put(api, INTERNET, {"value": 97}).json()["changed"] is changed
    assert len(audit(api)) == 1
    assert api.data(f"/v1/reported-values/history?city=alpha&year=2024{INTERNET}") == []


def test_what_is_left_out_stays_as_it_was(api):
    put(api, INTERNET, {"value": 97, "source": "SSB", "comment": "first", "data_quality": "accurate_measurement"})
    said = put(api, INTERNET, {"value": 98, "comment": None}).json()["value"]
    assert (said["source"], said["comment"], said["data_quality"]) == ("SSB", None, "accurate_measurement")


def test_no_value_is_said_as_such(api):
    said = put(api, INTERNET, {"not_reported": True, "comment": "nobody counts them"}).json()["value"]
    assert (said["value"], said["not_reported"], said["unit"]) == (None, True, "%")
    assert put(api, INTERNET, {"not_reported": True, "value": 3}).status_code == 422


def test_a_unit_is_converted_or_refused(api):
    said = put(api, "&code=EN: E: E: 2C", {"value": 15.2, "unit": "MWh / innbygger / år"}).json()
    assert (said["value"]["value"], said["value"]["unit"]) == (15200.0, "kWh / capita / year")
    assert "15.2 MWh" in said["warnings"][0]["message"]
    answer = put(api, PM10, {"value": 12, "unit": "ppb"})
    assert answer.status_code == 422
    assert "µg/m3 is expected" in answer.json()["detail"]
    assert put(api, PM10, {"value": 12, "unit": "ug/m³"}).json()["value"]["unit"] == "µg/m3"


WRONG = [
    (INTERNET, {}, "no value can be worked out"),
    (INTERNET, {"value": 101}, "over 100 %"),
    (INTERNET, {"numerator": 5, "denominator": 0}, "denominator is 0"),
    (INTERNET, {"numerator": 5, "denominator": 4}, "larger than the denominator"),
    (INTERNET, {"value": 50, "numerator": 97, "denominator": 100}, "is not numerator / denominator"),
    (INTERNET, {"value": -1}, "below zero"),
    (INTERNET, {"value": True}, "not yes or no"),
    (INTERNET, {"value": "97"}, "body value"),
    (INTERNET, {"value": 97, "data_quality": "good"}, "body data_quality"),
    (INTERNET, {"value": 97, "comment": "\u0007"}, "no letter"),
    (INTERNET, {"value": 97, "colour": "red"}, "no such parameter"),
    ("&code=EC: ICT: ICT: 5C", {"numerator": 5, "denominator": 4}, "without a denominator"),
    ("&code=EC: ICT: T: 1C", {"numerator": 5}, "needs its denominator"),
    ("&code=SC: SH: SA: 3A", {"value": 2}, "yes (1) or no (0)"),
]


def test_what_contradicts_itself_is_refused_in_one_line(api):
    for place, body, words in WRONG:
        answer = put(api, place, body)
        assert answer.status_code == 422, answer.text
        problem = answer.json()
        said = [problem["detail"], *(error["message"] for error in problem.get("errors", []))]
        assert any(words in one for one in said), said
        assert not any("\n" in one for one in said)
    assert (audit(api), api.data(PATH)) == ([], [])


def test_what_u4ssc_does_not_have_is_not_found(api):
    for place in ("&code=XX: Y: Z: 1C", "&code=EN: EN: AQ: 1C", "&code=EN: EN: AQ: 1C&data_point=pm1"):
        assert put(api, place, {"value": 1}).status_code == 404


def test_yes_is_one(api):
    assert put(api, "&code=SC: SH: SA: 3A", {"value": True}).json()["value"]["value"] == 1.0


def test_what_was_said_at_a_time_can_be_asked(api):
    put(api, INTERNET, {"value": 90})
    put(api, INTERNET, {"value": 95})
    assert api.client.delete(PATH + INTERNET, headers=api.report).status_code == 204
    ((first, second), (replaced, gone)) = zip(
        *api.sql("SELECT changed_at, superseded_at FROM reported_value_history ORDER BY superseded_at"), strict=True
    )
    for moment, values in ((first, [90.0]), (second, [95.0]), (replaced, [95.0]), (gone, [])):
        asked = api.data(f"{PATH}&as_of={moment.astimezone(UTC).isoformat().replace('+00:00', 'Z')}")
        assert [row["value"] for row in asked] == values
    assert api.data(f"{PATH}&as_of=2000-01-01") == []
    history = api.data(f"/v1/reported-values/history?city=alpha&year=2024{INTERNET}")
    assert [row["value"] for row in history] == [90.0, 95.0]
    assert api.client.delete(PATH + INTERNET, headers=api.report).status_code == 404
    assert [row[2] for row in audit(api)] == ["reported_value.put", "reported_value.put", "reported_value.delete"]


def test_shares_that_do_not_add_up_are_said_while_they_are_entered(api):
    """One by one they cannot add up before the last: each is stored, and the question comes with it."""
    for mode, share in (("private", 50), ("public", 60)):
        answer = put(api, f"&code=EC: I: T: 4A&data_point={mode}", {"value": share})
        assert answer.status_code == 200
    assert "add up to 110 %" in answer.json()["warnings"][0]["message"]


def test_only_a_token_for_reporting_in_this_city_enters(api):
    of_beta = {"Authorization": f"Bearer {api.new_token('b', ['report'], 'beta')}"}
    reader = {"Authorization": f"Bearer {api.new_token('r', ['read'])}"}
    for headers, status in ((of_beta, 403), (reader, 403), ({"Authorization": "Bearer byp_x"}, 401), (api.admin, 200)):
        assert put(api, INTERNET, {"value": 97}, headers).status_code == status
    answer = api.patch("/v1/sites/square?city=alpha", json={"name": "x"}, headers=api.report)
    assert answer.status_code == 403, "who reports changes nothing else"
    assert {row["city"] for row in api.data("/v1/reported-values?city=alpha")} == {"alpha"}
    assert api.data("/v1/reported-values?city=beta") == []


def test_two_persons_at_once_lose_nothing(api):
    """Both are stored, one after the other: the second's stands, the first's is history."""
    start = threading.Barrier(2)

    def enter(value):
        start.wait()
        assert put(api, INTERNET, {"value": value}).status_code == 200

    threads = [threading.Thread(target=enter, args=(value,)) for value in (90, 91)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    (row,) = api.data(PATH)
    (before,) = api.data(f"/v1/reported-values/history?city=alpha&year=2024{INTERNET}")
    assert {row["value"], before["value"]} == {90.0, 91.0}


def test_the_template_is_filled_and_taken_in(api):
    answer = api.get(f"{FILE}&filled=false&language=en")
    assert answer.headers["content-disposition"] == 'attachment; filename="u4ssc-alpha-2024.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.active
    assert [cell.value for cell in sheet[1]][:4] == ["City", "Alpha", "Population", 200000]
    heads = {cell.value: cell.column for cell in sheet[5]}
    rows = {(sheet.cell(n, 1).value, sheet.cell(n, 3).value): n for n in range(6, sheet.max_row + 1)}
    assert len(rows) == 112
    internet = rows["EC: ICT: ICT: 1C", None]
    assert sheet.cell(internet, heads["Denominator"]).value == 100000
    sheet.cell(internet, heads["Numerator"]).value = 97000
    sheet.cell(rows["EN: EN: AQ: 1C", "pm_10"], heads["Result"]).value = "12,5"
    sheet.cell(rows["EN: EN: AQ: 1C", "so2"], heads["Result"]).value = "NR"
    buffer = io.BytesIO()
    book.save(buffer)
    dry = api.post(f"{FILE}&dry_run=true", content=buffer.getvalue(), headers=api.report).json()
    assert (dry["stored"], dry["rows"], dry["empty"], dry["refused"]) == (3, 112, 109, [])
    assert api.data(PATH) == []
    receipt = api.post(FILE, content=buffer.getvalue(), headers=api.report).json()
    assert (receipt["stored"], receipt["unchanged"], receipt["dry_run"]) == (3, 0, False)
    assert {(row["code"], row["data_point"]): row["value"] for row in api.data(PATH)} == {
        ("EC: ICT: ICT: 1C", ""): 97.0,
        ("EN: EN: AQ: 1C", "pm_10"): 12.5,
        ("EN: EN: AQ: 1C", "so2"): None,
    }
    for kind in ("xlsx", "csv"):
        exported = api.get(f"{FILE}&kind={kind}").content
        again = api.post(FILE, content=exported, headers=api.report).json()
        assert (again["stored"], again["unchanged"]) == (0, 3)
    assert len(audit(api)) == 3


def test_a_file_with_one_wrong_cell_stores_nothing(api):
    lines = (
        "KPI-kode;Datapunkt;Enhet;Teller;Nevner;Resultat\r\n"
        "EC: ICT: ICT: 1C;;;97000;100000;\r\n"
        "EC: ICT: ICT: 2C;;;;;1 1O0\r\n"  # a letter O
        "EN: EN: AQ: 1C;no2;ppb;;;12,5\r\n"
    )
    answer = api.post(FILE, content=lines.encode("cp1252"), headers=api.report)
    assert answer.status_code == 422
    assert [error["where"] for error in answer.json()["errors"]] == ["F3", "C4"]
    assert "µg/m3 is expected" in answer.json()["errors"][1]["message"]
    assert api.data(PATH) == []


def test_what_is_no_template_is_refused_in_one_line(api):
    for content in (b"", b"\x00\x01\x02", b"PK\x03\x04 broken", b"a;b\r\n1;2\r\n", b"\xd0\xcf\x11\xe0old"):
        answer = api.post(FILE, content=content, headers=api.report)
        assert answer.status_code == 400, content
        assert "\n" not in answer.json()["detail"]


def test_now_is_the_databases(api):
    put(api, INTERNET, {"value": 90})
    (row,) = api.data(PATH)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(row["changed_at"])).total_seconds()) < 60
