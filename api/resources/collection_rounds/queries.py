"""The lists of this noun."""

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
ROUNDS = Listing(NAMED["rounds"], (Key("year", ("r", "year"), int),), frozenset({"opened_at"}), newest_first=True)
ASSIGNMENTS = Listing(
    NAMED["assignments"],
    (Key("code", ("a", "code"), str),),
    frozenset({"asked_at", "entered_at", "checked_at", "signed_at", "reopened_at"}),
)
