"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
PROPERTIES = Listing(NAMED["properties"], (Key("property", ("p", "id"), str),))
