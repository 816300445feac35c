"""The list of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
REGISTER = Listing(NAMED["register"], (Key("entry", ("r", "entry"), str),))
