"""The public register: what hangs where, why, whose; a city's own words first, the catalogue's else."""

import pytest
from psycopg.types.json import Jsonb

pytestmark = pytest.mark.lane("plain")


@pytest.fixture
def register(own_api):
    city = {"owner": "Alpha kommune", "contact": "sensors@alpha.example", "purposes": {"air": {"nb": "Luft"}}}
    own = {"purpose": {"en": "To count"}, "owner": "Somebody", "personal_data": True, "personal_data_why": "pictures"}
    document = {"sensor_register": city, "devices": [{"id": "meter-1", "register": own}]}
    own_api.sql("UPDATE city SET document = %s WHERE slug = 'alpha'", (Jsonb(document),))
    return own_api


def test_a_device_is_listed_with_its_citys_words(register):
    rows = {row["entry"]: row for row in register.data("/v1/sensor-register?city=alpha")}
    assert len(rows) > 1
    own = rows["meter-1"]
    assert (own["purpose"], own["owner"], own["personal_data"]) == ({"en": "To count"}, "Somebody", True)
    assert (own["personal_data_why"], own["contact"]) == ("pictures", "sensors@alpha.example")
    others = [row for entry, row in rows.items() if entry != "meter-1" and row["domains"] == ["air"]]
    assert {(row["owner"], row["personal_data"], str(row["purpose"])) for row in others} == {
        ("Alpha kommune", False, "{'air': {'nb': 'Luft'}}")
    }
    assert all(row["latitude"] is not None for row in rows.values() if row["site"])


def test_what_the_file_leaves_out_is_the_catalogues(own_api):
    purposes = [row["purpose"] for row in own_api.data("/v1/sensor-register?city=beta") if "air" in row["domains"]]
    assert purposes
    assert all("how clean the air is" in purpose["air"]["en"] for purpose in purposes)


def test_it_can_be_narrowed_and_taken_as_csv(register):
    assert [row["entry"] for row in register.data("/v1/sensor-register?city=alpha&personal_data=true")] == ["meter-1"]
    assert register.data("/v1/sensor-register?city=alpha&domain=radiation") == []
    answer = register.get("/v1/sensor-register?city=alpha&format=csv")
    assert answer.text.splitlines()[0].startswith("city,entry,entry_kind,devices,site,place")


def test_homes_are_one_line_per_group_and_have_no_place(register):
    register.sql("UPDATE site SET kind = 'household' WHERE city = 'alpha'")
    (row,) = register.data("/v1/sensor-register?city=alpha&language=nb")
    assert (row["entry_kind"], row["entry"], row["latitude"], row["site"], row["personal_data"]) == (
        "household_group", "(households)", None, None, True,
    )  # fmt: skip
    assert row["devices"] > 1
    assert "energibruk" in row["personal_data_why"]
    names = [name for (name,) in register.sql("SELECT slug FROM site WHERE city = 'alpha'")]
    assert not any(name in str(row) for name in names)
