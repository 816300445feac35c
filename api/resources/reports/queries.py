"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
REPORTS = Listing(NAMED["reports"], (Key("report", ("r", "id"), int),))
