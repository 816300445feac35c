"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
QUARANTINE = Listing(
    NAMED["quarantine"],
    (Key("last_received_at", ("q", "last_received_at"), datetime), Key("id", ("q", "id"), int)),
    frozenset({"received_at", "last_received_at"}),
    newest_first=True,
)
