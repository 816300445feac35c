"""The lists of this noun."""

from datetime import datetime
from typing import LiteralString

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_KEYS = (Key("datastream", ("r", "datastream"), int), Key("time", ("r", "time"), datetime))


def _query(direction: LiteralString) -> LiteralString:
    judged = NAMED["judged"].partition("\n")[2]
    return NAMED["observations"].replace("{judged}", judged).replace("{direction}", direction)


OBSERVATIONS = Listing(_query("ASC"), _KEYS, frozenset({"time"}))
NEWEST_OBSERVATIONS = Listing(_query("DESC"), _KEYS, frozenset({"time"}), newest_first=True)
