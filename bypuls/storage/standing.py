"""How a city's plans stand: goals, their targets with the newest value, their measures. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from statistics import median
from typing import Any

from bypuls.kpi_value import KpiValue
from bypuls.periods import as_period
from bypuls.storage import values
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.u4ssc_values import u4ssc_series
from bypuls.targets import FORECAST_LABEL, Judgement, Path, Target, goal_status, judge, place
from bypuls.trends import LEAST, theil_sen
from bypuls.u4ssc.assessment import Assessment
from bypuls.u4ssc.catalogue import load_catalogue

_SQL = queries("bypuls.storage.sql", "plans.sql")

Row = dict[str, Any]
Years = dict[int, Assessment]
"""A city's years by U4SSC: assessed once for all targets."""


def plans(connection: Connection, city: str, now: datetime, *, withdrawn: bool = False) -> Row:
    """A city's plans in one answer: goal, its targets and measures, how it stands, whose it is."""
    found = targets(connection, city, now, withdrawn=withdrawn)
    done = measures(connection, city, now, withdrawn=withdrawn)
    standing = [_with_parts(goal, found, done) for goal in _rows(connection, "goals", city, withdrawn=withdrawn)]
    documents = _rows(connection, "plans", city, withdrawn=withdrawn)
    counting = [goal for goal in standing if goal["withdrawn_at"] is None]
    return {"city": city, "plans": documents, "goals": standing, "status": _counted(counting, "status")}


def goals(connection: Connection, city: str, now: datetime, *, withdrawn: bool = False) -> list[Row]:
    """The goals, each with how it stands."""
    found: list[Row] = plans(connection, city, now, withdrawn=withdrawn)["goals"]
    return [{name: value for name, value in goal.items() if name not in ("targets", "measures")} for goal in found]


def targets(
    connection: Connection, city: str, now: datetime, *, withdrawn: bool = False, forecast: bool = False
) -> list[Row]:
    """The targets, each with its newest value, what is required of it and how it stands."""
    known: Years = {}
    return [
        _target(connection, row, now, known, forecast=forecast)
        for row in _rows(connection, "targets", city, withdrawn=withdrawn)
    ]


def measures(connection: Connection, city: str, now: datetime, *, withdrawn: bool = False) -> list[Row]:
    """The measures; `late`: planned still, though it should have begun. Of their effect: `storage.effects`."""
    found = _rows(connection, "measures", city, withdrawn=withdrawn)
    return [row | {"late": row["status"] == "planned" and row["from"] < now.date()} for row in found]


def target_rows(connection: Connection, city: str) -> list[Row]:
    """The targets that count, as they are stored."""
    return _rows(connection, "targets", city, withdrawn=False)


def judged(
    connection: Connection, row: Mapping[str, Any], now: datetime, known: Years
) -> tuple[Judgement, list[KpiValue], Path]:
    """How a target's row stands, by which values, on which path; `known`: years assessed for other targets."""
    path = Path(
        row["direction"],
        (row["base_year"], row["base_value"]),
        tuple((point["year"], point["value"]) for point in row["points"]),
        row["value"],
        row["due"],
    )
    found, method = _series(connection, row, known)
    target = Target(path, row["unit"], row["base_origin"], row["version"], method)
    return judge(target, found, now), found, path


def _series(connection: Connection, row: Mapping[str, Any], known: Years) -> tuple[list[KpiValue], str | None]:
    if row["kpi"] is None:
        return u4ssc_series(connection, row["city"], row["u4ssc"], row["data_point"], known), None
    scope = (row["scope_kind"], row["scope"])
    found = values.series(connection, row["city"], row["kpi"], scope, as_period(row["period"]))
    version = row["version"]
    return found, None if version is None else values.method_of_version(connection, row["kpi"], version)


