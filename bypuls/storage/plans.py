"""Puts plans into the database: whole files, or goals, targets and measures one by one; with their audit rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import msgspec
from psycopg.types.json import Jsonb

from bypuls.errors import NotFound, SettingsError
from bypuls.plan import GoalEntry, MeasureEntry, Plan, TargetEntry, check_measure, check_target
from bypuls.privacy import PERSONAL_KIND
from bypuls.storage.database import Connection, translated
from bypuls.storage.queries import queries
from bypuls.storage.u4ssc_values import DIRECTIONS
from bypuls.storage.values import definition
from bypuls.u4ssc.catalogue import load_catalogue

Noun = Literal["goal", "target", "measure"]

_SQL = queries("bypuls.storage.sql", "plans.sql")
_JSON_COLUMNS = frozenset({"title", "text", "points", "nearby", "expected"})
_OPEN_WHEN_LOCKED = frozenset({"status", "owner", "withdrawn"})


class MeasureLocked(SettingsError):
    """A change of a measure whose result may have been seen."""


@dataclass(slots=True)
class PlanAdded:
    """What came of adding a plan's file: slugs by noun."""

    plan: str
    city: str
    new: bool
    changed: bool
    entries: dict[Noun, int] = field(default_factory=dict)
    withdrawn: dict[Noun, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Author:
    """Whose change it is, in which city, by which plan (None: through the API)."""

    who: str
    city: str
    plan: str | None = None


def add_plan(connection: Connection, plan: Plan, who: str) -> PlanAdded:
    """Insert or update a plan and all it holds, in one transaction; what it no longer names is withdrawn, not deleted.

    Raises:
        SettingsError: something in it does not fit the city or the catalogue, or a locked measure would change.
    """
    document: dict[str, Any] = msgspec.to_builtins(plan)
    author = Author(who, plan.city, plan.plan)
    key = {"city": plan.city, "plan": plan.plan}
    with translated(), connection.transaction():
        if connection.execute(_SQL["has_city"], key).fetchone() is None:
            raise SettingsError(f"plan {plan.plan}: no city {plan.city!r}; add its file first ('bypuls city add FILE')")
        row = connection.execute(_SQL["plan_document"], key).fetchone()
        before = row[0] if row else None
        added = PlanAdded(plan.plan, plan.city, before is None, before != document)
        connection.execute(
            _SQL["upsert_plan"],
            {
                "city": plan.city,
                "slug": plan.plan,
                "title": Jsonb(plan.title),
                "source": plan.source,
                "status": plan.status,
                "document": Jsonb(document),
            },
        )
        put = [
            done
            for goal in plan.goals
            for done in (
                put_goal(connection, author, with_defaults(goal, plan)),
                *(put_target(connection, author, goal.slug, target) for target in goal.targets),
                *(put_measure(connection, author, goal.slug, measure) for measure in goal.measures),
            )
        ]
        _withdraw_others(connection, plan, added, author)
        # Something may have been changed through the API since: then the same file changes it back.
        added.changed |= any(put) or any(added.withdrawn.values())
        if added.changed:
            _audit(connection, author, "plan.add", plan.plan, (before, document))
    return added


def with_defaults(goal: GoalEntry, plan: Plan) -> GoalEntry:
    """A goal with the plan's source and status where it has none of its own."""
    return msgspec.structs.replace(goal, source=goal.source or plan.source, status=goal.status or plan.status)


def put_goal(connection: Connection, author: Author, entry: GoalEntry) -> bool:
    """Insert or change a goal; whether anything changed. Its targets and measures are put by themselves."""
    row = {
        "title": entry.title,
        "text": entry.text,
        "sdg": entry.sdg,
        "owner": entry.owner,
        "source": entry.source or author.who,
        "status": entry.status or "adopted",
    }
    return _put(connection, author, "goal", entry.slug, row)


def put_target(connection: Connection, author: Author, goal: str, entry: TargetEntry) -> bool:
    """Insert or change a target; whether anything changed.

    Raises:
        SettingsError: it contradicts itself, the catalogue or the city.
    """
    _checked(lambda: check_target(entry))
    _need_goal(connection, author, goal, f"target {entry.slug}")
    where = f"target {entry.slug}"
    if entry.scope.kind != "city":
        _need_place(connection, author.city, entry.scope.kind, entry.scope.slug or "", where)
    direction, code, version = _indicator(connection, entry, where)
    if not entry.path(direction).fulfils(entry.target.value, entry.base.value):
        raise SettingsError(
            f"{where}: {entry.indicator} is {direction}, but {entry.target.value:g} is worse than {entry.base.value:g}"
        )
    row: dict[str, Any] = {
        "goal": goal,
        "title": entry.title,
        "kpi": entry.kpi,
        "code": code,
        "data_point": entry.data_point,
        "scope_kind": entry.scope.kind,
        "scope": entry.scope.slug or author.city,
        "period": entry.period,
        "direction": direction,
        "unit": entry.unit,
        "base_year": entry.base.year,
        "base_value": entry.base.value,
        "base_origin": entry.base.origin,
        "points": [{"year": point.year, "value": point.value} for point in entry.points],
        "value": entry.target.value,
        "due": entry.target.by,
        "source": entry.source,
        "note": entry.note,
    }
    stood = _row(connection, "target", author.city, entry.slug)
    kept = ("kpi", "scope_kind", "scope", "base_year", "base_value", "unit")
    if stood is not None and all(stood[name] == row[name] for name in kept):
        row["version"] = stood["version"]  # the base was set then, and is not set anew by a corrected text
    elif entry.kpi is not None:
        found = connection.execute(_SQL["base_version"], row | {"city": author.city}).fetchone()
        row["version"] = found[0] if found else version
    else:
        row["version"] = None
    return _put(connection, author, "target", entry.slug, row)


def put_measure(connection: Connection, author: Author, goal: str, entry: MeasureEntry) -> bool:
    """Insert or change a measure; whether anything changed.

    Raises:
        SettingsError: it contradicts itself or the city, or it is locked and more than status and owner would change.
    """
    _checked(lambda: check_measure(entry))
    where = f"measure {entry.slug}"
    _need_goal(connection, author, goal, where)
    for kpi in (entry.kpi, *entry.kpis):
        _definition(connection, kpi, where)
    for site in {*entry.sites, *entry.control_sites, *(site for one in entry.nearby for site in one.sites)}:
        _need_place(connection, author.city, "site", site, where)
    for area in entry.areas:
        _need_place(connection, author.city, "district", area, where)
    document = msgspec.to_builtins(entry)
    row = {name: document[name] for name in ("title", "text", "sites", "areas", "kpi", "direction", "control_sites")}
    row |= {
        name: document[name]
        for name in ("kpis", "expected", "transition_months", "nearby", "owner", "source", "status")
    }
    row |= {"goal": goal, "starts": entry.starts, "ends": entry.ends}
    return _put(connection, author, "measure", entry.slug, row)


def withdraw(connection: Connection, author: Author, noun: Noun, slug: str) -> None:
    """Mark as withdrawn: it stays readable, and no longer counts. A goal takes its targets and measures along.

    Raises:
        NotFound: there is none that is not withdrawn.
    """
    key = {"city": author.city, "slug": slug}
    if connection.execute(_SQL[f"withdraw_{noun}"], key).fetchone() is None:
        raise NotFound(f"no {noun} {slug!r} that still counts in city {author.city!r}: see GET /v1/{noun}s?city=…")
    _audit(connection, author, f"{noun}.withdraw", slug, ({"withdrawn": False}, {"withdrawn": True}))
    if noun == "goal":
        for part, of in connection.execute(_SQL["parts_of_goal"], key).fetchall():
            withdraw(connection, author, part, of)


def lock_measure(connection: Connection, author: Author, slug: str) -> None:
    """Lock a measure before its result is shown; a second time changes nothing.

    Raises:
        NotFound: there is none that is not withdrawn.
    """
    stood = _row(connection, "measure", author.city, slug)
    if stood is None or stood["withdrawn"]:
        raise NotFound(
            f"no measure {slug!r} that still counts in city {author.city!r}: GET /v1/measures?city={author.city}"
        )
    given = {"city": author.city, "slug": slug, "who": author.who}
    if connection.execute(_SQL["lock_measure"], given).fetchone() is not None:
        _audit(connection, author, "measure.lock", slug, ({"locked": False}, {"locked": True}))


def _put(connection: Connection, author: Author, noun: Noun, slug: str, row: Mapping[str, Any]) -> bool:
    stood = _row(connection, noun, author.city, slug)
    owner = stood["plan"] if stood else None
    if stood and owner != author.plan and author.plan is not None and not stood["withdrawn"]:
        where = f"plan {owner!r}" if owner else "what was made through the API"
        raise SettingsError(f"{noun} {slug}: the name is taken by {where}; choose another")
    wanted = dict(row) | {"plan": author.plan if author.plan is not None else owner, "withdrawn": False}
    differs = {name for name in wanted if stood is None or stood[name] != wanted[name]}
    if not differs:
        return False
    if stood is not None and noun == "measure" and stood["locked_at"] is not None and differs - _OPEN_WHEN_LOCKED:
        changed = ", ".join(sorted(differs - _OPEN_WHEN_LOCKED))
        raise MeasureLocked(
            f"measure {slug} is locked since {stood['locked_at']:%Y-%m-%d}: {changed} may not change any more, "
            "only status and owner; make another measure"
        )
    given = {
        name: Jsonb(value) if name in _JSON_COLUMNS and value is not None else value for name, value in wanted.items()
    }
    connection.execute(_SQL[f"upsert_{noun}"], given | {"city": author.city, "slug": slug})
    if author.plan is None:
        before = {name: _plain(stood[name]) for name in sorted(differs)} if stood else None
        _audit(
            connection,
            author,
            f"{noun}.change" if stood else f"{noun}.add",
            slug,
            (before, {name: _plain(wanted[name]) for name in sorted(differs)}),
        )
    return True


def _withdraw_others(connection: Connection, plan: Plan, added: PlanAdded, author: Author) -> None:
    named: dict[Noun, set[str]] = {
        "measure": {measure.slug for goal in plan.goals for measure in goal.measures},
        "target": {target.slug for goal in plan.goals for target in goal.targets},
        "goal": {goal.slug for goal in plan.goals},
    }
    for noun, slugs in named.items():
        there = {
            slug for (slug,) in connection.execute(_SQL[f"names_of_{noun}s"], {"city": plan.city, "plan": plan.plan})
        }
        added.entries[noun] = len(slugs)
        added.withdrawn[noun] = sorted(there - slugs)
        for slug in added.withdrawn[noun]:
            withdraw(connection, author, noun, slug)


def _indicator(
    connection: Connection, entry: TargetEntry, where: str
) -> tuple[Literal["lower_is_better", "higher_is_better"], str | None, str | None]:
    """Direction, U4SSC code as the catalogue spells it, and the KPI definition's version now."""
    if entry.kpi is not None:
        version, document = _definition(connection, entry.kpi, where)
        unit, code = document["unit"], None
        natural = document.get("direction")
        if entry.period not in document["periods"]:
            raise SettingsError(f"{where}: {entry.kpi} has no values of {entry.period}, but {document['periods']}")
    else:
        try:
            point = load_catalogue().point(entry.u4ssc or "", entry.data_point)
        except NotFound as error:
            raise SettingsError(f"{where}: {error}") from None
        version, unit, code = None, point.unit, point.kpi.code
        natural = DIRECTIONS.get(point.kpi.direction)
        if entry.period != "P1Y" or entry.scope.kind != "city":
            raise SettingsError(f"{where}: U4SSC has values of whole cities and years only")
    if entry.unit != unit:
        raise SettingsError(f"{where}: {entry.indicator} is in {unit!r}, not in {entry.unit!r}")
    if natural in ("lower_is_better", "higher_is_better") and entry.direction not in (None, natural):
        raise SettingsError(f"{where}: {entry.indicator} is {natural}; leave direction out")
    direction = entry.direction or natural
    if direction not in ("lower_is_better", "higher_is_better"):
        raise SettingsError(f"{where}: {entry.indicator} has no better and worse of its own: give its direction")
    return direction, code, version


def _definition(connection: Connection, kpi: str, where: str) -> tuple[str, Mapping[str, Any]]:
    try:
        return definition(connection, kpi)
    except NotFound as error:
        raise SettingsError(f"{where}: {error}") from None


def _need_goal(connection: Connection, author: Author, goal: str, where: str) -> None:
    stood = _row(connection, "goal", author.city, goal)
    if stood is None or stood["withdrawn"]:
        raise SettingsError(f"{where}: no goal {goal!r} in city {author.city!r}; make it first")


def _need_place(connection: Connection, city: str, kind: str, slug: str, where: str) -> None:
    query = _SQL["has_site" if kind == "site" else "has_area"]
    row = connection.execute(query, {"city": city, "slug": slug}).fetchone()
    if row is None:
        raise SettingsError(f"{where}: city {city!r} has no {'site' if kind == 'site' else 'area'} {slug!r}")
    if kind == "site" and row[0] == PERSONAL_KIND:
        raise SettingsError(f"{where}: site {slug!r} is a household; plans are about what may be published")


def _row(connection: Connection, noun: Noun, city: str, slug: str) -> dict[str, Any] | None:
    cursor = connection.execute(_SQL[noun], {"city": city, "slug": slug})
    row = cursor.fetchone()
    return dict(zip([column.name for column in cursor.description or ()], row, strict=True)) if row else None


def _audit(
    connection: Connection, author: Author, what: str, target: str, change: tuple[dict[str, Any] | None, dict[str, Any]]
) -> None:
    before, after = change
    connection.execute(
        _SQL["audit"],
        {
            "who": author.who,
            "city": author.city,
            "what": what,
            "target": target,
            "before": None if before is None else Jsonb(before),
            "after": Jsonb(after),
        },
    )


def _checked(check: Any) -> None:
    try:
        check()
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
