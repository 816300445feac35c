"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
BRIDGES = Listing(
    NAMED["bridges"],
    (Key("bridge", ("s", "bridge"), str), Key("station", ("s", "station"), str)),
    frozenset({"newest"}),
)
