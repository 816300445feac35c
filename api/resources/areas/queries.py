"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
AREAS = Listing(NAMED["areas"], (Key("area", ("a", "slug"), str),))
