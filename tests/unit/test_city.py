"""A city's file is read whole, or refused in one line that says where."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bypuls.city import read_city, slug
from bypuls.errors import SettingsError

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "storvik.yaml"


@pytest.fixture
def city_file(tmp_path):
    def write(text):
        path = tmp_path / "city.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


MINIMAL = """city: here
name: Here
time_zone: Europe/Oslo
sites:
  - {slug: square, name: Square, kind: traffic, lanes: 2}
"""


def test_the_example_of_the_docs_is_read():
    city = read_city(EXAMPLE)
    assert [site.slug for site in city.sites] == ["torget", "elgeseter", "brua"]
    assert city.air_offset == timedelta(hours=1)
    assert city.limits == "norway_legal_limits"


def test_a_minimal_file_has_a_device_per_site_and_keeps_unknown_keys_of_a_site_as_attributes(city_file):
    city = read_city(city_file(MINIMAL))
    assert [(device.id, device.site) for device in city.all_devices()] == [("square", "square")]
    assert city.sites[0].attributes == {"lanes": 2}
    assert city.name == {"en": "Here"}


def test_stations_of_a_data_set_are_found_by_the_files_mapping_then_by_name(city_file):
    city = read_city(city_file(MINIMAL + "stations: {air: {The Square: square}}\n"))
    assert city.device_of("air", "The Square") == "square"
    assert city.device_of("other", "Square") == "square"
    assert city.device_of("air", "Elsewhere") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must be a mapping"),
        ("a: [", "is not YAML"),
        (MINIMAL.replace("Europe/Oslo", "Europe/Trondheim"), "time_zone 'Europe/Trondheim' is no IANA zone"),
        (MINIMAL.replace("slug: square", "slug: The Square"), r"\$\.sites\[0\]\.slug"),
        (MINIMAL.replace("kind: traffic", "kind: traffic, lat: 163"), r"\$\.sites\[0\]\.lat"),
        (MINIMAL.replace("kind: traffic", "kind: traffic, area: west"), "area 'west', which the file does not have"),
        (MINIMAL + "  - {slug: square, name: Again, kind: road}\n", "site 'square' stands twice"),
        (MINIMAL + "stations: {air: {A: nowhere}}\n", "'nowhere' is named"),
        (MINIMAL + "air_day_offset: 1\n", "air_day_offset"),
        (MINIMAL.replace("name: Here\n", ""), "missing required field `name`"),
        (MINIMAL + "keep: {observations_days: 30}\n", r">= 62 - at `\$\.keep\.observations_days`"),
        (MINIMAL + "keep: {hours_days: 400}\n", "unknown field `hours_days`"),
        (MINIMAL + "keep: {five_minutes_days: 400}\n", "rollups outlive raw data"),
        (MINIMAL + "keep: {observations_days: 400, five_minutes_days: 100}\n", "rollups outlive raw data"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_that_says_where(city_file, text, says):
    with pytest.raises(SettingsError, match=says) as caught:
        read_city(city_file(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.yaml cannot be read"):
        read_city(tmp_path / "nowhere.yaml")


def test_slugs_keep_norwegian_letters_readable():
    assert slug("Ålesund Sør, ærlig") == "aalesund-soer-aerlig"
