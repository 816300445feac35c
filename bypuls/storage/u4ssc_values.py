"""U4SSC data points of a city's years, as values that are judged and compared."""

from __future__ import annotations

from bypuls.kpi_value import KpiValue
from bypuls.storage.database import Connection


def u4ssc_series(connection: Connection, city: str, code: str, data_point: str) -> list[KpiValue]:
    """The data point's value of every year there is one for, oldest first."""
    del connection, city, code, data_point
    return []
