"""What a rollup looks like in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.series import OfSeries, SeriesWanted
from bypuls.observation import InstrumentClass, Origin


class RollupsWanted(SeriesWanted):
    """Parameters of the list."""

    resolution: Literal["1h", "5m"] = Field("1h", description="Hours, or five minutes; in UTC.")


class Rollup(OfSeries):
    """One bucket of one datastream; sums, means, smallest and largest are over good and not evaluated values."""

    bucket: datetime = Field(description="Its start.", examples=["2020-01-01T11:00:00Z"])
    bucket_local: datetime = Field(description="The same in the city.", examples=["2020-01-01T12:00:00+01:00"])
    mean: float | None = Field(
        description="By the property's aggregation: energy mean of levels, circular of directions, none of registers.",
        examples=[23.4],
    )
    steadiness: float | None = Field(
        description="Of directions: length of the mean of their unit vectors, 1 when all were the same; the weight of "
        "the hour in a longer mean."
    )
    min: float | None
    max: float | None
    sum: float | None
    first: float | None
    last: float | None
    increase: float | None = Field(
        description="Of a register: what was used. An hour's is interpolated to its edges and across gaps; 5 minutes "
        "have the steps that end in them."
    )
    gap_increase: float | None = Field(description="The part of it that is estimated, across a gap; null: none is.")
    unit: str = Field(description="Of mean, min, max, sum, first, last and the increases.", examples=["ug/m3"])
    n_good: int = Field(description="Values flagged good.", examples=[12])
    n_not_evaluated: int
    n_suspect: int = Field(description="Counted, and left out of everything else.")
    n_fail: int = Field(
        description="Counted, and left out of everything else; of a register's hour also readings that stray."
    )
    n_invalidated: int | None = Field(description="Values that people left out (GET /v1/invalidations); null: none.")
    expected: int | None = Field(description="Values the bucket should hold; null while nobody knows.", examples=[12])
    coverage: float | None = Field(
        description="Share of them that counts, 0 to 1; of a register's hour the share between readings.",
        examples=[1.0],
    )
    first_time: datetime | None
    last_time: datetime | None
    resets: int | None = Field(description="How often a register began anew, or fell for no known reason.")
    slope: float | None = Field(
        description="Calibrated: the values are slope * value as sent + intercept. null: as sent, of a bucket of five "
        "minutes not said."
    )
    intercept: float | None
    partly_calibrated: bool = Field(description="A calibration began, ended or changed within the hour.")
    class_: InstrumentClass = Field(alias="class")
    origin: Origin
    computed_at: datetime
