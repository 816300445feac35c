"""Collection rounds: who is asked for which KPI of a city's year, and how far each has come.

Names of contacts are personal data: they are stored in `assignment.contact` alone, never in the audit log, and can be
taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bypuls.errors import Conflict, NotAllowed, NotFound
from bypuls.storage.cities import require_city
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.reported_values import has_entered, record
from bypuls.u4ssc.catalogue import U4sscCatalogue

_SQL = queries("bypuls.storage.sql", "collection_rounds.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked for a KPI: the unit of the organisation, and a person there."""

    unit: str = ""
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening a round.

    Attributes:
        new: it was not open before.
        kpis: all it asks for.
        asked: those that a unit is asked for, of them `carried` as last time.
    """

    new: bool
    kpis: int
    asked: int
    carried: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """One KPI of a round; times and names as far as it has come."""

    code: str
    unit: str
    contact: str | None
    state: str
    asked_by: str
    asked_at: datetime
    entered_by: str | None
    entered_at: datetime | None
    checked_by: str | None
    checked_at: datetime | None
    signed_by: str | None
    signed_at: datetime | None
    reopened_by: str | None
    reopened_at: datetime | None
    reopened_why: str | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it stands."""

    deadline: date
    note: str | None
    closed: bool


def open_round(
    connection: Connection,
    catalogue: U4sscCatalogue,
    place: tuple[str, int],
    deadline: date,
    asked: Mapping[str, Asked],
    who: str,
) -> Opened:
    """Open a round, or ask more units in one that is open; who is not named is who was asked last time.

    Args:
        connection: a transaction.
        catalogue: the KPIs that are asked for.
        place: city and year.
        deadline: until when.
        asked: KPI code -> who.
        who: opens it.

    Raises:
        NotFound: no such city, or a code that U4SSC does not have.
    """
    city, year = place
    require_city(connection, city)
    given = {catalogue.code(code): whom for code, whom in asked.items()}
    keys = {"city": city, "year": year}
    connection.execute(_SQL["one_at_a_time"], keys)
    parameters = keys | {"deadline": deadline, "note": None, "who": who}
    new = connection.execute(_SQL["open"], parameters).fetchone() is not None
    before = {code: Asked(unit, contact) for code, unit, contact in connection.execute(_SQL["last_asked"], keys)}
    for code in catalogue.kpis:
        whom = given.get(code) or before.get(code) or Asked()
        row = keys | {"code": code, "unit": whom.unit, "contact": whom.contact, "who": who}
        connection.execute(_SQL["ask"], row)
    if new:
        record(connection, who, city, "collection_round.open", str(year), None, {"deadline": deadline.isoformat()})
    else:
        change_round(connection, place, who, deadline=deadline)
        for code, whom in given.items():
            ask(connection, place, code, whom, who)
    named = {code for code, whom in (before | given).items() if whom.unit and code in catalogue.kpis}
    carried = {code for code in named if code not in given}
    return Opened(new, len(catalogue.kpis), len(named), len(carried))


def the_round(connection: Connection, city: str, year: int) -> Round:
    """The round of a city's year, locked.

    Raises:
        NotFound: none was opened.
    """
    row = connection.execute(_SQL["lock_round"], {"city": city, "year": year}).fetchone()
    if row is None:
        raise NotFound(_no_round(city, year))
    return Round(*row)


def is_closed(connection: Connection, city: str, year: int) -> bool:
    """Whether the year's round was closed; false without one."""
    row = connection.execute(_SQL["round"], {"city": city, "year": year}).fetchone()
    return bool(row is not None and row[0])


def signed_kpis(connection: Connection, city: str, year: int) -> set[str]:
    """Codes of the KPIs whose values stay as they are."""
    return {code for (code,) in connection.execute(_SQL["signed"], {"city": city, "year": year})}


