"""The lists of this noun."""

from datetime import datetime

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
REPORTED_VALUES = Listing(
    NAMED["reported_values"],
    (
        Key("year", ("v", "year"), int),
        Key("code", ("v", "code"), str),
        Key("data_point", ("v", "data_point"), str),
        Key("origin", ("v", "origin"), str),
    ),
    frozenset({"changed_at"}),
)
HISTORY = Listing(
    NAMED["history"],
    (
        Key("superseded_at", ("h", "superseded_at"), datetime),
        Key("changed_at", ("h", "changed_at"), datetime),
        Key("origin", ("h", "origin"), str),
    ),
    frozenset({"changed_at", "superseded_at"}),
)
