"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
AUDIT = Listing(
    NAMED["audit"],
    (Key("time", ("a", "time"), datetime), Key("id", ("a", "id"), int)),
    frozenset({"time"}),
    newest_first=True,
)