def change_round(
    connection: Connection,
    place: tuple[str, int],
    who: str,
    *,
    deadline: date | None = None,
    note: str | None = None,
    closed: bool | None = None,
) -> None:
    """Move the deadline, write a note, close the round or open it again; what is None stays.

    Raises:
        NotFound: none was opened.
    """
    city, year = place
    before = the_round(connection, city, year)
    after = Round(
        deadline or before.deadline,
        note if note is not None else before.note,
        closed if closed is not None else before.closed,
    )
    if after == before:
        return
    row = {"deadline": after.deadline, "note": after.note, "closed": after.closed}
    connection.execute(_SQL["change_round"], row | {"city": city, "year": year, "who": who})
    old, new = _round_row(before), _round_row(after)
    differs = {name for name in new if old[name] != new[name]}
    record(
        connection,
        who,
        city,
        "collection_round.change",
        str(year),
        {name: old[name] for name in differs},
        {name: new[name] for name in differs},
    )


def assignments(connection: Connection, city: str, year: int) -> dict[str, Assignment]:
    """Every KPI of a round by its code; needs a role that may read contacts.

    Raises:
        NotFound: no round was opened.
    """
    rows = connection.execute(_SQL["assignments"], {"city": city, "year": year}).fetchall()
    if not rows:
        raise NotFound(_no_round(city, year))
    return {row[0]: Assignment(*row) for row in rows}


def ask(connection: Connection, place: tuple[str, int], code: str, whom: Asked, who: str) -> None:
    """Ask another unit or person for a KPI. The audit row names the unit, never the person."""
    unit, contact, _, _ = _lock(connection, place, code)
    if (unit, contact) == (whom.unit, whom.contact):
        return
    connection.execute(_SQL["change_asked"], _keys(place, code) | {"unit": whom.unit, "contact": whom.contact})
    changed = {"contact": "changed"} if contact != whom.contact else {}
    record(
        connection, who, place[0], "assignment.ask", f"{place[1]} {code}", {"unit": unit}, {"unit": whom.unit} | changed
    )


def check(
    connection: Connection,
    catalogue: U4sscCatalogue,
    place: tuple[str, int],
    code: str,
    who: str,
    measured: Mapping[str, float],
) -> None:
    """A KPI's values were looked at and stand. Its plausibility is the caller's to judge before.

    Args:
        connection: a transaction.
        catalogue: its data points.
        place: city and year.
        code: the KPI.
        who: looked at them.
        measured: data point -> what the city's sensors give for the whole year. The audit row keeps those that nobody
            states: they are what was checked, whatever is measured later.

    Raises:
        Conflict: data points are missing, or the KPI is further than that.
    """
    _, _, state, _ = _lock(connection, place, code)
    stated = {point for (point,) in connection.execute(_SQL["points_of"], _keys(place, code))}
    missing = [point.data_point for point in catalogue.of(code) if point.data_point not in {*stated, *measured}]
    if missing:
        what = f"its data points {', '.join(missing)}" if missing != [""] else "its value"
        message = f"{code} of {place[1]} cannot be checked yet: enter {what} first, or NR"
        raise Conflict(message)
    if state == "asked":
        connection.execute(_SQL["take_measured"], _keys(place, code) | {"who": who})
    elif state != "entered":
        message = f"{code} of {place[1]} is {state}, so it cannot be checked: reopen it first"
        raise Conflict(message)
    connection.execute(_SQL["check"], _keys(place, code) | {"who": who})
    own = {point: value for point, value in measured.items() if point not in stated}
    after = {"state": "checked"} | ({"measured": own} if own else {})
    record(connection, who, place[0], "assignment.check", f"{place[1]} {code}", {"state": state}, after)


