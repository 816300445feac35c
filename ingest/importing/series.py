"""Which series each row belongs to: what its device, property, unit … columns say together, found once per series."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.importing.block import FINE, Bytes, Int32, Sent, fault

_DENSE = 4_000_000  # so many possible combinations are looked up in a table
_FLAGS = {"": 0, "1": 1, "2": 2, "3": 3, "4": 4, "9": 9}


class Parts(NamedTuple):
    """The columns that name a series, dictionary-encoded, or one text for all rows. In the order of `Sent`."""

    city: pa.Array | str = ""
    device: pa.Array | str = ""
    quantity: pa.Array | str = ""
    channel: pa.Array | str = ""
    unit: pa.Array | str = ""
    interval: pa.Array | str = ""


def series_of(parts: Parts, rows: int) -> tuple[Int32, list[Sent]]:
    """Per row an index into the series that are there, and these."""
    codes = np.zeros(rows, np.int64)
    words: list[list[str]] = []
    sizes: list[int] = []
    for part in parts:
        if isinstance(part, str):
            words.append([part.strip()])
            sizes.append(1)
            continue
        indices, texts = _encoded(part)
        words.append(texts)
        sizes.append(len(texts))
        if len(texts) > 1:
            codes = codes * len(texts) + indices
    many = int(np.prod([float(size) for size in sizes]))
    if rows and many <= _DENSE:
        found = np.flatnonzero(np.bincount(codes, minlength=1))
        place = np.zeros(int(found[-1]) + 1, np.int32)
        place[found] = np.arange(len(found), dtype=np.int32)
        series = place[codes]
    else:
        found, inverse = np.unique(codes, return_inverse=True)
        series = inverse.astype(np.int32)
    return series, [_sent(int(code), words) for code in found]


def _encoded(part: pa.Array) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], list[str]]:
    encoded = part if pa.types.is_dictionary(part.type) else pc.dictionary_encode(pc.cast(part, pa.string()))
    texts = [(text or "").strip() for text in encoded.dictionary.to_pylist()]
    indices = encoded.indices
    if encoded.null_count:
        indices = pc.fill_null(indices, len(texts))
        texts.append("")
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), texts


def _sent(code: int, words: list[list[str]]) -> Sent:
    texts = []
    for choice in reversed(words):
        code, index = divmod(code, len(choice))
        texts.append(choice[index])
    return Sent(*reversed(texts))


def flags_of(column: pa.Array) -> tuple[Bytes, Bytes]:
    """QARTOD flags of a column (0: none given), and faults of what is no flag."""
    encoded = pc.dictionary_encode(pc.cast(column, pa.string()))
    texts = [(text or "").strip().removesuffix(".0") for text in encoded.dictionary.to_pylist()]
    flags = np.array([_FLAGS.get(text, 0) for text in texts] + [0], np.uint8)
    faults = np.array([FINE if text in _FLAGS else fault("wrong_type") for text in texts] + [FINE], np.uint8)
    indices = pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False)
    return flags[indices], faults[indices]
