"""Formulas of the standards: pure functions on floats, numpy arrays and Decimals.

No pandas, no clock, no database. What has no value (no flow, no data, too few hours) is None or, in arrays, NaN: never
0.
Constants that a law or manual sets are in `bypuls/catalogue/standards` and read by `bypuls.standards`.
"""
