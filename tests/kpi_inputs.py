"""Builds what a KPI rests on from plain hourly values, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from bypuls.properties import Properties
from processors.calculation import Place
from processors.readings import FIELDS, SERIES_COLUMNS, series_frame
from processors.sites import cells_of, site_values
from processors.wanted import Wanted
from processors.windows import starts_of

PROPERTIES = Properties.load()
TRONDHEIM = Place("trondheim", "Europe/Oslo", 3600, "norway_legal_limits")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def series_of(rows):
    """Datastreams from dicts; what a test does not say is the usual."""
    columns = []
    for number, row in enumerate(rows, start=1):
        given = {
            "id": number,
            "kind": "traffic",
            "aggregation": PROPERTIES[row["property"]].aggregation if row["property"] in PROPERTIES else "mean",
            "channel": "",
            "device": row["site"],
            "class": "reference",
            "origin": "measured",
            "interval": 3600.0,
            "spacing": None,
            "first": 0.0,
            "active": True,
            "attributes": {},
        } | row
        columns.append(tuple(given[name] for name in SERIES_COLUMNS))
    return series_frame(columns)


def records_of(rows):
    """Rollups from (datastream, seconds since 1970, value, n_valid, expected, n_suspect, n_fail), of registers with
    (covered, estimated) behind.
    """
    records = np.zeros(len(rows), FIELDS)
    for name in FIELDS.names:
        if FIELDS[name].kind == "f":
            records[name] = np.nan
    if rows:
        columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
        records["datastream"], records["bucket"] = columns[0], columns[1]
        records["n_valid"], records["expected"] = columns[3], columns[4]
        records["n_suspect"], records["n_fail"] = columns[5], columns[6]
        count, value = columns[3], np.where(columns[3] > 0, columns[2], np.nan)
        records["sum"] = value * count
        records["increase"] = columns[2]
        if len(columns) > 7:  # of registers
            records["covered"], records["gap_increase"] = columns[7], columns[8]
        records["min"] = records["max"] = records["last"] = value
        records["energy_sum"] = 10 ** (np.minimum(value, 300) / 10) * count
        records["sin_sum"], records["cos_sum"] = np.sin(np.radians(value)) * count, np.cos(np.radians(value)) * count
    return records[np.lexsort((records["bucket"], records["datastream"]))]


def values_of(catalogue, kpi, period, records, series, *, place=TRONDHEIM, now=LATER, wanted=None):
    """The site values of every period that the records touch, or of the wanted (site, start)."""
    definition = catalogue.definitions[kpi]
    sites = dict(zip(series["id"], series["site"], strict=True))
    if wanted is None:
        calendar = place.calendar(definition.calendar)
        starts = starts_of(records["bucket"].astype(np.int64), period, calendar)
        pairs = np.unique(np.stack([records["datastream"].astype(np.int64), starts]), axis=1)
        wanted = [(sites[datastream], start) for datastream, start in pairs.T.tolist()]
    kinds = dict(zip(series["site"], series["kind"], strict=True))
    attributes = dict(zip(series["site"], series["attributes"], strict=True))
    cells = cells_of(definition, period, Wanted.of(wanted), kinds, place, now, attributes)
    return site_values(definition, catalogue, cells, records, series, place)
