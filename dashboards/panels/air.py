"""The air board: classes, concentrations with their limits, days used, data capture, weather beside."""

from __future__ import annotations

from dashboards.builder import Panel, bars, stat, state_timeline, table, timeseries
from dashboards.look import (
    BAD,
    COMING_LAW,
    CURRENT_LAW,
    GOOD,
    GUIDELINE,
    LIMIT,
    LINE,
    NEUTRAL,
    UGM3,
    WARN,
    asks,
    bands,
    class_field,
    class_steps,
    classes,
    levels,
    limit,
    standards,
)  # fmt: skip
from dashboards.panels import links
from dashboards.panels.choices import CITY
from dashboards.panels.common import BASES, chosen_sites, limits, lines, measured, newest_of
from dashboards.panels.sql import TO
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text, same

_EU = same("Directives 2008/50/EC and (EU) 2024/2881, Annex I; WHO 2021")
_DAY_2030 = Text("day limit, EU 2030", "døgngrense, EU 2030")
_DAY_NOW = Text("day limit, EU today", "døgngrense, EU i dag")
_HOUR_NOW = Text("hour limit, EU today", "timegrense, EU i dag")
_GUIDELINE = Text("day guideline, WHO", "døgnretningslinje, WHO")
_EIGHT_TARGET = Text("8-hour target, EU", "8-timers målverdi, EU")
_EIGHT_HOURS = Text("8-hour guideline, WHO", "8-timers retningslinje, WHO")


def classes_now() -> Panel:
    """How many sites are in which class: the worst first."""
    sql = f"""
SELECT t.name AS site, k.value
FROM {chosen_sites()} t CROSS JOIN LATERAL ({newest_of("air.eaqi", "PT1H", "4 hours")}) k
ORDER BY k.value DESC, t.name LIMIT 12
"""
    words = Words(
        Text("Class per site, now", "Klasse per målested, nå"),
        asks(
            Text(
                "Where is the air good and where not? An index with pollutants missing is partial.",
                "Hvor er luften god og hvor ikke? En indeks som mangler stoffer er delvis.",
            ),
            "air.eaqi",
        ),
    )
    return bars(At(1, 8, 9), words, Query(sql, "table"), class_field())


def class_timeline() -> Panel:
    """The class of each site through time."""
    sql = f"""
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), t.name AS metric, max(k.value) AS value
FROM {chosen_sites()} t CROSS JOIN LATERAL (
    SELECT k.middle, k.value FROM board_kpi k
    WHERE k.city = t.city AND k.kpi = 'air.eaqi' AND k.scope_kind = 'site' AND k.scope = t.site AND k.period = 'PT1H'
      AND k.quality = 'ok' AND $__timeFilter(k.start)
) k
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Class per site through time", "Klasse per målested over tid"),
        asks(Text("When was the air bad, and where?", "Når var luften dårlig, og hvor?"), "air.eaqi"),
    )
    return state_timeline(At(2, 16, 9), words, [Query(sql)], class_field())


def _pollutant(at: At, title: Text, kpi: str, pollutant: str, drawn: list[tuple[Text, float, str]]) -> Panel:
    """Lines per site, the hour's classes behind them, limits as named lines."""
    words = Words(
        title,
        asks(
            Text(
                f"How much {title} is in the air, where? Bands: classes of an hour. Dashed: limits.",
                f"Hvor mye {title.nb} er det i luften, og hvor? Bånd: klasser for en time. Stiplet: grenser.",
            ),
            kpi,
            source=_EU,
        ),
    )
    columns = [Column(str(name), name, colour=colour, dashed=True) for name, _, colour in drawn]
    queries = [lines(kpi), limits(*((str(name), value) for name, value, _ in drawn))]
    shown = Field(unit=UGM3, decimals=0, low=0, steps=bands(pollutant), banded=True)
    return timeseries(at, words, queries, shown, columns)


def pm10() -> Panel:
    """PM10."""
    drawn = [
        (_DAY_NOW, limit(CURRENT_LAW, "PM10", "24h").value, BAD),
        (_DAY_2030, limit(COMING_LAW, "PM10", "24h").value, LIMIT),
    ]
    return _pollutant(At(3, 12, 8), same("PM10"), "air.pm10.mean", "PM10", drawn)


def pm25() -> Panel:
    """PM2.5."""
    drawn = [
        (_DAY_2030, limit(COMING_LAW, "PM2.5", "24h").value, LIMIT),
        (_GUIDELINE, limit(GUIDELINE, "PM2.5", "24h").value, LINE),
    ]
    return _pollutant(At(4, 12, 8), Text("PM2.5", "PM2,5"), "air.pm25.mean", "PM2.5", drawn)


