"""The speed that 85 % of the vehicles keep to, from what detectors say of each interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from processors.calculation import Calculator, Floats, Inputs, Integers, Outcome
from processors.calculators._estimates import marked

_COUNT, _V85 = "vehicle_count", "vehicle_speed_p85"
_NO_FLOW = "no vehicle was counted"
_HOUR = 3600
_WHY = {
    "en": "the mean, weighed by vehicles, of the 85th percentiles that the detector gave of shorter intervals or lanes",
    "nb": "gjennomsnittet, vektet med kjøretøy, av 85-prosentiler som detektoren ga for kortere intervaller eller felt",
}


def compute(inputs: Inputs) -> Outcome:
    """v85 as the detector gave it (`vehicle_speed_p85`): of an hour and one lane it is the percentile itself.

    Of several lanes, of shorter intervals and of days, months and years it is the mean of those, weighed by vehicles,
    which is no percentile of all vehicles: those values are marked as estimates. (The percentile of all of them, by
    rank or on the cumulative curve, would need each vehicle's speed or its distribution, which detectors do not send.)
    Hours whose vehicles are not counted weigh as much as one vehicle where none is counted at the site. Undefined
    without flow. Of a scope: the fastest site.
    """
    cells = inputs.cells
    own = inputs.hours[inputs.hours["cell"] >= 0]
    own = own if cells.period == "PT1H" else own[own["valid"]]
    lanes = _lanes(inputs)
    own = own.assign(lane=lanes[own["series"].to_numpy(np.int64)])
    names = own["property"].astype(object)
    counts = own[names == _COUNT][["cell", "bucket", "lane", "value"]]
    # Nobody passes at no speed: a zero there says that none passed.
    speeds = own[(names == _V85) & (own["value"] > 0)][["cell", "bucket", "lane", "value", "series"]]
    both = speeds.merge(counts, on=["cell", "bucket", "lane"], how="left", suffixes=("", "_count"))
    cell = both["cell"].to_numpy(np.int64)
    weight = _weights(both, cell, len(cells))
    total = np.bincount(cell, weight, len(cells))
    value = np.full(len(cells), np.nan)
    some = total > 0
    value[some] = np.bincount(cell, weight * both["value"].to_numpy(float), len(cells))[some] / total[some]
    flow = np.bincount(counts["cell"].to_numpy(np.int64), counts["value"].to_numpy(float), len(cells))
    counted = np.bincount(counts["cell"].to_numpy(np.int64), minlength=len(cells))
    number = np.bincount(cell, minlength=len(cells))
    short = inputs.series["interval"].fillna(inputs.series["spacing"]).fillna(0).to_numpy(float) < _HOUR
    pieces = np.bincount(cell, short[both["series"].to_numpy(np.int64)], len(cells)) > 0
    estimated = (number > 1) | pieces
    empty = (counted > 0) & (flow == 0)
    hours = pd.concat([speeds[["cell", "bucket"]], counts[counts["value"] == 0][["cell", "bucket"]]]).drop_duplicates()
    expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
    return Outcome(
        value,
        detail=[{"volume": float(flow[at])} if some[at] and counted[at] else None for at in range(len(cells))],
        covered=np.bincount(hours["cell"].to_numpy(np.int64), minlength=len(cells)),
        expected=expected,
        undefined=[_NO_FLOW if one else None for one in (empty & ~some).tolist()],
        evidence=[
            {"from": _V85, **(marked(_WHY) if estimated[at] else {})} if some[at] else None for at in range(len(cells))
        ],
    )


def _lanes(inputs: Inputs) -> Integers:
    return pd.factorize(inputs.series["device"] + "\n" + inputs.series["channel"])[0].astype(np.int64)


def _weights(both: pd.DataFrame, cell: Integers, size: int) -> Floats:
    """Vehicles of each speed; where some of a cell are unknown, all of it weigh the same."""
    weight = both["value_count"].to_numpy(float)
    unknown = np.bincount(cell, np.isnan(weight), size) > 0
    return np.where(unknown[cell], 1.0, np.nan_to_num(weight))


calculator = Calculator(compute, units=frozenset({"km/h"}))
