"""What the driver says decides whether ingest waits for the database, or looks for a message that cannot be stored."""

import pytest
from psycopg import errors as pg

from bypuls.errors import DatabaseUnreachable, NotStorable
from bypuls.storage.database import translated


# SQLSTATE: https://www.postgresql.org/docs/17/errcodes-appendix.html
@pytest.mark.parametrize(
    ("sqlstate", "ours"),
    [
        ("53400", NotStorable),  # configuration_limit_exceeded: TimescaleDB's tuple decompression limit
        ("53200", NotStorable),  # out_of_memory: too many locks
        ("54000", NotStorable),  # program_limit_exceeded: a key too long for its index
        ("22003", NotStorable),  # numeric_value_out_of_range
        ("53100", DatabaseUnreachable),  # disk_full
        ("57P01", DatabaseUnreachable),  # admin_shutdown
        ("25006", DatabaseUnreachable),  # read_only_sql_transaction: a standby
    ],
)
def test_an_error_of_the_data_is_told_from_one_of_the_server(sqlstate, ours):
    with pytest.raises(ours) as caught, translated():
        raise pg.lookup(sqlstate)("said so")
    assert type(caught.value) is ours