def _target(connection: Connection, row: Row, now: datetime, known: Years, *, forecast: bool) -> Row:
    judgement, found, path = judged(connection, row, now, known)
    answer = {name: value for name, value in row.items() if not name.startswith("base_")}
    answer["base"] = {"year": row["base_year"], "value": row["base_value"], "origin": row["base_origin"]}
    answer |= {
        "status": judgement.status,
        "reason": judgement.reason,
        "sentence": judgement.sentence,
        "latest": _shown(judgement.value),
        "running": _shown(judgement.running),
        "required": judgement.required,
        "required_this_year": path.required_for_year(now.year),
        "distance": judgement.distance,
        "progress": judgement.progress,
        "overdue": judgement.overdue,
        "stale": judgement.stale,
        "simulated": bool(judgement.value and judgement.value.simulated),
    }
    if row["kpi"] is None:
        catalogue = load_catalogue()
        unverified = catalogue.kpi(row["u4ssc"]).unverified
        label = {"en": catalogue.meta.label.en, "nb": catalogue.meta.label.nb}
        answer |= {"label": label, "unverified": unverified}
    if forecast:
        answer["forecast"] = _forecast(path, judgement, found, now)
    return answer


def _forecast(path: Path, judgement: Judgement, found: Sequence[KpiValue], now: datetime) -> Row:
    """Where the line through finished values of the newest one's kind would lead; always with its label."""
    newest = judgement.value
    alike = [
        (one.year + 1.0, one.value)
        for one in found
        if newest is not None
        and one.value is not None
        and (one.period, one.quality, one.origins) == ("P1Y", "ok", newest.origins)
        and one.status != "provisional"
        and one.ends <= now
        and (one.version == newest.version or (one.method is not None and one.method == newest.method))
    ]
    answer: Row = {"label": dict(FORECAST_LABEL), "method": "theil_sen", "n": len(alike), "due": path.due}
    if len(alike) < LEAST:
        return answer | {"value": None, "reason": "too_few_years", "least": LEAST}
    line, middle = theil_sen(alike), median(time for time, _ in alike)
    due = place(path.due)
    ends = sorted(line.at(middle) + slope * (due - middle) for slope in (line.low, line.high))
    value = line.at(due)
    return answer | {
        "value": value,
        "low": ends[0],
        "high": ends[1],
        "would_be_reached": path.fulfils(value, path.value),
        "reason": None,
    }


def _shown(value: KpiValue | None) -> Row | None:
    if value is None:
        return None
    return {
        "period": value.label,
        "start": value.start,
        "ends": value.ends,
        "value": value.value,
        "unit": value.unit,
        "status": value.status,
        "quality": value.quality,
        "reason": value.reason,
        "coverage": value.coverage,
        "classes": sorted(value.classes),
        "origins": sorted(value.origins),
        "version": value.version,
        "standard_status": value.standard_status,
        "estimate": value.estimate,
        "evidence": value.evidence,
    }


def _with_parts(goal: Row, found: Iterable[Row], done: Iterable[Row]) -> Row:
    own = [target for target in found if target["goal"] == goal["goal"]]
    steps = [measure for measure in done if measure["goal"] == goal["goal"]]
    counting = [target["status"] for target in own if target["withdrawn_at"] is None]
    working = [measure for measure in steps if measure["withdrawn_at"] is None]
    status = goal_status(counting)
    return goal | {
        "status": status,
        "targets_by_status": dict(Counter(counting)),
        "measures_by_status": _counted(working, "status"),
        "kpis": sorted({target["kpi"] or _code(target) for target in own} | {measure["kpi"] for measure in working}),
        # Off track and nobody at work: that is what somebody should do something about.
        "nothing_running": status == "off_track" and not any(one["status"] == "running" for one in working),
        "late_measures": [measure["measure"] for measure in working if measure["late"]],
        "targets": own,
        "measures": steps,
    }


def _code(target: Row) -> str:
    return f"{target['u4ssc']}: {target['data_point']}" if target["data_point"] else str(target["u4ssc"])


def _counted(rows: Iterable[Row], name: str) -> dict[str, int]:
    return dict(Counter(row[name] for row in rows))


def _rows(connection: Connection, query: str, city: str, *, withdrawn: bool) -> list[Row]:
    cursor = connection.execute(_SQL[query], {"city": city, "withdrawn": withdrawn})
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def plain(value: Any) -> Any:
    """The answer as JSON takes it: days and times as text."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return value
