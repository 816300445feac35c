"""Reads what the effect of measures rests on, and says what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bypuls import effect_words as words
from bypuls.effect_pairs import Judged, Place, month_of
from bypuls.effects import LONGEST, Effect, Refusal, effect, waits
from bypuls.errors import NotFound
from bypuls.plan import FIRST_YEAR
from bypuls.signed_rank import WHOLE_YEAR
from bypuls.storage import values
from bypuls.storage.database import Connection
from bypuls.storage.months import Months
from bypuls.storage.queries import queries
from bypuls.storage.standing import measures

_SQL = queries("bypuls.storage.sql", "effects.sql")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _City:
    """What of a city is read for all of its measures.

    Attributes:
        sites: kind and area. within: area -> those within it, itself too.
        known: all its measures.
    """

    connection: Connection
    slug: str
    now: datetime
    known: Sequence[Row]
    months: Months
    sites: Mapping[str, tuple[str, str | None]]
    within: Mapping[str, frozenset[str]]

    def touched(self, measure: Mapping[str, Any]) -> frozenset[str] | None:
        """The sites of a measure, less those that are somebody's home by now; None: of the whole city."""
        if not measure["sites"] and not measure["areas"]:
            return None
        areas = frozenset().union(*(self.within.get(area, frozenset()) for area in measure["areas"]))
        return frozenset(slug for slug, (_, area) in self.sites.items() if slug in measure["sites"] or area in areas)


def effects(
    connection: Connection, city: str, now: datetime, *, measure: str | None = None, kpi: str | None = None
) -> list[Row]:
    """What changed after each measure, by each of its indicators: the primary one first.

    Args:
        connection: to read by.
        city: its slug.
        now: what counts as over.
        measure: only this one.
        kpi: only by this one.
    """
    known = measures(connection, city, now, withdrawn=True)
    if not known:
        return []
    read = _city(connection, city, now, known)
    return [
        _row(read, one, indicator)
        for one in known
        if (measure is None or one["measure"] == measure) and (one["withdrawn_at"] is None or one["locked_at"])
        for indicator in (one["kpi"], *one["kpis"])
        if kpi is None or indicator == kpi
    ]


def _city(connection: Connection, city: str, now: datetime, known: Sequence[Row]) -> _City:
    areas = sorted({area for one in known for area in one["areas"]})
    within: dict[str, set[str]] = {}
    for area, inner in connection.execute(_SQL["areas_within"], {"city": city, "areas": areas}):
        within.setdefault(area, set()).add(inner)
    sites = {slug: (kind, area) for slug, kind, area in connection.execute(_SQL["sites"], {"city": city})}
    first = min(month_of(one["from"]) for one in known) - 2 * LONGEST * WHOLE_YEAR
    first = max(first, month_of(date(FIRST_YEAR, 1, 1)))
    months = Months(connection, city, _begin(first) - timedelta(days=1))  # months begin before UTC's
    return _City(
        connection, city, now, known, months, sites, {area: frozenset(inner) for area, inner in within.items()}
    )


def _row(city: _City, measure: Row, kpi: str) -> Row:
    document = _document(city.connection, kpi)
    found = _found(city, measure, document)
    primary, unit = kpi == measure["kpi"], str(document["unit"])
    also = _also(city, measure, document, found)
    named = ("measure", "goal", "title", "from", "to", "transition_months", "status", "direction")
    return {
        "city": city.slug,
        **{name: measure[name] for name in (*named, "locked_at", "withdrawn_at")},
        "kpi": kpi,
        "kpi_title": document["title"],
        "primary": primary,
        "unit": unit,
        "finding": found.finding,
        "refusal": found.refusal,
        "sentence": words.reason(found) or words.sentence(found, measure["from"], unit),
        "years_apart": found.years,
        "scopes": [_scope(place) for place in found.places],
        "dropped": [_scope(place) for place in found.dropped],
        "change": words.shown(found.change),
        "control_sites": [slug for _, slug in found.controls],
        "control_chosen": _chosen(measure) if found.controls else None,
        "no_control": None if found.no_control is None else dict(words.NO_CONTROL[found.no_control]),
        "control": words.shown(found.control),
        "beside_control": words.shown(found.beside),
        "placebo": words.shown(found.placebo),
        "expected": _expected(measure["expected"], found) if primary else None,
        "cautions": [*words.cautions(found, unit), *_cautions(found, measure, document, len(also))],
        "changed_too": also,
        "left_out": words.left_out(found),
        "simulated": found.simulated,
        "method": dict(words.METHOD),
    }


def _document(connection: Connection, kpi: str) -> Mapping[str, Any]:
    """A definition; of an indicator that is gone its name."""
    try:
        return values.definition(connection, kpi)[1]
    except NotFound:
        return {"id": kpi, "title": {"en": kpi, "nb": kpi}, "unit": "", "periods": [], "inputs": {}, "gone": True}


def _found(city: _City, measure: Row, document: Mapping[str, Any]) -> Effect:
    judged, kpi = _judged(measure), document["id"]
    if waits(judged, city.now) is not None:
        return effect(judged, {}, {}, city.now)
    unfit = _unfit(document)
    if unfit is not None:
        return Effect("refused", unfit)
    touched = city.touched(measure)
    if touched is None:
        return replace(
            effect(judged, city.months.of(kpi, [("city", city.slug)]), {}, city.now), no_control="whole_city"
        )
    own = city.months.of(kpi, [("site", slug) for slug in sorted(touched)])
    # A loop has no air and a station no vehicles: where some have values of this indicator the others are no places.
    own = {place: found for place, found in own.items() if found} or own
    alone = effect(judged, own, {}, city.now)
    if alone.span is None:
        return alone
    kinds = frozenset(city.sites[slug][0] for _, slug in alone.places)
    untouched = _untouched(city, measure, touched, alone.span, kinds)
    controls = city.months.of(kpi, [("site", slug) for slug in untouched])
    return effect(judged, own, {place: found for place, found in controls.items() if found}, city.now)


