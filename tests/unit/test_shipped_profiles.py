"""Every profile that is shipped speaks the catalogue's words, in units of the property's dimension, with its texts."""

import re

import pytest

from bypuls.errors import UnitError
from bypuls.properties import Properties
from bypuls.units import Units
from ingest.profile_schema import UnitAt
from ingest.profiles import Profiles

PROFILES = Profiles.load()
PROPERTIES = Properties.load()
UNITS = Units.load()
TEXTS = ("title", "maker", "documentation", "about", "setup")


def values_of(profile):
    """Where in the profile, and the rule."""
    for name, mapping in profile.document.mappings.items():
        for index, part in enumerate(mapping.parts):
            for pattern, value in (part.long.words if part.long is not None else part.values).items():
                yield f"{profile.id}: mappings.{name}.parts[{index}].values.{pattern}", value


def units_of(value):
    if isinstance(value.unit, UnitAt):
        return [unit for unit in (value.unit.default, *value.unit.words.values()) if unit is not None]
    return [] if value.unit is None else [value.unit]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profiles_properties_and_units_are_the_catalogues(profile):
    faults = []
    for place, value in values_of(profile):
        if value.property is None or re.search(r"[{$]", value.property):
            continue
        found = PROPERTIES.find(value.property)
        if found is None:
            # A raw number is named, and waits in quarantine: its unit is not known either.
            if value.unit is not None:
                faults.append(f"{place}: {value.property} is not in the catalogue")
            continue
        for unit in units_of(value):
            try:
                UNITS.canonical(unit)
                # ppb of a gas mixture is known and converts to no mass: it waits in quarantine as what it is.
                if not (unit == "ppb" and found[0].dimension == "mass_concentration"):
                    convertible(unit, found[0])
            except UnitError as error:
                faults.append(f"{place}: {error}")
    assert faults == []


def convertible(unit, observed):
    """ppm of a gas converts under declared conditions, which is the source's business."""
    dimension = UNITS.canonical(unit).dimension
    if not (dimension == "mole_fraction" and observed.dimension == "mass_concentration"):
        UNITS.conversion(unit, observed)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_is_described_for_who_sets_the_device_up(profile):
    lacking = [name for name in TEXTS if not getattr(profile.document, name).strip()]
    assert lacking == []


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_is_found_by_topic_or_by_network_servers_words_or_is_named(profile):
    document = profile.document
    assert document.topics or document.lorawan is not None or document.default is not None


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_mapping_is_used(profile):
    document = profile.document
    used = {rule.mapping for rule in document.topics} | {profile.default}
    if document.lorawan is not None:
        used.add(document.lorawan.mapping)
    assert set(document.mappings) <= used
