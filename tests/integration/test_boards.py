"""Every query of every board on a year of a city, as grafana_ro, on both editions: rows, columns, order, 200 ms."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from bypuls.storage.database import connect
from tests.boards_on_a_database import boards, choices, run, time_range
from tests.seeded_city import CITY, NOW, OTHER

MILLISECONDS = 200
TILE = [
    "value", "band", "label", "since", "sites_ok", "sites_all", "newest", "where", "period_start", "quality",
    "secondary_value", "secondary_unit", "secondary_label", "day_so_far", "hours_so_far", "days_used", "days_allowed",
    "target", "word", "partial", "temperature", "wind", "precipitation", "city", "kpi", "scope_kind", "scope", "period",
    "start",
]  # fmt: skip
MAP = ["city", "site", "name", "kind", "latitude", "longitude", "class", "band", "silent", "value", "unit", "newest"]
HAND = ["severity", "what", "kind", "count", "property", "minutes", "site", "device", "since", "link"]


@pytest.fixture
def grafana(seeded_url):
    with connect(seeded_url, "grafana", autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("uid", boards())
def test_every_panel_has_rows_in_the_shape_its_kind_needs(grafana, lane, uid):
    board = boards()[uid]
    panels = {panel["id"]: panel for panel in board["panels"]}
    for ran in run(grafana, board, timescaledb=lane.name == "timescaledb"):
        assert ran.rows, ran.name
        kind = panels[ran.panel]["type"]
        if ran.format == "time_series":
            at = ran.columns.index("time")
            times = [row[at] for row in ran.rows]
            assert None not in times, ran.name
            assert times == sorted(times), ran.name
            assert ran.columns in (["time", "metric", "value"], ["time", "last_24_hours"]), ran.name
        if kind == "stat" and ran.format == "table":
            assert "value" in ran.columns, ran.name
            assert len(ran.rows) == 1, ran.name
        if kind == "bargauge":
            assert ran.columns[1] == "value", ran.name
            assert isinstance(ran.rows[0][0], str), ran.name
        if kind == "geomap":
            assert {"latitude", "longitude"} <= set(ran.columns), ran.name


@pytest.mark.parametrize("uid", boards())
def test_what_is_said_about_a_column_is_said_about_one_there_is(grafana, lane, uid):
    board = boards()[uid]
    shown = {}
    for ran in run(grafana, board, timescaledb=lane.name == "timescaledb"):
        names = {row[1] for row in ran.rows} if ran.columns[1:2] == ["metric"] else set(ran.columns)
        shown.setdefault(ran.panel, set()).update(names)
    for panel in board["panels"]:
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            assert override["matcher"]["options"] in shown[panel["id"]], (uid, panel["title"])


def test_no_chart_shows_more_lines_than_an_eye_can_follow(grafana, lane):
    for uid, board in boards().items():
        kinds = {panel["id"]: panel["type"] for panel in board["panels"]}
        lines = {}
        for ran in run(grafana, board, timescaledb=lane.name == "timescaledb"):
            if kinds[ran.panel] == "timeseries" and "metric" in ran.columns:
                lines.setdefault(ran.panel, set()).update(row[1] for row in ran.rows)
        assert all(len(names) <= 10 for names in lines.values()), uid  # eight lines and two limits


def test_city_now_gives_what_the_page_reads(grafana, lane):
    ran = {
        (one.panel, one.ref): one for one in run(grafana, boards()["city-now"], timescaledb=lane.name == "timescaledb")
    }
    for tile in (1, 2, 3, 4):
        assert ran[tile, "A"].columns == TILE
        assert ran[tile, "B"].columns == ["time", "last_24_hours"]
    air = dict(zip(TILE, ran[1, "A"].rows[0], strict=True))
    assert (air["value"], air["label"], air["sites_ok"], air["sites_all"]) == (air["band"], "Moderate", 6, 7)
    assert (air["word"], round(air["temperature"], 1) < 6, air["wind"] > 1) == ("Moderate", True, True)
    assert (air["days_used"], air["days_allowed"], air["hours_so_far"], air["scope"]) == (14, 25, 13, CITY)
    assert [name for name in MAP if name in ran[5, "A"].columns] == MAP
    words = [dict(zip(TILE, ran[tile, "A"].rows[0], strict=True))["word"] for tile in (2, 3, 4)]
    assert words == ["more than normal", "as normal", "yellow zone"]
    kinds = {row[3] for row in ran[5, "A"].rows}
    assert "household" not in kinds
    assert ran[6, "A"].columns == HAND
    assert {row[1] for row in ran[6, "A"].rows} >= {"silent", "late", "refused", "pending", "air"}
    ages = [row[0] for row in ran[6, "A"].rows]
    assert ages == sorted(ages, reverse=True)


@pytest.mark.lane("plain")
def test_boards_say_which_numbers_are_estimates_or_not_verified(grafana, town):
    """Sources: the catalogue's status of forurensningsforskriften and T-1442 (unverified); the directives were read."""

    def column(uid, title):
        ran = next(one for one in run(grafana, boards()[uid], timescaledb=False) if one.title == title)
        return [dict(zip(ran.columns, row, strict=True)) for row in ran.rows]

    limits = {row["what"]: row["basis"] for row in column("air", "Exceedances used and allowed, this year")}
    assert {what.rpartition(".")[2]: basis for what, basis in limits.items()} == {
        "national": "unverified", "eu2030": "verified", "eu2008": "verified",
    }  # fmt: skip
    assert {row["basis"] for row in column("energy-noise", "Noise sites")} == {"unverified"}
    for uid, title, said in (
        ("air", "PM10, days used this year", "Norwegian limit values"),
        ("energy-noise", "Lden, last whole day, loudest site", "T-1442"),
    ):
        described = next(panel["description"] for panel in boards()[uid]["panels"] if panel["title"] == title)
        assert said in described.partition("Numbers not all verified against the text itself: ")[2], described
    town.connection.execute(
        """INSERT INTO kpi_value (city, kpi, scope_kind, scope, period, start, ends, value, unit, status, quality,
                                  evidence, version, final_at)
           VALUES ('trondheim', 'traffic.co2', 'city', 'trondheim', 'P1D', now(), now(), 1, 'kg', 'final', 'ok',
                   '{"estimate": true, "standard": "norway_road_co2", "standard_status": "unverified"}', 'v', now())"""
    )
    assert town.all("SELECT basis FROM board_kpi") == [("estimate, unverified",)]