def no2() -> Panel:
    """NO2."""
    drawn = [
        (_HOUR_NOW, limit(CURRENT_LAW, "NO2", "1h").value, BAD),
        (_DAY_2030, limit(COMING_LAW, "NO2", "24h").value, LIMIT),
    ]
    return _pollutant(At(5, 12, 8), same("NO2"), "air.no2.mean", "NO2", drawn)


def o3() -> Panel:
    """Ozone."""
    drawn = [
        (_EIGHT_TARGET, limit(CURRENT_LAW, "O3", "max_8h").value, BAD),
        (_EIGHT_HOURS, limit(GUIDELINE, "O3", "max_8h").value, LINE),
    ]
    return _pollutant(At(6, 12, 8), Text("Ozone", "Ozon"), "air.o3.mean", "O3", drawn)


def day_so_far() -> Panel:
    """Today's mean until now, and what is left of the day."""
    sql = f"""
SELECT k.value, k.valid_hours AS hours, t.name AS site
FROM {chosen_sites()} t
CROSS JOIN LATERAL ({newest_of("air.pm10.mean", "P1D", "1 day", quality="AND k.value IS NOT NULL")}) k
ORDER BY k.value DESC LIMIT 1
"""
    words = Words(
        Text("PM10, day's mean so far", "PM10, døgnmiddel så langt"),
        asks(
            Text(
                "Is today on its way above the limit, at the site where it is worst?",
                "Er døgnet på vei over grensen der det er verst?",
            ),
            "air.pm10.mean",
        ),
    )
    now, coming = limit(CURRENT_LAW, "PM10", "24h").value, limit(COMING_LAW, "PM10", "24h").value
    shown = Field(unit=UGM3, decimals=0, low=0, steps=levels((None, GOOD), (coming, WARN), (now, BAD)))
    return stat(At(7, 12, 4), words, [Query(sql, "table")], shown)


