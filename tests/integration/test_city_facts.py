"""Facts of a city's file: stored once, renewed, kept when the file no longer names them."""

from __future__ import annotations

import pytest

from bypuls.city import read_city
from bypuls.errors import SettingsError
from bypuls.storage.cities import add_city
from bypuls.storage.database import connect

pytestmark = pytest.mark.lane("plain")
HEAD = "city: storvik\nname: {en: Storvik}\ntime_zone: Europe/Oslo\n"
PEOPLE = "population: {value: 1000, date: 2020-01-01, source: SSB}\n"
HOMES = "facts:\n- {name: households, value: 400, unit: '{household}', date: 2020-01-01, source: SSB}\n"


def added(url, tmp_path, text):
    file = tmp_path / "storvik.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    with connect(url, autocommit=True) as connection:
        add_city(connection, read_city(file), "anne")
        return connection.execute("SELECT name, value, unit, source FROM fact ORDER BY name").fetchall()


def test_facts_stand_beside_the_population(migrated_url, tmp_path):
    people, homes = ("population", 1000, "{person}", "SSB"), ("households", 400, "{household}", "SSB")
    assert added(migrated_url, tmp_path, PEOPLE + HOMES) == [homes, people]
    assert added(migrated_url, tmp_path, PEOPLE + HOMES.replace("400", "410"))[0] == ("households", 410, *homes[2:])
    assert len(added(migrated_url, tmp_path, "")) == 2


@pytest.mark.parametrize(
    "fact",
    [
        "{name: Households, value: 1, unit: '1', date: 2020-01-01, source: SSB}",
        "{name: households, value: 1, unit: '1', date: 2020-01-01, source: ' '}",
        "{name: households, value: many, unit: '1', date: 2020-01-01, source: SSB}",
        "{name: households, value: 1, unit: '1', date: 2020-01-01, source: SSB, year: 2020}",
    ],
)
def test_a_fact_that_cannot_be_is_refused_with_its_place(migrated_url, tmp_path, fact):
    with pytest.raises(SettingsError, match=r"facts\[0\]"):
        added(migrated_url, tmp_path, f"facts: [{fact}]\n")
