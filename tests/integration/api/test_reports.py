"""Reports that were made can be listed and fetched as they are."""

import pytest

pytestmark = pytest.mark.lane("plain")


@pytest.fixture
def reports(own_api):
    for number, (format_, language) in enumerate([("html", "nb"), ("pdf", "nb"), ("json", "mul")]):
        own_api.sql(
            """INSERT INTO report (city, kind, year, format, language, demonstration, hash, versions, document,
                                   made_at, who)
               VALUES ('alpha', 'city', 2025, %s, %s, false, %s, '{"program": "1"}', %s, now(), 'cli:kari')""",
            (format_, language, f"sha256:{number}", f"file {number}".encode()),
        )
    return own_api


def test_they_are_listed_without_their_makers(reports):
    rows = reports.data("/v1/reports?city=alpha")
    assert [(row["format"], row["language"], row["bytes"]) for row in rows] == [
        ("html", "nb", 6), ("pdf", "nb", 6), ("json", "mul", 6)
    ]  # fmt: skip
    assert not any("kari" in str(row) for row in rows)
    assert [row["format"] for row in reports.data("/v1/reports?city=alpha&language=en")] == ["json"]
    assert [row["format"] for row in reports.data("/v1/reports?city=alpha&report_format=pdf")] == ["pdf"]
    assert reports.data("/v1/reports?city=alpha&year=2024") == []
    assert reports.data("/v1/reports?city=beta") == []


def test_a_file_comes_as_it_was_made(reports):
    number = next(row["report"] for row in reports.data("/v1/reports?city=alpha") if row["format"] == "pdf")
    answer = reports.get(f"/v1/reports/{number}/file")
    assert (answer.content, answer.headers["content-type"]) == (b"file 1", "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="city-report-alpha-2025-nb.pdf"'


def test_a_report_that_is_not_there_is_named(reports):
    answer = reports.get("/v1/reports/999999/file")
    assert answer.status_code == 404
    assert "no report 999999" in answer.text
