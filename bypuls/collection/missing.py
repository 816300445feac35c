"""What a city's year still lacks, who was asked for it, and who is late. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bypuls.collection.columns import Language
from bypuls.collection.texts import guarded
from bypuls.u4ssc.assessment import Assessment
from bypuls.u4ssc.catalogue import Key


class WhoIsAsked(Protocol):
    """What the list needs to know of an assignment."""

    @property
    def unit(self) -> str:
        """Of the organisation; "" for nobody."""

    @property
    def contact(self) -> str | None:
        """A person there; None where the reader may not know."""

    @property
    def state(self) -> str:
        """asked, entered, checked, signed."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A data point without a value.

    Attributes:
        unit: who is asked; None: nobody, or no round was opened.
        state: of the KPI in the round.
        late: the deadline is over and nobody answered.
        answer: "NR" where the city said that it has no value.
        unverified: the definition is not fully known.
        reason: why our own sensors give none, where they might.
    """

    code: str
    data_point: str
    name: dict[str, str]
    measure_unit: str
    unit: str | None
    contact: str | None
    state: str | None
    deadline: date | None
    late: bool
    answer: str | None
    unverified: bool
    reason: str | None


COLUMNS = (
    "code",
    "data_point",
    "name",
    "measure_unit",
    "unit",
    "contact",
    "state",
    "deadline",
    "late",
    "answer",
    "unverified",
    "reason",
)
"""Of the list as CSV."""


def missing(
    assessment: Assessment,
    answered: Mapping[Key, object],
    asked: Mapping[str, WhoIsAsked],
    deadline: date | None,
    today: date,
) -> Iterator[Missing]:
    """Every data point without a value, in the catalogue's order.

    Args:
        assessment: of the city's year.
        answered: data points of which the city said something, NR among it.
        asked: KPI -> assignment; empty without a round.
        deadline: of the round.
        today: in the city.
    """
    for kpi in assessment.kpis:
        for point in kpi.data_points:
            if point.state != "missing":
                continue
            whom = asked.get(kpi.code)
            said = (point.code, point.data_point) in answered
            yield Missing(
                code=point.code,
                data_point=point.data_point,
                name=dict(point.name),
                measure_unit=point.unit,
                unit=whom.unit or None if whom is not None else None,
                contact=whom.contact if whom is not None else None,
                state=whom.state if whom is not None else None,
                deadline=deadline,
                late=deadline is not None and deadline < today and not said,
                answer="NR" if said else None,
                unverified=point.unverified,
                reason=point.reason,
            )


def csv_of(points: Iterable[Missing], language: Language = "en") -> bytes:
    """The list as CSV for people's spreadsheets: what people typed never becomes a formula."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in points:
        writer.writerow(
            [
                one.code,
                one.data_point,
                one.name.get(language, one.name["en"]),
                one.measure_unit,
                guarded(one.unit or ""),
                guarded(one.contact or ""),
                one.state or "",
                one.deadline.isoformat() if one.deadline is not None else "",
                str(one.late).lower(),
                one.answer or "",
                str(one.unverified).lower(),
                one.reason or "",
            ]
        )
    return buffer.getvalue().encode()
