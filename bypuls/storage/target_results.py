"""A city's targets as a report of a year holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bypuls.plan import u4ssc_name
from bypuls.snapshot import TargetResult
from bypuls.storage.database import Connection
from bypuls.storage.standing import judged, target_rows
from bypuls.storage.values import definition
from bypuls.targets import Judgement
from bypuls.u4ssc.assessment import Assessment
from bypuls.u4ssc.catalogue import load_catalogue


def target_results(connection: Connection, city: str, year: int) -> list[TargetResult]:
    """Each target by the newest value up to the end of the year, in the order of goals."""
    # A year ends within a day of its end in UTC, in every calendar; what comes later is another report's.
    now = datetime(year + 1, 1, 1, tzinfo=UTC) + timedelta(days=1)
    found, known = [], dict[int, Assessment]()
    for row in target_rows(connection, city):
        judgement, _, path = judged(connection, row, now, known)
        value = judgement.value
        indicator = row["kpi"] or u4ssc_name(row["u4ssc"], row["data_point"])
        found.append(
            TargetResult(
                kpi=indicator,
                title=row["title"] or _title(connection, row["kpi"], row["u4ssc"]),
                scope_kind=row["scope_kind"],
                scope=row["scope"],
                unit=row["unit"],
                start_year=row["base_year"],
                start_value=row["base_value"],
                target_year=path.due.year,
                target_value=path.value,
                required=judgement.required,
                actual=None if value is None else value.value,
                verdict="unknown" if judgement.status == "not_judged" else judgement.status,
                source=row["source"],
                reason=_reason(judgement),
            )
        )
    return found


def _reason(judgement: Judgement) -> str | None:
    """Why it is not judged; or which year it was judged by, where that is not the report's."""
    if judgement.reason is not None:
        return judgement.reason
    return f"judged by {judgement.value.label}" if judgement.stale and judgement.value else None


def _title(connection: Connection, kpi: str | None, code: str | None) -> dict[str, str]:
    if kpi is not None:
        return dict(definition(connection, kpi)[1]["title"])
    name = load_catalogue().kpi(code or "").name
    return {"en": name.en, "nb": name.nb}
