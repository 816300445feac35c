"""Contents of snapshots for tests of reports: made up, every state and band in it, nothing of a real city."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import yaml

from bypuls.snapshot import (
    Benchmark,
    Category,
    CityHead,
    Content,
    DataNote,
    DataPoint,
    Dimension,
    Fact,
    KpiResult,
    Missing,
    Score,
    SubDimension,
    TargetResult,
    TrendResult,
    U4sscAssessment,
    U4sscKpi,
    Versions,
    YearValue,
)
from bypuls.snapshot_effects import ChangedToo, EffectResult, Expected, Shifted
from bypuls.snapshot_file import seal

MADE = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
VERSION = "sha256:" + "ab" * 32
_BANDS = ("lt_33", "33_66", "66_95", "gte_95")
_PERCENTS = (20.0, 56.25, 75.0, 100.0)


def both(text):
    return {"en": text, "nb": text}


@cache
def catalogue():
    return yaml.safe_load(files("bypuls").joinpath("catalogue/u4ssc.yaml").read_text(encoding="utf-8"))


def score(points):
    scored = [point.points for point in points if point.points]
    if not scored:
        return Score()
    percent = 100 * sum(scored) / (4 * len(scored))
    return Score(
        points=sum(scored),
        possible=4 * len(scored),
        percent=percent,
        band=_BANDS[sum(percent >= edge for edge in (33, 66, 95))],
    )


def assessment(choose):
    """All KPIs of the catalogue; `choose(number)` gives a data point's state: a band, no_target or unreported."""
    document, number, dimensions = catalogue(), 0, {}
    groups = document["meta"]["groups"]
    for entry in document["kpis"]:
        points = []
        for spec in entry.get("data_points") or [{"id": "", "name": entry["name"]}]:
            spec.setdefault("unit", entry["unit"])
            points.append(_point(spec, choose(number), number, unverified=bool(entry.get("unverified"))))
            number += 1
        states = {point.state for point in points} - {"missing"}
        kpi = U4sscKpi(
            code=entry["code"],
            name=entry["name"],
            level=entry["level"],
            data_points=points,
            state=min(states, default="missing"),
            unverified=bool(entry.get("unverified")),
        )
        path = dimensions.setdefault(entry["dimension"], {}).setdefault(entry["sub_dimension"], {})
        path.setdefault(entry["category"], []).append(kpi)

    def name(english):
        return {"en": english, "nb": groups.get(english, english)}

    def points_of(kpis):
        return [point for kpi in kpis for point in kpi.data_points]

    built = []
    for dimension, subs in dimensions.items():
        parts = []
        for sub, categories in subs.items():
            inner = [Category(name=name(one), score=score(points_of(k)), kpis=k) for one, k in categories.items()]
            every = [kpi for category in inner for kpi in category.kpis]
            parts.append(SubDimension(name=name(sub), score=score(points_of(every)), categories=inner))
        every = [kpi for part in parts for category in part.categories for kpi in category.kpis]
        built.append(Dimension(name=name(dimension), score=score(points_of(every)), sub_dimensions=parts))
    kpis = [k for d in built for s in d.sub_dimensions for c in s.categories for k in c.kpis]
    return U4sscAssessment(
        label=document["meta"]["label"],
        kpi_states=_count(kpis),
        data_point_states=_count(points_of(kpis)),
        unverified_kpis=sum(kpi.unverified for kpi in kpis),
        unverified_data_points=sum(point.unverified for point in points_of(kpis)),
        dimensions=built,
    )


def _point(spec, state, number, *, unverified):
    fields = {"id": spec["id"], "name": spec["name"], "unit": spec["unit"], "unverified": unverified}
    if state == "unreported":
        return DataPoint(state="missing", reason="not_reported", **fields)
    fields |= {"value": 10.5 + number, "source": f"Source {number}", "origin": "reported"}
    fields["state"] = ("reported", "register", "measured")[number % 3]
    if state == "no_target":
        return DataPoint(**fields)
    at = _BANDS.index(state)
    benchmark = Benchmark(target=100.0, start=0.0, source="Climate plan 2030, table 4")
    return DataPoint(percent=_PERCENTS[at], points=at + 1, band=state, benchmark=benchmark, **fields)


def _count(parts):
    found = {}
    for part in parts:
        found[part.state] = found.get(part.state, 0) + 1
    return found


def mixed(number):
    return (*_BANDS, "no_target", "unreported")[number * 5 % 6]


def result(**changes):
    fields = {
        "kpi": "air.pm10.mean", "title": {"en": "PM10 concentration", "nb": "Konsentrasjon av PM10"}, "domain": "air",
        "scope_kind": "city", "scope": "storvik", "scope_name": "Storvik", "period": "P1Y",
        "start": datetime(2024, 12, 31, 23, tzinfo=UTC), "ends": datetime(2025, 12, 31, 23, tzinfo=UTC),
        "value": 11.25, "unit": "ug/m3", "direction": "lower_is_better", "status": "final", "quality": "ok",
        "coverage": 0.9731, "classes": ["reference"], "origins": ["measured"], "version": VERSION, "evidence": VERSION,
    }  # fmt: skip
    return KpiResult(**(fields | changes))


