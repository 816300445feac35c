"""What a message costs before it is stored: decoding, validation, quality control.

Asserts nothing about time, for the machine may be busy.
"""

import timeit
from datetime import UTC, datetime

from bypuls.properties import Properties
from bypuls.qc_stream import Stream
from bypuls.units import Units
from ingest.decoding import Context, Message
from ingest.memory import Memory
from ingest.sources import LIVE
from ingest.validation import Catalogue, Reader
from tests.benchmarks.results import Result, runs

NOW = datetime(2026, 1, 5, 10, 0, 1, tzinfo=UTC)
TOPIC = "bypuls/v1/demo/dev-1/observations"
MESSAGES = {
    "flat, 4 readings": b'{"ts":1767607200000,"pm25":12.5,"pm10":20.1,"temperature":3.4,"humidity":71}',
    "values, ISO time, 4 readings": (
        b'{"time":"2026-01-05T10:00:00Z","values":{"pm25":12.5,"pm10":20.1,"temperature":3.4,"humidity":71.5}}'
    ),
    "readings with units, 3": (
        b'{"time":"2026-01-05T10:00:00Z","readings":[{"quantity":"pm25","value":12.5,"unit":"ug/m3"},'
        b'{"quantity":"pm10","value":0.02,"unit":"mg/m3"},{"quantity":"temperature","value":41.5,"unit":"degF"}]}'
    ),
    "SenML, 3 readings": (
        b'[{"bt":1767607200,"n":"pm25","u":"ug/m3","v":12.5},{"n":"pm10","u":"ug/m3","v":20.1},'
        b'{"n":"temperature","u":"Cel","v":3.4}]'
    ),
}


def microseconds(call, number=1000, repeat=50):
    """The quickest of many short runs: what the code takes, not what else the machine does."""
    return min(timeit.repeat(call, number=number, repeat=repeat)) / number * 1e6


WORDS = """
What the code takes for a message, without broker and database: `decode` is the decoder alone, `all` with devices, units
and the gross range of every reading; then quality control in time (QARTOD) of a value, and a unit that is known. The
quickest of fifty short runs each.
"""


def test_reading():
    catalogue, result = Catalogue.load(), Result("reading", "Reading a message", WORDS)
    units, pm10 = Units.load(), Properties.load()["pm10"]
    units.conversion("mg/m3", pm10)
    for _ in range(runs()):
        figures = {}
        for name in MESSAGES:
            figures |= of_message(name, catalogue)
        for name in ("vehicle_count", "air_temperature", "pm10"):
            figures[f"{name}: quality control"] = (of_value(name), "µs/value")
        figures["known unit"] = (microseconds(lambda: units.conversion("mg/m3", pm10)), "µs")
        result.add(figures)
    result.write()


def of_message(name, catalogue):
    message, reader = Message(TOPIC, MESSAGES[name], NOW), Reader(LIVE, catalogue)
    context = Context(Memory(), catalogue.profiles, lambda _: None)
    read = reader.read(message)
    assert read.refusals == []
    decoder = catalogue.decoders[read.decoder]
    return {
        f"{name}: decode": (microseconds(lambda: decoder.decode(message, LIVE, context)), "µs"),
        f"{name}: all": (microseconds(lambda: reader.read(message)), "µs"),
    }


def of_value(name):
    thresholds = Properties.load()[name].qc

    def judge():
        stream = Stream(thresholds)
        for n in range(10_000):
            stream.push(60.0 * n, float(n % 7))

    return microseconds(judge, number=1, repeat=20) / 10_000
