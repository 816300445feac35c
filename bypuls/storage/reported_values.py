"""Reported values as they are stored: what stands, who says it, what was said before. Judging them is others' work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from bypuls.clock import isoformat
from bypuls.errors import Conflict, NotFound
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.u4ssc.catalogue import Key

_SQL = queries("bypuls.storage.sql", "reported_values.sql")

Seen = datetime | Literal["none"] | None
"""When what a writer saw was said; `none`: they saw that nothing is; None: they replace whatever stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a city says of one data point and year; `value` None: it says that it has none (NR)."""

    code: str
    data_point: str = ""
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    unit: str
    data_quality: str = "unknown_method"
    data_origin: str | None = None
    source: str | None = None
    comment: str | None = None
    verified: str = "unknown"

    @property
    def key(self) -> Key:
        """Code and data point."""
        return self.code, self.data_point

    @property
    def numbers(self) -> tuple[float | None, float | None, float | None]:
        """Value, numerator and denominator."""
        return self.value, self.numerator, self.denominator


def city_names(connection: Connection, city: str) -> dict[str, str]:
    """The city's name by language."""
    row = connection.execute(_SQL["city_names"], {"city": city}).fetchone()
    return dict(row[0]) if row is not None else {}


def zone_of(connection: Connection, city: str) -> str:
    """The city's time zone.

    Raises:
        NotFound: no such city.
    """
    require_city(connection, city)
    row = connection.execute(_SQL["zone"], {"city": city}).fetchone()
    return str(row[0]) if row is not None else "UTC"


def reported_values(connection: Connection, city: str, year: int) -> dict[Key, Reported]:
    """What the city itself says of a year, by data point."""
    rows = connection.execute(_SQL["reported"], {"city": city, "year": year})
    names = [column.name for column in rows.description or ()]
    found = (Reported(**dict(zip(names, row, strict=True))) for row in rows)
    return {one.key: one for one in found}


def city_facts(connection: Connection, city: str, year: int) -> dict[str, float]:
    """Facts about the whole city (population, households …) that held at the end of a year."""
    return dict(connection.execute(_SQL["facts"], {"city": city, "year": year}).fetchall())


def stands(connection: Connection, city: str, year: int, key: Key) -> Reported | None:
    """What stands for one data point, locked until the transaction ends."""
    row = connection.execute(_SQL["lock"], _place(city, year, key)).fetchone()
    return Reported(code=key[0], data_point=key[1], **dict(zip(_FIELDS, row, strict=True))) if row else None


def as_seen(connection: Connection, city: str, year: int, key: Key, seen: Seen) -> None:
    """Make sure that what stands is what its writer saw, until the transaction ends.

    Raises:
        Conflict: somebody said something else meanwhile; the message says who, when and what.
    """
    if seen is None:
        return
    place = _place(city, year, key)
    connection.execute(_SQL["one_at_a_time"], place)
    row = connection.execute(_SQL["said_last"], place).fetchone()
    about = f"{_named(key)} of {year}"
    if row is None:
        if seen != "none":
            message = f"{about} was taken back meanwhile, so nothing stands any more: read it again before you enter it"
            raise Conflict(message)
        return
    who, changed_at, value, unit = row
    if changed_at != seen:
        stands = "NR" if value is None else f"{value:.10g} {unit}"
        message = (
            f"{who} entered {about} meanwhile, at {isoformat(changed_at)}: it is {stands} now, and stays so until you "
            f"have seen it"
        )
        raise Conflict(message)


def has_entered(connection: Connection, who: str, city: str, year: int, code: str) -> bool:
    """Whether somebody's work is among what stands of a KPI, however they were signed in."""
    row = connection.execute(_SQL["has_entered"], {"who": who, "city": city, "year": year, "code": code}).fetchone()
    return row == (True,)


def may_verify(connection: Connection, city: str, year: int, before: Reported | None, new: Reported, who: str) -> bool:
    """Whether what a writer says of verification may be stored: a yes or no is of numbers that others entered."""
    if new.verified == "unknown":
        return True
    if before is None or before.numbers != new.numbers:
        return False
    return before.verified == new.verified or not has_entered(connection, who, city, year, new.code)


def put_reported(connection: Connection, city: str, year: int, new: Reported, who: str) -> bool:
    """Store a value with its audit row; one that changes nothing leaves none. Returns whether it did.

    A verifier's yes or no alone does not make its writer the one who entered the value.
    """
    before = stands(connection, city, year, new.key)
    if before == new:
        return False
    place = _place(city, year, new.key)
    if only_verified(before, new):
        connection.execute(_SQL["verify"], place | {"verified": new.verified})
    else:
        connection.execute(_SQL["put"], place | asdict(new) | {"who": who})
    old = None if before is None else _differences(new, before)
    record(connection, who, city, "reported_value.put", f"{year} {_named(new.key)}", old, _changed(before, new))
    return True


def only_verified(before: Reported | None, new: Reported) -> bool:
    """Whether nothing but a verifier's yes or no is new: that may come after the signature."""
    return before is not None and _differences(before, new).keys() == {"verified"}


def remove_reported(connection: Connection, city: str, year: int, key: Key, who: str) -> None:
    """Take a value away; its history stays.

    Raises:
        NotFound: there is none.
    """
    before = stands(connection, city, year, key)
    if before is None:
        message = f"city {city!r} reports nothing for {_named(key)} in {year}"
        raise NotFound(message)
    connection.execute(_SQL["remove"], _place(city, year, key))
    record(connection, who, city, "reported_value.delete", f"{year} {_named(key)}", _changed(None, before), None)


def record(
    connection: Connection,
    who: str,
    city: str,
    what: str,
    target: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """An audit row, in the transaction of the change."""
    connection.execute(
        _SQL["audit"],
        {
            "who": who,
            "city": city,
            "what": what,
            "target": target,
            "before": None if before is None else Jsonb(dict(before)),
            "after": None if after is None else Jsonb(dict(after)),
        },
    )


_FIELDS = (
    "value",
    "numerator",
    "denominator",
    "unit",
    "data_quality",
    "data_origin",
    "source",
    "comment",
    "verified",
)


def _place(city: str, year: int, key: Key) -> dict[str, Any]:
    return {"city": city, "year": year, "code": key[0], "data_point": key[1]}


def _named(key: Key) -> str:
    return f"{key[0]} {key[1]}".strip()


def _changed(before: Reported | None, new: Reported) -> dict[str, Any]:
    return _differences(before, new) if before is not None else {name: getattr(new, name) for name in _FIELDS}


def _differences(one: Reported, other: Reported) -> dict[str, Any]:
    """What the other says where the two differ."""
    return {name: getattr(other, name) for name in _FIELDS if getattr(one, name) != getattr(other, name)}
