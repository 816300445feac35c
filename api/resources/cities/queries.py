"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
CITIES = Listing(NAMED["cities"], (Key("city", ("c", "slug"), str),))
