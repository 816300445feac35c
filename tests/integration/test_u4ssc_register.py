"""A statistical table becomes register values: once, with history, beside what the city reports."""

from __future__ import annotations

import pytest

from bypuls.errors import NotFound, NotStorable
from bypuls.storage.database import connect
from bypuls.storage.u4ssc import assess
from bypuls.storage.u4ssc_register import store_register
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.register import Wish, read_mapping, take
from bypuls.u4ssc.tables import read_table

pytestmark = pytest.mark.lane("plain")
MAPPING = read_mapping(
    b"""
name: gini-and-people
status: composed
source: SSB
columns: {region: [region], year: [year], contents: [contents]}
regions: {trondheim: ["5001"]}
values:
- {code: "SC: SH: SI: 2C", value: {where: {contents: Gini}}, data_quality: accurate_measurement}
facts:
- {name: population, value: {where: {contents: Personer}}, unit: "{person}"}
""",
    "gini-and-people",
)


def taken(gini):
    content = f"region;Gini 2020;Personer 2020\n5001 Trondheim;{gini};205163\n".encode()
    return take(load_catalogue(), MAPPING, read_table(content, "table"), content, Wish("trondheim"))


def stored(town, gini, city="trondheim"):
    with connect(town.url, "writer", autocommit=True) as connection:
        found = store_register(connection, city, taken(gini), MAPPING.name, "anne")
    return found.new, found.changed, found.same, found.facts


def test_a_table_is_stored_once_and_a_new_edition_keeps_what_it_replaces(town):
    town.connection.execute(
        """INSERT INTO reported_value (city, year, code, origin, value, unit, who)
           VALUES ('trondheim', 2020, 'SC: SH: SI: 2C', 'reported', 0.3, '0-1', 'berit')"""
    )
    assert stored(town, "0,241") == (1, 0, 0, 1)
    assert stored(town, "0,241") == (0, 0, 1, 0)
    assert stored(town, "0,243") == (0, 1, 0, 0)
    assert town.all("SELECT origin, value, who FROM reported_value ORDER BY origin") == [
        ("register", 0.243, "anne"),
        ("reported", 0.3, "berit"),
    ]
    assert town.all("SELECT value FROM reported_value_history") == [(0.241,)]
    assert town.one("SELECT count(*) FROM audit_log WHERE what = 'u4ssc.register'") == 2
    found = assess(town.connection, "trondheim", 2020)
    gini = next(point for point in found.points if point.code == "SC: SH: SI: 2C")
    assert (gini.state, gini.value, gini.evidence["status"]) == ("register", 0.243, "composed")
    assert [(fact.name, fact.value) for fact in found.facts] == [("population", 205_163)]


def test_no_such_city_stores_nothing(town):
    with pytest.raises(NotFound, match="no city 'oslo'"):
        stored(town, "0,241", city="oslo")
    assert town.one("SELECT count(*) FROM reported_value") == 0


def test_a_table_does_not_change_what_is_signed(town):
    assert stored(town, "0,241") == (1, 0, 0, 1)
    town.connection.execute("INSERT INTO collection_round VALUES ('trondheim', 2020, '2021-03-01', now(), 'anne')")
    town.connection.execute(
        """INSERT INTO assignment (city, year, code, unit, asked_by, state, entered_by, entered_at)
           VALUES ('trondheim', 2020, 'SC: SH: SI: 2C', 'Plan', 'anne', 'entered', 'anne', now())"""
    )
    town.connection.execute("UPDATE assignment SET state = 'checked', checked_by = 'berit', checked_at = now()")
    town.connection.execute("UPDATE assignment SET state = 'signed', signed_by = 'carl', signed_at = now()")
    assert stored(town, "0,241") == (0, 0, 1, 0)
    with pytest.raises(NotStorable, match="is signed: reopen it, with a reason, first"):
        stored(town, "0,243")
    assert town.all("SELECT value FROM reported_value") == [(0.241,)]
