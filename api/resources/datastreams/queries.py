"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
DATASTREAMS = Listing(
    NAMED["datastreams"], (Key("datastream", ("s", "id"), int),), frozenset({"first_time", "last_time"})
)
