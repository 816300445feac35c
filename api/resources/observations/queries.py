"""The lists of this noun."""

from datetime import datetime
from typing import LiteralString

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_KEYS = (Key("datastream", ("r", "datastream"), int), Key("time", ("r", "time"), datetime))


def _judged(name: str) -> LiteralString:
    return NAMED[name].replace("{judged}", NAMED["judged"].partition("\n")[2])


OBSERVATIONS = Listing(_judged("observations"), _KEYS, frozenset({"time"}))
NEWEST_OBSERVATIONS = Listing(_judged("observations_newest"), _KEYS, frozenset({"time"}), newest_first=True)
