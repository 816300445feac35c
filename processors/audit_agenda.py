"""What a night's audit goes through, and what of it was not reached: the next night goes on there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import Any

from bypuls.clock import isoformat

Span = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Agenda:
    """Days to audit, in their order.

    Attributes:
        days: each up to a day long, in whole hours.
        stream: of the first day: the datastreams up to this one have been compared.
        group: of the first day: the KPIs up to this group have been compared.
    """

    days: tuple[Span, ...] = ()
    stream: int = 0
    group: str = ""

    def spans(self) -> list[Span]:
        """The same time, by its beginning, in as few pieces as can be."""
        whole: list[Span] = []
        for since, until in sorted(self.days):
            if whole and since <= whole[-1][1]:
                whole[-1] = whole[-1][0], max(until, whole[-1][1])
            else:
                whole.append((since, until))
        return whole

    def __str__(self) -> str:
        spans = self.spans()
        named = [f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}" for since, until in spans[:_MOST_NAMED]]
        more = f" and {len(spans) - _MOST_NAMED} more spans" if len(spans) > _MOST_NAMED else ""
        return f"{', '.join(named)}{more} (UTC)"

    def as_json(self) -> dict[str, Any] | None:
        """For the run's row; None: nothing."""
        if not self.days:
            return None
        days = [[isoformat(since), isoformat(until)] for since, until in self.days]
        return {"days": days, "stream": self.stream, "group": self.group}

    @classmethod
    def of_json(cls, given: Mapping[str, Any] | None) -> Agenda:
        """As it was written."""
        if given is None:
            return cls()
        days = tuple((datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in given["days"])
        return cls(days, given["stream"], given["group"])


def days_of(spans: Sequence[Span]) -> Iterator[Span]:
    """The days of spans, one after the other."""
    for since, until in spans:
        day = since
        while day < until:
            end = min(day + _DAY, until)
            yield day, end
            day = end


def tonight(unreached: Agenda, spans: Sequence[Span]) -> Agenda:
    """What the night before did not reach, in turn with the days of tonight's spans.

    What waits goes first, so that every day has its night even where the time is enough for one only; a new day comes
    after each, so that what waits for long does not keep the audit from what is new.
    """
    new = [day for day in days_of(spans) if day not in unreached.days]
    turns = chain.from_iterable(zip_longest(unreached.days, new))
    return Agenda(tuple(day for day in turns if day is not None), unreached.stream, unreached.group)
