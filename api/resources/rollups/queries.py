"""The lists of this noun."""

from datetime import datetime
from typing import LiteralString

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_KEYS = (Key("datastream", ("r", "datastream"), int), Key("bucket", ("r", "bucket"), datetime))


def _listing(name: str) -> Listing:
    query: LiteralString = NAMED[name].replace("{mean}", NAMED["mean"]).replace("{steadiness}", NAMED["steadiness"])
    return Listing(query, _KEYS, frozenset({"bucket"}))


ROLLUPS = {"1h": _listing("rollups_1h"), "5m": _listing("rollups_5m")}
