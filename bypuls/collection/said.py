"""What somebody says of one data point, before it is judged; and a complaint about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bypuls.collection.columns import Name
from bypuls.collection.sentences import both
from bypuls.u4ssc.catalogue import Point


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that keeps a value from being taken, or that its city should look at.

    Attributes:
        where: the cell ("Sheet1!F12"), or the field of a request.
        what: in one line, with how to mend it.
        code: KPI, where it is about one.
        data_point: of that KPI.
        nb: `what` in Norwegian; empty: it is there in English alone.
    """

    where: str
    what: str
    code: str = ""
    data_point: str = ""
    nb: str = ""

    def __str__(self) -> str:
        """One line of a receipt."""
        point = f" [{self.data_point}]" if self.data_point else ""
        about = f"{self.code}{point}: " if self.code else ""
        return f"{self.where}: {about}{self.what}" if self.where else f"{about}{self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One data point's row.

    Attributes:
        not_reported: the city says that it has no value (NR).
        value: as typed; None: to be worked out from its parts.
        kept: nothing is said of the numbers: they stay as they are stored.
        percent: `value` was written with a percent sign or format.
        given: what was stated at all; the rest stays as it is stored.
        where: where each was stated.
    """

    point: Point
    not_reported: bool = False
    kept: bool = False
    value: Decimal | None = None
    percent: bool = False
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    unit: str | None = None
    data_quality: str | None = None
    data_origin: str | None = None
    source: str | None = None
    comment: str | None = None
    verified: str | None = None
    given: frozenset[Name] = frozenset()
    where: Mapping[Name, str] = field(default_factory=dict)

    def complaint(self, column: Name, what: str) -> Complaint:
        """About one of its cells."""
        return Complaint(self.where.get(column, column), what, *self.point.key)

    def told(self, column: Name, sentence: str, **values: str) -> Complaint:
        """About one of its cells, by one of the `sentences`."""
        english, norwegian = both(sentence, **values)
        return Complaint(self.where.get(column, column), english, *self.point.key, nb=norwegian)
