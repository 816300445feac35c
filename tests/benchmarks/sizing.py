# ruff: noqa: E501, RUF001 - lines of the page are as long as its tables, and multiply
"""The sizing table: arithmetic on medians of benchmarks, nothing measured here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.results import medians, told

READINGS, DEVICES_A_SITE = 3, 10
BUSY = 0.7  # of a core
DEVICES = (100, 1_000, 10_000, 100_000)
INTERVALS = {"1 s": 1, "10 s": 10, "1 min": 60, "5 min": 300}
SECONDS_A_YEAR = 365 * 86_400
SHORTEST_TURN = 0.5
_MEGA, _GIGA = 1e6, 1e9

WANTED = {
    "throughput-backlog": ("ingest CPU", "database CPU", "broker CPU"),
    "turn": ("rollups, CPU", "KPI values, CPU", "KPI values a turn"),
    "processing": (
        "size of observation",
        "size of rollup_5m",
        "size of rollup_1h",
        "size of kpi_value",
        "KPI values that stand",
    ),
    "freshness": ("ingest memory", "process memory", "serve memory"),
    "columnstore": (
        "columnstore, year, all columns",
        "columnstore, year, index",
        "rollup_5m, columnstore, 14 or 60 days",
        "rollup_5m, columnstore, index",
    ),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What the table rests on; CPU in microseconds, sizes in bytes, memory in MB."""

    message: float
    datastream: float
    value: float
    values_a_site: float
    observation: float
    five_minutes: float
    hour: float
    kpi_value: float
    kpi_values_a_year: float
    processes: float
    observation_compressed: float
    five_minutes_compressed: float


@dataclass(frozen=True, slots=True)
class Size:
    """What so many devices need; `turn` is how long one processor takes for all that lives, seconds."""

    messages: float
    cores: float
    turn: float
    megabytes: float
    gigabytes_a_year: float
    gigabytes_compressed: float


def measured(results: Mapping[str, dict]) -> Measured | None:
    """What the table needs; None where a benchmark has no result yet."""
    found: list[float] = []
    for name, figures in WANTED.items():
        medians_of = medians(results[name]) if name in results else {}
        if not set(figures) <= set(medians_of):
            return None
        found += [medians_of[figure][0] for figure in figures]
    ingest, database, broker, *rest = found
    *rest, ingesting, processing, serving, values, index, buckets, their_index = rest
    return Measured(
        ingest + database + broker, *rest, ingesting + processing + serving, values + index, buckets + their_index
    )


def size_of(devices: int, interval: float, known: Measured) -> Size:
    """Of devices that each send a message of three readings every `interval` seconds."""
    messages, streams, sites = devices / interval, devices * READINGS, devices / DEVICES_A_SITE
    readings_a_year = messages * READINGS * SECONDS_A_YEAR
    buckets_a_year = streams * SECONDS_A_YEAR / max(interval, 300)
    never_compressed = streams * SECONDS_A_YEAR / 3600 * known.hour + sites * known.kpi_values_a_year * known.kpi_value
    year = readings_a_year * known.observation + buckets_a_year * known.five_minutes + never_compressed
    compressed = (
        readings_a_year * known.observation_compressed
        + buckets_a_year * known.five_minutes_compressed
        + never_compressed
    )
    hot = messages * READINGS * 7200 * known.observation + streams * 288 * known.five_minutes
    turn = _turn(streams, sites, interval, known)
    cores, memory = messages * known.message / 1e6 / BUSY + 1, known.processes + hot / _MEGA
    return Size(messages, cores, turn, memory, year / _GIGA, compressed / _GIGA)


def _turn(streams: float, sites: float, interval: float, known: Measured) -> float:
    """What came in during a turn is the next one's work: the length at which both are equal."""
    turn = SHORTEST_TURN
    for _ in range(200):
        changed = streams * min(1.0, turn / interval)
        living = sites * min(1.0, turn * DEVICES_A_SITE / interval)
        turn = max(SHORTEST_TURN, (changed * known.datastream + living * known.values_a_site * known.value) / 1e6)
    return turn


def section(results: Mapping[str, dict]) -> str:
    """The table with its derivation, or what is missing for it."""
    known = measured(results)
    if known is None:
        names = ", ".join(f"`{name}` ({', '.join(figures)})" for name, figures in WANTED.items())
        return f"\n## Sizing\n\nDerived from the results of {names}; not all of them are here yet.\n"
    rows = [
        f"| {devices:,} | {name} | {told(size.messages, '')}| {size.cores:.1f} | {told(size.turn, 's')} | {told(size.megabytes, 'MB')} | {told(size.gigabytes_a_year, 'GB')} | {told(size.gigabytes_compressed, 'GB')} |\n"
        for devices in DEVICES
        for name, interval in INTERVALS.items()
        for size in [size_of(devices, interval, known)]
    ]
    return f"""
## Sizing

What so many devices need that each send a message of {READINGS} readings at this interval. Calculated, not run:

- **cores** = messages/s × {told(known.message, "µs")} (ingest, broker and database, draining a backlog: fewer messages at once cost more each) ÷ {BUSY:g}, and one for a processor with its database session.
- **a turn** is how long that one processor takes to roll up and compute all that lives; a running number is one to two turns old.
  Datastreams that changed × {told(known.datastream, "µs")} + sites that changed × {known.values_a_site:.3g} values × {told(known.value, "µs")}; what comes in during a turn is
  the next one's work; at least {SHORTEST_TURN:g} s. Processors share the queue: more of them make it shorter as the measured scaling says.
- **memory** = the processes' {told(known.processes, "MB")} + a cache that holds two hours of observations and a day of 5-minute rollups.
- **disk a year** = observations × {told(known.observation, "bytes")} + 5-minute rollups × {told(known.five_minutes, "bytes")} + hourly ones × {told(known.hour, "bytes")} + {told(known.kpi_values_a_year, "KPI values a site")} × {told(known.kpi_value, "bytes")}; plain PostgreSQL,
  everything kept. Dropping raw data after some time leaves the other terms.
- **in the columnstore** (TimescaleDB's Community edition) = the same with {told(known.observation_compressed, "bytes")} an observation and {told(known.five_minutes_compressed, "bytes")} a 5-minute rollup: an upper bound, for of
  shorter spacings than the measured hourly values more rows share a page. What is newer than `--after-days` is not compressed yet.

Assumptions: {DEVICES_A_SITE} devices a site; indicators as many as were measured at a site; the figures above hold at other sizes too, which they do
only roughly; the write-ahead log, backups and history of corrected values are not in it.

| devices | interval | messages/s | cores | a turn | memory | disk a year | in the columnstore |
|--:|--:|--:|--:|--:|--:|--:|--:|
{"".join(rows)}"""
