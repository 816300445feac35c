"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
SILENT = Listing(
    NAMED["silent"],
    (Key("last_time", ("s", "last_time"), datetime), Key("datastream", ("s", "id"), int)),
    frozenset({"last_time"}),
)
