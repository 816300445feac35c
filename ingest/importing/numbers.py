"""Numbers by columns, as written in a file of text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bypuls.errors import Refusal
from ingest.importing.block import EMPTY, Bytes, Float64, fault
from ingest.reasons import refusal
from ingest.strict_json import number

NO_VALUE = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-", "--", "#N/A")
"""What stands in a file where nothing was measured."""

_NO_VALUE = pa.array(NO_VALUE)
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$"


def read_numbers(texts: pa.Array) -> tuple[Float64, Bytes]:
    """Numbers and faults; NaN and `EMPTY` where nothing was measured.

    Args:
        texts: strings with a dot for the decimals.
    """
    try:
        values = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
        if np.isfinite(values).all():
            return values, np.zeros(len(texts), np.uint8)
    except pa.ArrowInvalid:
        pass
    texts = pc.utf8_trim_whitespace(texts)
    faults = np.zeros(len(texts), np.uint8)
    faults[pc.is_in(texts, _NO_VALUE).to_numpy(zero_copy_only=False)] = EMPTY
    readable = pc.match_substring_regex(texts, _NUMBER)
    values = pc.cast(pc.if_else(readable, texts, "nan"), pa.float64()).to_numpy(zero_copy_only=False).copy()
    for row in np.flatnonzero(~np.isfinite(values) & (faults != EMPTY)).tolist():
        try:
            values[row] = as_number(texts[row].as_py())
        except Refusal as refused:
            faults[row] = fault(refused.code)
            values[row] = np.nan
    return values, faults


def as_number(text: str) -> float:
    """The number that a text means.

    Raises:
        Refusal: `wrong_type` or `non_finite`.
    """
    found = number(text, "value")
    if found is None:
        raise refusal("wrong_type", "there is no number")
    return found
