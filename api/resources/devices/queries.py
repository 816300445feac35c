"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
DEVICES = Listing(NAMED["devices"], (Key("device", ("d", "external_id"), str),), frozenset({"first_seen", "last_seen"}))
RECENT_MESSAGES = Listing(
    NAMED["recent_messages"],
    (Key("received_at", ("m", "received_at"), datetime), Key("slot", ("m", "slot"), int)),
    frozenset({"received_at"}),
    newest_first=True,
)
