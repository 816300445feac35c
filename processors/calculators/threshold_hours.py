"""Hours above a threshold for informing or alerting the public."""

from __future__ import annotations

import numpy as np

from bypuls.formulas.exceedance import exceeding
from processors.calculation import Calculator, Detail, Floats, Inputs, Outcome
from processors.windows import HOUR

_BESIDE = 2  # three hours in a row may begin the day before and end the day after


def compute(inputs: Inputs) -> Outcome:
    """Count valid hours above a threshold that stand in a row of as many as it asks for (three for an alert of NO2).

    Parameters: `standard` (thresholds), `pollutant`, `threshold` (information, alert). Rounded half up to whole
    numbers, strictly greater. Of a row over midnight each day counts its own hours. `detail` says the threshold.

    Source: 2008/50/EC, Annex XII.
    """
    cells, parameters = inputs.cells, inputs.definition.parameters
    standard = inputs.standards.rules[parameters["standard"]]
    threshold = standard.values[parameters["pollutant"]][parameters["threshold"]]
    own = inputs.hours[inputs.hours["valid"]]
    site, hour = own["site"].to_numpy(np.int64), own["bucket"].to_numpy(np.int64) // HOUR
    value: Floats = own["value"].to_numpy(float)
    above = exceeding(value, np.full(len(value), float(threshold["value"])), np.zeros(len(value), dtype=np.int64))
    keys = np.sort((site << 32) + hour)
    high = np.sort(((site << 32) + hour)[above])
    breaks = np.flatnonzero(np.diff(high, prepend=-2) != 1)
    lengths = np.diff(np.append(breaks, len(high)))
    counts = np.repeat(lengths >= threshold["hours"], lengths)
    begin, end = (cells.site << 32) + cells.start // HOUR, (cells.site << 32) + cells.end // HOUR
    total = np.searchsorted(high[counts], end) - np.searchsorted(high[counts], begin)
    valid = np.searchsorted(keys, end) - np.searchsorted(keys, begin)
    status = {"standard": standard.id} | ({} if standard.status == "verified" else {"standard_status": standard.status})
    said: Detail = {"threshold": threshold["value"], "hours_in_a_row": threshold["hours"]}
    return Outcome(
        np.where(valid > 0, total, np.nan).astype(np.float64),
        detail=[dict(said) if some else None for some in (valid > 0).tolist()],
        evidence=[status] * len(cells),
    )


calculator = Calculator(
    compute,
    units=frozenset({"hours"}),
    hours_before=_BESIDE,
    hours_after=_BESIDE,
    parameters=frozenset({"standard", "pollutant", "threshold"}),
)