def test_every_panel_answers_within_200_ms(grafana, lane):
    """The issue's figure. Medians of three; the slowest takes a fraction of it on a quiet machine."""
    ran = [
        one
        for board in boards().values()
        for one in run(grafana, board, timescaledb=lane.name == "timescaledb", times=3)
    ]
    worst = max(ran, key=lambda one: one.milliseconds)
    print(f"{lane.name}: {len(ran)} queries, slowest {worst.milliseconds:.0f} ms: {worst.name}")  # noqa: T201
    assert worst.milliseconds <= MILLISECONDS, worst.name


def test_stale_data_are_not_shown_as_the_present(grafana, lane):
    later = NOW + timedelta(days=5)
    ran = run(grafana, boards()["city-now"], timescaledb=lane.name == "timescaledb", now=later)
    rows = {one.panel: one.rows[0] for one in ran if one.ref == "A" and one.panel <= 4}
    for row in rows.values():
        tile = dict(zip(TILE, row, strict=True))
        assert (tile["value"], tile["quality"], tile["sites_ok"]) == (None, "missing", 0)
        assert tile["newest"] < later


@pytest.mark.parametrize("uid", boards())
def test_a_city_without_anything_breaks_no_panel_and_shows_no_zero(migrated_url, lane, uid):
    with connect(migrated_url) as owner:
        owner.execute(
            """INSERT INTO city (slug, name, time_zone, document)
               VALUES ('empty', '{"en": "Empty"}', 'Europe/Oslo', '{}')"""
        )
    with connect(migrated_url, "grafana", autocommit=True) as connection:
        for ran in run(connection, boards()[uid], timescaledb=lane.name == "timescaledb"):
            if uid == "city-now" and ran.panel <= 4 and ran.ref == "A":
                assert ran.rows[0][0] is None, ran.name


def test_the_city_of_a_board_without_variables_can_be_asked_for(grafana):
    assert grafana.execute("SELECT bypuls_board_city()").fetchone() == (CITY,)
    with grafana.transaction():
        grafana.execute("SET LOCAL bypuls.city = 'nabo'")
        assert grafana.execute("SELECT bypuls_board_city()").fetchone() == (OTHER,)


