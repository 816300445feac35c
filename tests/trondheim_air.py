"""Trondheim's air 2019 and 2020 as a page of the documentation: our numbers from the recorded hours, NILU's beside.

`python -m tests.trondheim_air` writes docs/reports/trondheim-air-2019-2020.md from the database of BYPULS_DATABASE_URL,
in which the recorded hours were replayed (docs/how-to/replay-recorded-data.md).
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import msgspec

from bypuls.storage.database import connect
from processors.reports.collection import collect
from processors.reports.notes import read_notes

ROOT = Path(__file__).parents[1]
PAGE, NOTES = ROOT / "docs/reports/trondheim-air-2019-2020.md", ROOT / "docs/reports/trondheim-notes.yaml"
YEARS = (2019, 2020)
SITES = {"bakke-kirke": "Bakke kirke", "e6-tiller": "E6-Tiller", "elgeseter": "Elgeseter", "torvet": "Torvet"}
EDITIONS = {
    "national": "Norway (forurensningsforskriften, before 2022) *",
    "eu2008": "EU 2008/50",
    "eu2030": "EU 2024/2881 (from 2030)",
    "who2021": "WHO 2021",
}
CLIPPED = ("2019-09-25", "2019-09-26", "2019-09-27")
_VERDICTS = {"within": "within", "above": "**above**"}


class AirAlone:
    """The page is about air: no assessment, trends, targets or measures."""

    def assessed(self, *_):
        return None

    def trends(self, *_):
        return []

    targets = effects = trends


def contents(url):
    notes = read_notes(NOTES)
    with connect(url, "reader") as connection:
        found = {year: collect(connection, "trondheim", year, AirAlone(), notes=notes) for year in YEARS}
    return {year: of_air(content, len(notes)) for year, content in found.items()}


def of_air(content, written):
    """The same without what else the city measures, and without its notes; those that people wrote come first."""
    kpis = [one for one in content.kpis if one.domain == "air"]
    subjects = {one.kpi for one in kpis} | {one.standard for one in kpis}
    notes = content.notes[:written] + [note for note in content.notes[written:] if note.subject in subjects]
    return msgspec.structs.replace(content, kpis=kpis, notes=notes)


def day_means(url):
    """Elgeseter's PM10 by day (UTC+1), where at least 18 of 24 hours are there."""
    query = """SELECT to_char(start AT TIME ZONE 'Etc/GMT-1', 'YYYY-MM-DD'), value FROM kpi_value
               WHERE city = 'trondheim' AND kpi = 'air.pm10.mean' AND scope = 'elgeseter' AND period = 'P1D'
                 AND quality = 'ok'"""
    with connect(url, "reader") as connection:
        return dict(connection.execute(query).fetchall())


def nilu_days(shared):
    """NILU's own day means at Elgeseter: property -> day -> µg/m³."""
    found = {"pm10": {}, "pm25": {}}
    file = shared / "data/real/trondheim_elgeseter_daily_2003_2025.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as source:
        for row in csv.DictReader(source):
            name = row["quantity"].removesuffix("_24h_mean")
            if name in found and row["quantity"] != name and row["value"] and int(row["time"][:4]) in YEARS:
                found[name][row["time"][:10]] = float(row["value"])
    return found


def above(days, year, limit):
    """Days whose mean, rounded half up to a whole number, is above the limit (e-Reporting clarification V4.1)."""
    values = (Decimal(repr(value)) for day, value in days.items() if day.startswith(str(year)))
    return sum(value.quantize(Decimal(1), ROUND_HALF_UP) > limit for value in values)


def page(found, days, nilu):
    parts = [_HEAD, *_stations(found), *_limits(found), *_clipping(days, nilu), *_beside(found, days, nilu)]
    notes = [f"- **{note.kind}** ({note.source}): {note.text['en']}" for note in next(iter(found.values())).notes]
    return "\n".join([*parts, "", "## Data notes", "", *notes, "", _END])


def _of(content, kpi, site):
    return next(one for one in content.kpis if one.kpi == kpi and one.scope == site)


def _stations(found):
    yield "\n## Stations\n"
    yield "| Year | Station | PM10 mean | hours | highest day | PM2.5 mean | hours | highest day |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for year, content in found.items():
        for slug, name in SITES.items():
            cells = []
            for pollutant in ("pm10", "pm25"):
                mean, highest = (_of(content, f"air.{pollutant}.{kpi}", slug) for kpi in ("mean", "day_mean.max"))
                cells += [f"{mean.value:.1f}", f"{100 * mean.coverage:.1f} %", f"{highest.value:.1f}"]
            yield f"| {year} | {name} | {' | '.join(cells)} |"
    classes = sorted({name for content in found.values() for one in content.kpis for name in one.classes})
    yield f"\nµg/m³; hours: share of the year's hours that were measured. Instruments: {', '.join(classes)}, measured."


