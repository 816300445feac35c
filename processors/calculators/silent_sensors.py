"""How many datastreams gave nothing in an hour or day, of those that should have."""

from __future__ import annotations

import numpy as np

from processors.calculation import Calculator, Detail, Inputs, Outcome

_NAMED = 20


def compute(inputs: Inputs) -> Outcome:
    """Datastreams of active devices, heard of before the window, that gave no value of any flag in it.

    One that speaks less often than the window is long is not asked. `detail`: how many were, and the first 20 silent.
    """
    cells, series = inputs.cells, inputs.series
    heard = set(zip(inputs.heard["series"].tolist(), inputs.heard["cell"].tolist(), strict=True))
    length = np.nan_to_num(series["spacing"].fillna(series["interval"]).to_numpy(float), nan=0.0)
    value = np.full(len(cells), np.nan)
    detail: list[Detail | None] = [None] * len(cells)
    undefined: list[str | None] = [None] * len(cells)
    of_site = {site: rows.index.to_numpy() for site, rows in series.groupby("site_index")}
    first, active = series["first"].to_numpy(float), series["active"].to_numpy(bool)
    names = list(zip(series["device"], series["property"], series["channel"], strict=True))
    for at, (site, start, end) in enumerate(
        zip(cells.site.tolist(), cells.start.tolist(), cells.end.tolist(), strict=True)
    ):
        asked = [
            row for row in of_site.get(site, ()) if active[row] and first[row] < end and length[row] <= end - start
        ]
        if not asked:
            undefined[at] = "no active datastream"
            continue
        silent = [row for row in asked if (int(row), at) not in heard]
        value[at] = len(silent)
        detail[at] = {
            "asked": len(asked),
            "silent": [
                {"device": device, "property": name, "channel": channel}
                for device, name, channel in (names[row] for row in silent[:_NAMED])
            ],
        }
    ones = np.ones(len(cells), dtype=np.int64)
    return Outcome(value, detail=detail, undefined=undefined, covered=ones, expected=ones, counted="windows")


calculator = Calculator(compute, units=frozenset({"datastreams"}))