def _unfit(document: Mapping[str, Any]) -> Refusal | None:
    """Why months of an indicator have no differences."""
    if document.get("gone"):
        return "no_definition"
    if "P1M" not in document["periods"]:
        return "no_months"
    if int((document.get("window") or {}).get("last_months") or 1) > 1:
        return "overlapping"
    return "goes_round" if document["unit"] == "deg" else None


def _judged(measure: Row) -> Judged:
    names = ("from", "to", "direction", "transition_months", "status", "locked_at")
    return Judged(*(measure[name] for name in names))


def _untouched(
    city: _City, measure: Row, touched: frozenset[str], span: tuple[int, int], kinds: frozenset[str]
) -> list[str]:
    """The control sites of a measure, or else all sites of these kinds; less those that another touched meanwhile."""
    wanted = measure["control_sites"] or [slug for slug, (kind, _) in city.sites.items() if kind in kinds]
    others = frozenset().union(*(city.touched(one) or frozenset() for one in _meanwhile(measure, city.known, span)))
    return [slug for slug in wanted if slug in city.sites and slug not in touched | others]


def _meanwhile(measure: Row, known: Sequence[Row], span: tuple[int, int]) -> list[Row]:
    """The other measures that began or ended in a span of months."""
    return [
        one
        for one in known
        if one["measure"] != measure["measure"]
        and one["status"] != "planned"
        and (one["withdrawn_at"] is None or one["locked_at"])
        and any(day is not None and span[0] <= month_of(day) < span[1] for day in (one["from"], one["to"]))
    ]


def _chosen(measure: Row) -> str:
    return "declared" if measure["control_sites"] else "same_kind"


def _also(city: _City, measure: Row, document: Mapping[str, Any], found: Effect) -> list[Row]:
    """What else changed at these places or for this indicator, in the months that count."""
    if found.span is None:
        return []
    since, until = (_begin(month) for month in found.span)
    touched = city.touched(measure)
    also = [
        _changed(one["measure"], "measure", one["from"], one["to"], sites=one["sites"])
        for one in _meanwhile(measure, city.known, found.span)
        if document["id"] in (one["kpi"], *one["kpis"]) or _meet(touched, city.touched(one))
    ]
    also += [
        _changed(one["what"], one["kind"], one["from"], one["to"], sites=one["sites"])
        for one in measure["nearby"]
        if _overlaps(one, since.date(), until.date())
    ]
    sites = None if touched is None else [slug for _, slug in (*found.places, *found.controls)]
    asked = {"city": city.slug, "sites": sites, "since": since, "until": until}
    asked["properties"] = [name for name, spec in document["inputs"].items() if spec.get("from_site") != "weather"]
    for kind, site, device, observed, begun, ended, why in city.connection.execute(_SQL["instruments"], asked):
        last = None if ended is None else ended.date()
        what = f"{device} {observed}" + (f": {why}" if why else "")
        also.append(_changed(what, kind, begun.date(), last, sites=[site]))
    return also


def _changed(what: str, kind: str, since: object, until: object, *, sites: Sequence[str]) -> Row:
    return {"what": what, "kind": kind, "from": since, "to": until, "sites": list(sites)}


def _meet(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    return one is None or other is None or bool(one & other)


def _overlaps(one: Mapping[str, Any], since: date, until: date) -> bool:
    """Whether something nearby lies in the months that count; what has no day may lie in them."""
    begins, ends = (None if one[name] is None else date.fromisoformat(one[name]) for name in ("from", "to"))
    return (begins is None or begins < until) and (ends is None or ends >= since)


def _begin(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _scope(place: Place) -> Row:
    return {"scope_kind": place[0], "scope": place[1]}


def _expected(expected: Mapping[str, Any] | None, found: Effect) -> Row | None:
    """What the plan expected, and whether the interval that the finding rests on holds it."""
    if expected is None:
        return None
    change = words.shown(found.decisive) or {}
    name = "difference" if expected["percent"] is None else "percent"
    low, high = change.get(f"{name}_low"), change.get(f"{name}_high")
    known = isinstance(low, float) and isinstance(high, float)
    return dict(expected) | {"within": low <= expected[name] <= high if known else None}


def _cautions(found: Effect, measure: Row, document: Mapping[str, Any], also: int) -> list[Row]:
    """What measure and indicator warn of."""
    if found.change is None:
        return []
    weathered = any(spec.get("from_site") == "weather" for spec in document["inputs"].values())
    known = _begin(_judged(measure).after_begins + 1)
    said: tuple[tuple[words.Caution, object, bool], ...] = (
        ("weather_not_adjusted", "", not weathered),
        ("control_by_kind", "", bool(found.controls) and not measure["control_sites"]),
        ("locked_late", f"{measure['locked_at']:%Y-%m-%d}", measure["locked_at"] >= known),
        ("changed_too", also, also > 0),
        ("several_indicators", "", bool(measure["kpis"])),
        ("simulated", "", found.simulated),
        ("estimate", "", found.estimate),
        ("withdrawn", "", measure["withdrawn_at"] is not None),
    )
    return [words.warning(code, x) for code, x, holds in said if holds]
