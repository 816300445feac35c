"""One value at a time: entered, taken away, asked about; and the questions of a city's year before it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bypuls.collection.importing import asked
from bypuls.collection.judging import forbids, judge, questions
from bypuls.collection.said import Complaint, Said
from bypuls.errors import BypulsError, Conflict, NotAllowed
from bypuls.storage.cities import require_city
from bypuls.storage.collection_rounds import check, is_closed, signed_kpis
from bypuls.storage.database import Connection
from bypuls.storage.reported_values import (
    Reported,
    Seen,
    as_seen,
    city_facts,
    may_verify,
    only_verified,
    put_reported,
    remove_reported,
    reported_values,
    stands,
)
from bypuls.u4ssc.catalogue import Key, load_catalogue
from bypuls.u4ssc.plausibility import Finding


class Refused(BypulsError):
    """A value that is not stored.

    Attributes:
        complaints: why, one line each.
    """

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("; ".join(f"{one.where}: {one.what}" if one.where else one.what for one in complaints))
        self.complaints = tuple(complaints)


@dataclass(frozen=True, slots=True)
class Entered:
    """A value that stands now, and what its city should look at."""

    reported: Reported
    changed: bool
    warnings: Sequence[Complaint]


def enter(connection: Connection, city: str, year: int, said: Said, who: str, seen: Seen = None) -> Entered:
    """Store what is said of one data point, within a transaction.

    Raises:
        Refused: it contradicts itself.
        Conflict: another value stands than the writer saw, the KPI is signed, or the round closed.
        NotAllowed: it says of its own number that it is verified.
        NotFound: no such city.
    """
    require_city(connection, city)
    key = said.point.key
    as_seen(connection, city, year, key, seen)
    before = stands(connection, city, year, key)
    judged = judge(said, city_facts(connection, city, year), before)
    new = judged.reported
    if judged.wrong or new is None:
        raise Refused(judged.wrong)
    findings = [one for one in findings_of(connection, city, year, {key: new}) if one.code == key[0]]
    wrong = [asked(one) for one in findings if forbids(one, {key[0]}, alone=True) and one.data_point == key[1]]
    if wrong:
        raise Refused([Complaint("value", one.what, *key, nb=one.nb) for one in wrong])
    if not may_verify(connection, city, year, before, new, who):
        message = f"{who!r} entered a value of {key[0]}: whether it is verified is said by somebody else"
        raise NotAllowed(message)
    if new != before and not only_verified(before, new):
        _still_open(connection, city, year, key)
    changed = put_reported(connection, city, year, new, who)
    return Entered(new, changed, [*judged.warnings, *(asked(one) for one in findings)])


def take_away(connection: Connection, city: str, year: int, key: Key, who: str, seen: Seen = None) -> None:
    """Take a value away.

    Raises:
        NotFound: there is none.
        Conflict: another value stands than was seen, the KPI is signed, or the round closed.
    """
    as_seen(connection, city, year, key, seen)
    if stands(connection, city, year, key) is not None:
        _still_open(connection, city, year, key)
    remove_reported(connection, city, year, key, who)


def findings_of(
    connection: Connection, city: str, year: int, new: Mapping[Key, Reported] | None = None
) -> list[Finding]:
    """What a verifier would ask about a city's year, with values that are not stored yet."""
    values = reported_values(connection, city, year) | dict(new or {})
    before = reported_values(connection, city, year - 1)
    last_year = {key: one.value for key, one in before.items() if one.value is not None}
    return questions(load_catalogue(), values, city_facts(connection, city, year), last_year)


def check_kpi(
    connection: Connection, city: str, year: int, code: str, who: str, measured: Mapping[Key, float] | None = None
) -> list[Finding]:
    """The step to checked: nothing about the KPI may be wrong; returns what remains to be asked.

    What the city's sensors give of it (`measured`, of the whole year) needs nobody to enter it.

    Raises:
        Conflict: something is wrong, missing, or the KPI is not at that step.
        NotFound: no such KPI, or no round.
    """
    catalogue = load_catalogue()
    code = catalogue.code(code)
    # The assignment is locked first: a value that is entered meanwhile waits and takes the check back.
    own = {point: value for (of, point), value in (measured or {}).items() if of == code}
    check(connection, catalogue, (city, year), code, who, own)
    findings = [one for one in findings_of(connection, city, year) if one.code == code]
    wrong = [one for one in findings if one.severity == "wrong"]
    if wrong:
        message = f"{code} of {year} cannot be checked: {asked(wrong[0]).what}"
        raise Conflict(message)
    return findings


def _still_open(connection: Connection, city: str, year: int, key: Key) -> None:
    if is_closed(connection, city, year):
        raise Conflict(f"the collection round {year} of {city} is closed: open it again first")
    if key[0] in signed_kpis(connection, city, year):
        message = f"{key[0]} of {year} is signed: reopen it, with a reason, before another value is entered"
        raise Conflict(message)
