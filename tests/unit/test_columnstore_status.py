"""What `bypuls columnstore status` says of a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bypuls.commands.columnstore import _line
from bypuls.storage.columnstore import TableStatus

OFF = {"after": None, "arrival_seconds": None, "failure": None, "compressed": 0, "bytes_before": 0}
ON = {"after": timedelta(days=45), "compressed": 2, "bytes_before": 8_000_000}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (OFF, "observation: not switched on; 3 chunks, 1.5 MB"),
        (
            ON | {"arrival_seconds": 10, "failure": None},
            (
                "observation: compressed after 45 days, arrivals cut to 10 s; 2 of 3 chunks are; 1.5 MB in all "
                "(those 2 took 8.0 MB before)"
            ),
        ),
        (
            ON | {"arrival_seconds": None, "failure": "disk full"},
            (
                "observation: compressed after 45 days; 2 of 3 chunks are; 1.5 MB in all (those 2 took 8.0 MB before); "
                "the database says that its last run failed: disk full"
            ),
        ),
    ],
)
def test_a_table_is_one_line(given, said):
    assert _line(TableStatus(table="observation", chunks=3, bytes_now=1_500_000, **given)) == said