def _limits(found):
    yield "\n## Against limits, by edition\n"
    yield "The year's mean, or its days above the limit. A verdict needs 90 % of the year; less is *not judged*."
    for pollutant, name in (("pm10", "PM10"), ("pm25", "PM2.5")):
        yield f"\n### {name}\n"
        yield "| Edition | Limit | Year | " + " | ".join(SITES.values()) + " |"
        yield "|---|---|---|" + "---|" * len(SITES)
        for edition, title in EDITIONS.items():
            for kpi in (f"air.{pollutant}.annual_limit.{edition}", f"air.{pollutant}.exceedance_days.{edition}"):
                for year, content in found.items():
                    if any(one.kpi == kpi for one in content.kpis):
                        values = [_of(content, kpi, slug) for slug in SITES]
                        cells = " | ".join(_judged(one) for one in values)
                        yield f"| {title} | {_limit(values[0])} | {year} | {cells} |"


def _limit(one):
    if one.unit == "days":
        return f"{one.limit:g} µg/m³ a day, {one.allowed:g} days allowed"
    return f"{one.limit:g} µg/m³ a year"


def _judged(one):
    value = f"{one.value:.0f} day{'' if one.value == 1 else 's'}" if one.unit == "days" else f"{one.value:.1f}"
    return f"{value}, {_VERDICTS.get(one.band, 'not judged') if one.quality == 'ok' else 'not judged'}"


def _clipping(days, nilu):
    yield "\n## Clipped hours at Elgeseter\n"
    yield "The publisher of the hours cut PM10 at 220 µg/m³; NILU's day means are of the hours as they were."
    yield "\n| Day (UTC+1) | From the hours | NILU's own | Difference |\n|---|---:|---:|---:|"
    for day in CLIPPED:
        yield f"| {day} | {days[day]:.1f} | {nilu['pm10'][day]:.1f} | {days[day] - nilu['pm10'][day]:.1f} |"


def _beside(found, days, nilu):
    yield "\n## NILU's own figures for Elgeseter\n"
    yield "| Year | | From the hours | NILU's day means |\n|---|---|---:|---:|"
    for year, content in found.items():
        for pollutant, name in (("pm10", "PM10"), ("pm25", "PM2.5")):
            own = [value for day, value in nilu[pollutant].items() if day.startswith(str(year))]
            mean = _of(content, f"air.{pollutant}.mean", "elgeseter").value
            theirs = sum(own) / len(own)
            yield f"| {year} | {name}, mean (NILU: mean of {len(own)} day means) | {mean:.1f} | {theirs:.1f} |"
        for limit, edition in ((50, "eu2008"), (45, "eu2030")):
            ours = _of(content, f"air.pm10.exceedance_days.{edition}", "elgeseter").value
            yield f"| {year} | PM10, days above {limit} | {ours:.0f} | {above(nilu['pm10'], year, limit)} |"
    lost = [day for day in nilu["pm10"] if above({day: nilu["pm10"][day]}, day[:4], 50) and day not in _over(days)]
    yield f"\nDays above 50 that the hours lack: {', '.join(sorted(lost)) or 'none'}."


def _over(days):
    return {day for day, value in days.items() if above({day: value}, day[:4], 50)}


_HEAD = """# Trondheim's air, 2019 and 2020

**Computed by Bypuls from recorded hours; not a report of Trondheim kommune or NILU.** PM10 and PM2.5 of four stations,
hour by hour, went the way of every measurement: ingest, hours, KPI values with coverage and evidence. NO2, O3 and SO2
are not in the recording. Measurements: NILU and Trondheim kommune (nilu.no, luftkvalitet.info); the hours as published
at github.com/Abdulmajid-Murad/Uncertainty-Aware-Autonomous-Sensing-With-DRL (MIT)."""

_END = """\\* The numbers before 2022 were read on a page of NILU, not in the regulation: `unverified` in the catalogue.

## Made again

Replay the hours ([how](../how-to/replay-recorded-data.md)), then, with `BYPULS_DATABASE_URL` set,
`python -m tests.trondheim_air`. A test with all recorded years compares this page with what comes of them; the city's
own report is `bypuls report city trondheim --year 2019 --notes docs/reports/trondheim-notes.yaml`.
"""


def made(url, shared):
    return page(contents(url), day_means(url), nilu_days(shared))


if __name__ == "__main__":
    folder = Path(os.environ.get("BYPULS_SHARED") or ROOT.parent / "shared")
    if "BYPULS_DATABASE_URL" not in os.environ:
        sys.exit("set BYPULS_DATABASE_URL: the database in which the recorded hours were replayed")
    PAGE.write_text(made(os.environ["BYPULS_DATABASE_URL"], folder), encoding="utf-8")