def effect(**changes):
    """A measure that something is said of."""
    after = {"n": 12, "first_month": "2025-01", "last_month": "2025-12"}
    fields = {
        "measure": "fee", "title": {"en": "A fee in two streets", "nb": "Avgift i to gater"},
        "starts": date(2025, 1, 1), "status": "running", "locked": True, "kpi": "traffic.volume.mean_daily",
        "primary": True, "unit": "{vehicle}",
        "kpi_title": {"en": "Daily traffic", "nb": "Døgntrafikk"}, "direction": "decrease", "finding": "as_expected",
        "sentence": {"en": "Changed by -18.3 %.", "nb": "Endret med -18,3 %."}, "years_apart": 1,
        "places": ["torget"], "control_sites": ["nordre"],
        "change": Shifted(verdict="decreased", before=11500.0, after=9400.0, percent=-18.26, percent_low=-19.4,
                          percent_high=-17.0, difference=-2105.0, difference_low=-2300.0, difference_high=-1900.0,
                          **after),
        "control": Shifted(verdict="not_shown", before=8000.0, after=8010.0, percent=0.1, percent_low=-2.0,
                           percent_high=2.0, **after),
        "beside": Shifted(verdict="decreased", percent=-18.3, percent_low=-18.8, percent_high=-17.8, **after),
        "expected": Expected(percent=-18.0, within=True),
        "cautions": [{"en": "simulated data", "nb": "simulerte data"}],
        "changed_too": [ChangedToo(what="signs", kind="measure", starts=date(2025, 1, 1))],
    }  # fmt: skip
    return EffectResult(**(fields | changes))


def refused(**changes):
    """A measure that nothing is said of."""
    nothing = {"change": None, "control": None, "beside": None, "expected": None, "years_apart": None, "places": [],
               "control_sites": [], "cautions": [], "changed_too": []}  # fmt: skip
    fields = {
        "measure": "signs", "title": {"en": "Signs", "nb": "Skilt"}, "finding": "refused", "refusal": "not_locked",
        "locked": False, "withdrawn": True, "sentence": {"en": "it is not locked", "nb": "det er ikke låst"},
    }  # fmt: skip
    return effect(**(nothing | fields | changes))


def content(**changes):
    """A city-year with something of everything."""
    days = {"en": "Days above 50 µg/m³ PM10 (EU 2008/50)", "nb": "Døgn over 50 µg/m³ PM10 (EU 2008/50)"}
    fields = {
        "city": CityHead(
            slug="storvik", name=both("Storvik"), time_zone="Europe/Oslo", country="NO",
            facts=[Fact(name="population", value=48210.0, unit="{person}", valid_from=date(2025, 1, 1),
                        source="SSB 07459")],
        ),
        "year": 2025,
        "versions": Versions(program="0.1.0", u4ssc_catalogue=VERSION, definitions={"air.pm10.mean": VERSION},
                             standards={"eu_2008_50": "verified"}),
        "u4ssc": assessment(mixed),
        "kpis": [
            result(),
            result(kpi="air.pm10.exceedance_days.eu2008", title=days, value=42.0, unit="days", limit=50.0, allowed=35.0,
                   decided_by="Nordre gate", band="above", judges_law=True, standard="eu_2008_50"),
            result(kpi="air.pm10.exceedance_days.eu2008", title=days, value=12.0, unit="days", limit=50.0, allowed=35.0,
                   scope_kind="site", scope="torget", scope_name="Torget", band="within", judges_law=True),
            result(scope_kind="site", scope="torget", scope_name="Torget", value=None, quality="insufficient",
                   reason="low_coverage", coverage=0.31, classes=["indicative"]),
            result(kpi="noise.lden", domain="noise", title={"en": "Lden", "nb": "Lden"}, unit="dB(A)", value=58.4),
        ],
        "trends": [TrendResult(kpi="air.pm10.mean", title=both("PM10"), scope_kind="city", scope="storvik",
                               unit="ug/m3", years=[YearValue(year=year, value=15.0 - year % 10) for year in
                                                    range(2020, 2026)], verdict="falling", slope=-1.0, p=0.008)],
        "targets": [TargetResult(kpi="air.pm10.mean", title=both("PM10"), scope_kind="city", scope="storvik",
                                 unit="ug/m3", start_year=2020, start_value=15.0, target_year=2030, target_value=8.0,
                                 required=11.5, actual=11.25, verdict="on_track", source="Air plan 2020")],
        "effects": [effect(), refused()],
        "missing": [Missing(code="EC: ICT: ICT: 1C", name=both("Household Internet Access"), who="IT", sensors=False,
                            how={"en": "Enter it in the round", "nb": "Legg inn i runden"})],
        "notes": [DataNote(kind="clipped", subject="PM10", text={"en": "Seven hours were cut off at 220 µg/m³.",
                           "nb": "Sju timer er kuttet ved 220 µg/m³."}, source="Publisher")],
        "method": [{"en": "Yearly means of hourly means.", "nb": "Årsmiddel av timemidler."}],
    }  # fmt: skip
    return Content(**(fields | changes))


def snapshot(**changes):
    return seal(content(**changes), MADE)
