"""Rolling years: a month's value is that of the twelve months that end with it.

A year that ends with March is a year of a calendar that begins in April. So a formula that knows years knows rolling
ones; it is asked once for each month of the year that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bypuls.kpi import KpiDefinition
from bypuls.periods import Calendar
from processors.calculation import Cells, Integers
from processors.evidence import iso
from processors.hour_selection import counting_hours
from processors.windows import HOUR, local_days, starts_of


def year_begins_of(month_starts: Integers, calendar: Calendar) -> Integers:
    """In which month (1 to 12) the year begins that ends with each month."""
    days = local_days(month_starts, calendar)
    months: Integers = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return months % 12 + 1


def year_starts(month_starts: Integers, calendar: Calendar) -> Integers:
    """When the twelve months begin that end with each month."""
    begins = year_begins_of(month_starts, calendar)
    starts = np.zeros(len(month_starts), dtype=np.int64)
    for month in np.unique(begins).tolist():
        of = begins == month
        starts[of] = starts_of(month_starts[of], "P1Y", replace(calendar, year_begins=month))
    return starts


def years_of(
    definition: KpiDefinition, cells: Cells, calendar: Calendar, country: str | None
) -> Iterator[tuple[Cells, Calendar, Integers]]:
    """The cells of months as cells of the years that end with them, with their calendar and the months' rows."""
    begins = year_begins_of(cells.start, calendar)
    for month in np.unique(begins).tolist():
        rows = np.flatnonzero(begins == month)
        years = replace(calendar, year_begins=month)
        start, end = starts_of(cells.start[rows], "P1Y", years), cells.end[rows]
        elapsed = (cells.start[rows] - start) // HOUR + cells.elapsed[rows]
        made = replace(cells, period="P1Y", site=cells.site[rows], start=start, end=end, elapsed=elapsed,
                       counting=None, counting_over=None)  # fmt: skip
        if definition.window.selects:
            window = definition.window
            made = replace(
                made,
                counting=counting_hours(start, end, window, years, country),
                counting_over=counting_hours(start, start + elapsed * HOUR, window, years, country),
            )
        yield made, years, rows


def spans_said(cells: Cells) -> list[list[list[str]]]:
    """`rests_on` of each year: its twelve months."""
    return [[[since, until]] for since, until in zip(iso(cells.start), iso(cells.end), strict=True)]
