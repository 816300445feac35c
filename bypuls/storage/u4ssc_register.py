"""Stores what a statistical table gives of a city: values with origin `register`, and facts. Idempotent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec
from psycopg.types.json import Jsonb

from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from bypuls.u4ssc.register import RegisterFact, RegisterValue, Taken

_SQL = queries("bypuls.storage.sql", "u4ssc.sql")


@dataclass(frozen=True, slots=True)
class StoredRegister:
    """What came of storing a table's values."""

    new: int
    changed: int
    same: int
    facts: int


def store_register(connection: Connection, city: str, taken: Taken, mapping: str, who: str) -> StoredRegister:
    """Store values and facts in one transaction, with one audit row if anything changed.

    A reported value of the same data point stays beside it. What a changed value replaced is kept as history.

    Raises:
        NotFound: no such city.
    """
    with translated(), connection.transaction():
        require_city(connection, city)
        outcomes = [_store(connection, city, value, who) for value in taken.values]
        facts = sum(_store_fact(connection, city, fact) for fact in taken.facts)
        new, changed = outcomes.count("new"), outcomes.count("changed")
        if new or changed or facts:
            changes = [
                {"year": value.year, "code": value.code, "data_point": value.data_point, "value": value.value}
                for value, outcome in zip(taken.values, outcomes, strict=True)
                if outcome != "same"
            ]
            after = {"values": changes, "facts": facts}
            connection.execute(_SQL["audit"], (who, city, "u4ssc.register", mapping, None, Jsonb(after)))
    return StoredRegister(new, changed, outcomes.count("same"), facts)


def _store(connection: Connection, city: str, value: RegisterValue, who: str) -> str:
    row = msgspec.to_builtins(value) | {"city": city, "who": who, "evidence": Jsonb(value.evidence)}
    stored = connection.execute(_SQL["set_register_value"], row).fetchone()
    if stored is None:
        return "same"
    return "new" if stored[0] else "changed"


def _store_fact(connection: Connection, city: str, fact: RegisterFact) -> bool:
    row = {
        "city": city,
        "name": fact.name,
        "valid_from": date(fact.year, 1, 1),
        "value": fact.value,
        "unit": fact.unit,
        "status": None,
        "source": fact.source,
    }
    return connection.execute(_SQL["upsert_fact"], row).fetchone() is not None
