"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_KEYS = (Key("datastream", ("r", "datastream"), int), Key("time", ("r", "time"), datetime))
OBSERVATIONS = Listing(NAMED["observations"], _KEYS, frozenset({"time"}))
NEWEST_OBSERVATIONS = Listing(NAMED["observations_newest"], _KEYS, frozenset({"time"}), newest_first=True)