def days_used() -> Panel:
    """Exceedance days used of those the law allows."""
    sql = f"""
SELECT k.value AS value, (k.detail ->> 'allowed')::double precision AS allowed, k.band, k.indicative,
       k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start
FROM board_kpi k
WHERE k.city = {CITY} AND k.kpi IN ('air.pm10.exceedance_days.national', 'air.pm10.exceedance_days.eu2008')
  AND k.scope_kind = 'city' AND k.scope = {CITY} AND k.period = 'P1Y' AND k.value IS NOT NULL
  AND k.start > {TO} - interval '1 year' AND k.start <= {TO}
ORDER BY k.kpi DESC, k.start DESC LIMIT 1
"""
    words = Words(
        Text("PM10, days used this year", "PM10, brukte døgn i år"),
        asks(
            Text(
                "How many days above the limit this year, at the worst site? The table says how many are allowed.",
                "Hvor mange døgn over grensen i år, på det verste stedet? Tabellen sier hvor mange som er lov.",
            ),
            "air.pm10.exceedance_days.national",
            "air.pm10.exceedance_days.eu2008",
        ),
    )
    allowed = limit("norway_legal_limits", "PM10", "24h").allowed or 0
    steps = levels((None, GOOD), (allowed // 2, WARN), (allowed + 1, BAD))
    shown = Field(unit="none", decimals=0, low=0, high=366, steps=steps, link=links.evidence())
    return stat(At(8, 12, 4), words, [Query(sql, "table")], shown)


_STANDARDS = [
    ("air.pm10.exceedance_days.national", Text("PM10 days, national limit", "PM10-døgn, nasjonal grense"), None),
    ("air.pm10.exceedance_days.eu2030", Text("PM10 days, EU 2030", "PM10-døgn, EU 2030"), None),
    ("air.pm25.exceedance_days.eu2030", Text("PM2.5 days, EU 2030", "PM2,5-døgn, EU 2030"), None),
    ("air.no2.exceedance_hours.national", Text("NO2 hours, national limit", "NO2-timer, nasjonal grense"), None),
    ("air.no2.exceedance_days.eu2030", Text("NO2 days, EU 2030", "NO2-døgn, EU 2030"), None),
    ("air.o3.exceedance_days.eu2008", Text("Ozone days, EU 2008", "Ozondøgn, EU 2008"), None),
]
_VERDICTS = [
    ("within", Text("within", "innenfor"), GOOD),
    ("above", Text("above", "over"), BAD),
    ("open", Text("open", "åpent"), NEUTRAL),
    ("indicative", Text("no verdict: indicative", "ingen dom: veiledende"), None),
    ("averaged", Text("no verdict yet: mean of years", "ingen dom ennå: snitt av år"), None),
    ("nothing", Text("no verdict: too little data", "ingen dom: for lite data"), None),
]


def allowed_days() -> Panel:
    """What the laws allow and what is used, per limit."""
    kpis = ", ".join(f"'{kpi}'" for kpi, _, _ in _STANDARDS)
    sql = f"""
SELECT DISTINCT ON (k.kpi) k.kpi AS what, k.value AS used, (k.detail ->> 'allowed')::double precision AS allowed,
       (k.detail ->> 'limit')::double precision AS above,
       coalesce(k.band, CASE WHEN k.value IS NULL THEN 'nothing' WHEN k.indicative THEN 'indicative'
                             WHEN k.detail ? 'averaged_over_years' THEN 'averaged' ELSE 'nothing' END) AS verdict,
       k.basis, k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start
FROM board_kpi k
WHERE k.city = {CITY} AND k.kpi IN ({kpis}) AND k.scope_kind = 'city' AND k.scope = {CITY} AND k.period = 'P1Y'
  AND k.start > {TO} - interval '1 year' AND k.start <= {TO}
ORDER BY k.kpi, k.start DESC
"""
    words = Words(
        Text("Exceedances used and allowed, this year", "Overskridelser brukt og tillatt, i år"),
        asks(
            Text(
                "How much of what each law allows is used, at the worst site? "
                "Indicative and simulated instruments judge no law.",
                "Hvor mye av det loven tillater er brukt, på det verste stedet? "
                "Veiledende og simulerte instrumenter gir ingen dom.",
            ),
            *(kpi for kpi, _, _ in _STANDARDS),
        ),
    )
    columns = [
        Column("what", Text("Limit", "Grense"), names=_STANDARDS, link=links.evidence()),
        Column("used", Text("Used", "Brukt"), decimals=0, width=80),
        Column("allowed", Text("Allowed", "Tillatt"), decimals=0, width=80),
        Column("above", Text("Above", "Over"), unit=UGM3, decimals=0, width=110),
        Column("verdict", Text("Verdict", "Dom"), names=_VERDICTS, colour="cell", width=210),
        Column("basis", Text("Limit's numbers", "Grensens tall"), names=BASES, colour="cell", width=130),
        *(Column(name, hidden=True) for name in ("city", "kpi", "scope_kind", "scope", "period", "start")),
    ]
    return table(At(9, 14, 10), words, Query(sql, "table"), Field(), columns)


_YES = [("true", Text("yes", "ja"), None), ("false", Text("no", "nei"), None)]


_CAPTURED = [
    ("enough", Text("enough", "nok"), GOOD),
    ("began", Text("began this year", "begynte i år"), NEUTRAL),
    ("little", Text("too little", "for lite"), BAD),
]


def data_capture() -> Panel:
    """Is there enough data to judge the year."""
    needed = 100 * float(standards().rules["data_capture"].values["year_quality_objective"])
    sql = f"""
SELECT t.name, k.value AS captured, b.began,
       CASE WHEN k.value >= {needed:g} THEN 'enough' WHEN b.began > k.start THEN 'began' ELSE 'little' END AS verdict,
       k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start
FROM {chosen_sites()} t
CROSS JOIN LATERAL (
    SELECT n.* FROM (VALUES ('air.pm10.data_capture'), ('air.pm25.data_capture'), ('air.no2.data_capture')) w (kpi)
    CROSS JOIN LATERAL (
        SELECT k.* FROM board_kpi k
        WHERE k.city = t.city AND k.kpi = w.kpi AND k.scope_kind = 'site' AND k.scope = t.site AND k.period = 'P1Y'
          AND k.start > {TO} - interval '1 year' AND k.start <= {TO} ORDER BY k.start DESC LIMIT 1
    ) n
    WHERE n.value IS NOT NULL ORDER BY n.value LIMIT 1
) k
CROSS JOIN LATERAL (
    SELECT min(d.first_time) AS began FROM board_datastream d
    WHERE d.city = t.city AND d.site = t.site AND d.property IN ('pm10', 'pm25', 'no2')
) b
ORDER BY 2, 1 LIMIT 100
"""
    words = Words(
        Text("Data capture this year, least of the pollutants", "Datafangst i år, minste av stoffene"),
        asks(
            Text(
                "Is there enough data to judge the year? What began during the year cannot have captured all of it.",
                "Er det nok data til å bedømme året? Det som begynte i løpet av året kan ikke ha fanget hele.",
            ),
            "air.pm10.data_capture",
            "air.pm25.data_capture",
            "air.no2.data_capture",
        ),
    )
    columns = [
        Column("name", Text("Site", "Målested")),
        Column("captured", Text("Captured", "Fanget"), unit="percent", decimals=0, width=100, link=links.evidence()),
        Column("began", Text("Measures since", "Måler siden"), unit="time:YYYY-MM-DD", width=140),
        Column("verdict", Text("Enough?", "Nok?"), names=_CAPTURED, colour="cell", width=140),
        *(Column(name, hidden=True) for name in ("city", "kpi", "scope_kind", "scope", "period", "start")),
    ]
    return table(At(10, 10, 10), words, Query(sql, "table"), Field(), columns)


def temperature() -> Panel:
    """Temperature and precipitation beside the air."""
    temperature, rain = Text("temperature", "temperatur"), Text("precipitation", "nedbør")
    words = Words(
        Text("Temperature and precipitation", "Temperatur og nedbør"),
        asks(
            Text(
                "Does the weather explain the air? Cold calm days keep dust and exhaust down; rain washes them out.",
                "Forklarer været luften? Kalde, stille dager holder støv og eksos nede; regn vasker det ut.",
            ),
            source=Text("hourly rollups of weather stations", "timeverdier fra værstasjoner"),
        ),
    )
    queries = [measured("air_temperature", str(temperature)), measured("precipitation", str(rain), ref="B")]
    columns = [
        Column(str(temperature), temperature, colour=LINE),
        Column(str(rain), rain, unit="mm", colour="#5fb7a8", bars=True),
    ]
    return timeseries(At(11, 12, 7), words, queries, Field(unit="°C", decimals=1), columns)


def wind() -> Panel:
    """Wind beside the air."""
    speed = Text("wind speed", "vindhastighet")
    words = Words(
        Text("Wind", "Vind"),
        asks(
            Text("Is it calm, so that pollution stays?", "Er det stille, så forurensning blir liggende?"),
            source=Text("hourly rollups of weather stations", "timeverdier fra værstasjoner"),
        ),
    )
    columns = [Column(str(speed), speed, colour=LINE)]
    return timeseries(
        At(12, 12, 7), words, [measured("wind_speed", str(speed))], Field(unit="m/s", decimals=1, low=0), columns
    )


def sites_table() -> Panel:
    """Every site with its newest values."""
    newest = "\n".join(
        f"LEFT JOIN LATERAL ({newest_of(kpi, 'PT1H', '4 hours')}) {name} ON true"
        for name, kpi in (
            ("c", "air.eaqi"),
            ("p", "air.pm10.mean"),
            ("f", "air.pm25.mean"),
            ("n", "air.no2.mean"),
            ("o", "air.o3.mean"),
        )
    )
    sql = f"""
SELECT t.site, s.name, s.kind, s.class AS instruments, c.value AS class, c.partial, p.value AS pm10, f.value AS pm25,
       n.value AS no2, o.value AS o3, coalesce(c.start, p.start) AS hour, t.city
FROM {chosen_sites()} t
JOIN board_site s ON s.city = t.city AND s.site = t.site
{newest}
ORDER BY c.value DESC NULLS LAST, s.name
LIMIT 100
"""
    words = Words(
        Text("Sites and their last hour", "Målesteder og deres siste time"),
        asks(
            Text("What does each site say?", "Hva sier hvert målested?"),
            "air.eaqi",
            "air.pm10.mean",
            "air.pm25.mean",
            "air.no2.mean",
            "air.o3.mean",
        ),
    )
    columns = [
        Column("name", Text("Site", "Målested"), link=links.site()),
        Column("kind", Text("Kind", "Type"), width=110),
        Column("instruments", Text("Instruments", "Instrumenter"), width=120),
        Column("class", Text("Class", "Klasse"), names=classes(), steps=class_steps(), colour="cell", width=130),
        Column("partial", Text("Partial", "Delvis"), names=_YES, width=80),
        Column("pm10", same("PM10"), unit=UGM3, decimals=0),
        Column("pm25", Text("PM2.5", "PM2,5"), unit=UGM3, decimals=0),
        Column("no2", same("NO2"), unit=UGM3, decimals=0),
        Column("o3", Text("Ozone", "Ozon"), unit=UGM3, decimals=0),
        Column("hour", Text("Hour", "Time")),
        Column("site", hidden=True),
        Column("city", hidden=True),
    ]
    return table(At(13, 24, 10), words, Query(sql, "table"), Field(), columns)
