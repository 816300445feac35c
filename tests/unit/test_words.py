"""What names of several words measured."""

import doctest

import pytest

import ingest.discovery
import ingest.obis
import ingest.protobuf
import ingest.words
from ingest.decoders import p1_telegram
from ingest.strict_json import is_channel
from ingest.words import channel_of, said


@pytest.mark.parametrize(
    ("name", "quantity", "channel"),
    [
        ("Energy/Active Import", "active_energy_import", ""),
        ("Power/Active/L1", "active_power", "l1"),
        ("ActivePowerL2", "active_power", "l2"),
        ("Phase A/Voltage", "voltage", "phase_a"),
        ("sps30_06509B9E_pm25", "pm25", "sps30_06509b9e"),
        ("PM2.5", "pm25", ""),
        ("eCO2", "eco2", ""),
        ("total_energy", "active_energy_import", ""),
        ("temperature_2", "air_temperature", "2"),
    ],
)
def test_the_end_of_a_name_is_what_was_measured_and_the_rest_its_channel(name, quantity, channel):
    assert said(name) == (quantity, channel, True)


@pytest.mark.parametrize(
    "name",
    ["temperature_setpoint", "max_temperature", "no_2", "serial_no", "Outputs/E", "", "x" * 400, "\0", "a" + "_b" * 20],
)
def test_what_is_something_else_or_nothing_stays_the_devices_own_word(name):
    word = said(name)
    assert not word.known
    assert len(word.quantity) <= 64
    assert word.quantity.isprintable()


def test_the_devices_name_is_no_channel():
    assert said("boiler-7 outlet temperature", "boiler-7").channel == "outlet"


def test_channels_are_short_and_two_long_names_stay_two():
    names = [f"{'a very long name of a ' * 3}{number}" for number in range(2)]
    channels = [channel_of(name) for name in names]
    assert len(set(channels)) == 2
    assert all(is_channel(channel) for channel in channels)


@pytest.mark.parametrize("module", [ingest.words, ingest.discovery, ingest.obis, ingest.protobuf, p1_telegram])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
