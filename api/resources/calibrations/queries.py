"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
CALIBRATIONS = Listing(
    NAMED["calibrations"],
    (Key("datastream", ("k", "datastream"), int), Key("valid_from", ("k", "valid_from"), datetime),
     Key("id", ("k", "id"), int)),
    frozenset({"valid_from"}),
)  # fmt: skip