def sign(connection: Connection, place: tuple[str, int], code: str, who: str) -> None:
    """A second person answers for a KPI's values; from then on they stay.

    Raises:
        NotAllowed: that person entered one of them, under this name or from the command line, or took measured ones.
        Conflict: it is not checked.
    """
    _, _, state, entered_by = _lock(connection, place, code)
    if state != "checked":
        message = f"{code} of {place[1]} is {state}, not checked: asked, entered, checked, signed is the order"
        raise Conflict(message)
    if who == entered_by or has_entered(connection, who, *place, code):
        message = f"{who!r} entered a value of {code}: a second person signs, with a token of their own"
        raise NotAllowed(message)
    connection.execute(_SQL["sign"], _keys(place, code) | {"who": who})
    record(connection, who, place[0], "assignment.sign", f"{place[1]} {code}", {"state": state}, {"state": "signed"})


def reopen(connection: Connection, place: tuple[str, int], code: str, why: str, who: str) -> None:
    """Take check and signature back, with a reason, so that values may be entered again.

    Raises:
        Conflict: it is neither checked nor signed.
    """
    _, _, state, _ = _lock(connection, place, code)
    if state not in ("checked", "signed"):
        message = f"{code} of {place[1]} is {state}: there is nothing to reopen"
        raise Conflict(message)
    connection.execute(_SQL["reopen"], _keys(place, code) | {"who": who, "why": why})
    after = {"state": "entered", "why": why}
    record(connection, who, place[0], "assignment.reopen", f"{place[1]} {code}", {"state": state}, after)


def question(
    connection: Connection, place: tuple[str, int], code: str, data_point: str | None, text: str, who: str
) -> int:
    """Ask something about a KPI; returns the question's number."""
    _lock(connection, place, code)
    row = _keys(place, code) | {"data_point": data_point, "question": text, "who": who}
    found = connection.execute(_SQL["question"], row).fetchone()
    number: int = found[0] if found is not None else 0
    record(connection, who, place[0], "assignment.question", f"{place[1]} {code}", None, {"id": number})
    return number


def questions(connection: Connection, city: str, year: int) -> list[dict[str, Any]]:
    """Every question of a round with its answer, oldest first; needs a role that may read them."""
    rows = connection.execute(_SQL["questions"], {"city": city, "year": year})
    names = [column.name for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def answer(connection: Connection, place: tuple[str, int], number: int, text: str, who: str) -> None:
    """Answer a question, or answer it better.

    Raises:
        NotFound: no such question in this round.
    """
    keys = {"id": number, "city": place[0], "year": place[1]}
    if connection.execute(_SQL["lock_question"], keys).fetchone() is None:
        message = f"no question {number} in the round {place[1]} of {place[0]}"
        raise NotFound(message)
    connection.execute(_SQL["answer"], keys | {"answer": text, "who": who})
    record(connection, who, place[0], "assignment.answer", f"{place[1]} question {number}", None, {"id": number})


def forget_contact(connection: Connection, city: str, contact: str, who: str) -> int:
    """Take a person out of every round of a city; returns in how many assignments they stood."""
    years = [year for (year,) in connection.execute(_SQL["forget_contact"], {"city": city, "contact": contact})]
    if years:
        after = {"assignments": len(years), "years": sorted({*years})}
        record(connection, who, city, "contact.forget", "a contact", None, after)
    return len(years)


def _lock(connection: Connection, place: tuple[str, int], code: str) -> tuple[str, str | None, str, str | None]:
    row = connection.execute(_SQL["lock_assignment"], _keys(place, code)).fetchone()
    if row is None:
        raise NotFound(_no_round(*place))
    unit, contact, state, entered_by = row
    return unit, contact, state, entered_by


def _keys(place: tuple[str, int], code: str) -> dict[str, Any]:
    return {"city": place[0], "year": place[1], "code": code}


def _round_row(given: Round) -> dict[str, Any]:
    return {"deadline": given.deadline.isoformat(), "note": given.note, "closed": given.closed}


def _no_round(city: str, year: int) -> str:
    return (
        f"no collection round {year} of {city}: open one with 'bypuls u4ssc round {city} --year {year} --deadline DATE'"
    )
