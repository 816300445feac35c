"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
INVALIDATIONS = Listing(
    NAMED["invalidations"],
    (Key("from", ("i", "since"), datetime), Key("id", ("i", "id"), int)),
    frozenset({"from", "to"}),
    newest_first=True,
)