def test_choices_hold_their_own_city_only_and_no_household(grafana, lane):
    chosen = choices(grafana, boards()["energy-noise"], timescaledb=lane.name == "timescaledb")
    assert list(chosen["city"].values) == [CITY]
    assert chosen["site"].values
    assert not [site for site in chosen["site"].values if site.startswith("household")]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM observation",
        "SELECT * FROM kpi_value",
        "SELECT payload FROM quarantine",
        "SELECT reason FROM quarantine",
        "SELECT payload FROM recent_message",
        "SELECT hash FROM api_key",
        "SELECT * FROM audit_log",
        "SELECT * FROM source",
        "SELECT * FROM bypuls_areas_within('fjordvik', 'sentrum')",
    ],
)
def test_who_opens_a_board_reads_no_table(grafana, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        grafana.execute(statement)


def test_no_view_shows_a_message_or_a_token(grafana):
    rows = grafana.execute(
        """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
           WHERE c.relkind IN ('v', 'r', 'm', 'p') AND a.attnum > 0 AND has_table_privilege(c.oid, 'SELECT')
             AND c.relnamespace = 'public'::regnamespace"""
    ).fetchall()
    assert {name for name, _ in rows} == {name for name, _ in rows if name.startswith("board_")}
    assert not {column for _, column in rows} & {"payload", "payload_hash", "hash", "document", "keys"}
    seen = str(grafana.execute("SELECT * FROM board_quarantine").fetchall())
    assert "secret raw bytes" not in seen


def test_the_role_reads_only_and_not_for_long(seeded_url):
    with psycopg.connect(seeded_url) as connection:
        row = connection.execute(
            "SELECT rolinherit, rolsuper, rolconfig FROM pg_roles WHERE rolname = 'grafana_ro'"
        ).fetchone()
    inherits, superuser, settings = row
    assert (inherits, superuser) == (False, False)
    assert {"default_transaction_read_only=on", "statement_timeout=15s"} <= set(settings)


def test_a_year_is_shown_in_points_a_chart_can_hold(grafana, lane):
    for uid in ("air", "traffic", "energy-noise"):
        board = boards()[uid]
        assert time_range(board, {"interval": "1h", "maxDataPoints": 400}, days=365).interval > timedelta(hours=20)
        for ran in run(grafana, board, timescaledb=lane.name == "timescaledb", days=365):
            if ran.format == "time_series":
                assert len({row[0] for row in ran.rows}) <= 420, ran.name


def test_a_value_of_an_interval_is_late_only_after_that_interval_and_a_spacing(migrated_url):
    """Loops send a quarter, stamped at its start, up to four minutes after its end: that is no lateness."""
    with connect(migrated_url) as owner:
        owner.execute(
            """INSERT INTO city (slug, name, time_zone, document) VALUES ('c', '{"en": "C"}', 'Europe/Oslo', '{}');
               INSERT INTO device (city, external_id, status, first_seen, last_seen)
               VALUES ('c', 'd', 'active', now(), now())"""
        )
        owner.execute(
            """INSERT INTO datastream (city, device, property, channel, interval, class, origin, expected_spacing,
                                       first_time, last_time)
               SELECT 'c', d.id, 'vehicle_count', w.channel, w.long, 'reference', 'measured', w.spacing, t, t
               FROM device d, (VALUES ('quarter', interval '15 min', interval '15 min'), ('hour', '1 h', '1 h'),
                                      ('instant', NULL, '1 min')) w (channel, long, spacing),
                    (VALUES ('2026-11-22T10:00Z'::timestamptz)) n (t)"""
        )
        found = owner.execute(
            "SELECT channel, last_end - last_time, late_from - last_time, silent_from - last_time FROM board_datastream"
        ).fetchall()
        device = owner.execute("SELECT newest::text, silent_from > late_from FROM board_device").fetchone()
    minutes = {channel: [int(span.total_seconds() / 60) for span in spans] for channel, *spans in found}
    assert minutes == {"quarter": [15, 37, 60], "hour": [60, 150, 240], "instant": [0, 6, 10]}
    assert device[1]
