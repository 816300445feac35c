"""What changed after a city's measures as a report of a year holds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bypuls.snapshot_effects import ChangedToo, EffectResult, Expected, Shifted
from bypuls.storage.database import Connection
from bypuls.storage.effects import effects


def effect_results(connection: Connection, city: str, year: int) -> list[EffectResult]:
    """Each measure that had begun by the year's end, by each of its indicators and the months until then."""
    # A year ends within a day of its end in UTC, in every calendar; what comes later is another report's.
    now = datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
    return [_result(row) for row in effects(connection, city, now) if row["from"] <= date(year, 12, 31)]


def _result(row: Mapping[str, Any]) -> EffectResult:
    expected = row["expected"]
    return EffectResult(
        measure=row["measure"],
        title=row["title"],
        starts=row["from"],
        ends=row["to"],
        status=row["status"],
        locked=row["locked_at"] is not None,
        withdrawn=row["withdrawn_at"] is not None,
        kpi=row["kpi"],
        kpi_title=dict(row["kpi_title"]),
        primary=row["primary"],
        direction=row["direction"],
        unit=row["unit"],
        finding=row["finding"],
        refusal=row["refusal"],
        sentence=row["sentence"],
        years_apart=row["years_apart"],
        places=[one["scope"] for one in row["scopes"]],
        control_sites=row["control_sites"],
        no_control=row["no_control"],
        change=_shifted(row["change"]),
        control=_shifted(row["control"]),
        beside=_shifted(row["beside_control"]),
        placebo=_shifted(row["placebo"]),
        expected=None if expected is None else Expected(**expected),
        cautions=[one["text"] for one in row["cautions"]],
        changed_too=[
            ChangedToo(what=one["what"], kind=one["kind"], starts=_day(one["from"]), ends=_day(one["to"]))
            for one in row["changed_too"]
        ],
        simulated=row["simulated"],
    )


def _shifted(change: Mapping[str, Any] | None) -> Shifted | None:
    if change is None:
        return None
    names = (name for name in Shifted.__struct_fields__ if name in change)
    return Shifted(
        **{name: change[name] for name in names}, first_month=change["months"][0], last_month=change["months"][-1]
    )


def _day(day: date | str | None) -> date | None:
    """What a plan says of nearby things is kept as text."""
    return date.fromisoformat(day) if isinstance(day, str) else day
