"""Noise on the energy-and-noise board: levels through time, Lden and Lnight per site against zones and guidelines."""

from __future__ import annotations

from dashboards.builder import Panel, bars, stat, table, timeseries
from dashboards.look import BAD, GOOD, LINE, WARN, asks, levels, limit, noise_zones, standards
from dashboards.panels import links
from dashboards.panels.common import BASES, chosen_sites, city_newest, limits, lines, newest_of
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text, same

_DAY = "60 hours"
_WHO = "who_2018_noise"


def _zones() -> Text:
    return same("; ").join_all(same(standards().scale("norway_t1442").source), same(standards().limits[_WHO].source))


def _zone_field(link: links.Link | None = None) -> Field:
    yellow, red = noise_zones()
    steps = levels((None, GOOD), (yellow, WARN), (red, BAD))
    return Field(unit="dB", decimals=0, low=30, high=90, steps=steps, link=link)


def _night_field(link: links.Link | None = None) -> Field:
    steps = levels((None, GOOD), (limit(_WHO, "road", "lnight").value, WARN))
    return Field(unit="dB", decimals=0, low=30, high=90, steps=steps, link=link)


def lden_now() -> Panel:
    """The loudest site."""
    words = Words(
        Text("Lden, last whole day, loudest site", "Lden, siste hele døgn, mest støyutsatte sted"),
        asks(
            Text("How loud is the city at its loudest?", "Hvor høyt er det der det er verst?"),
            "noise.lden",
            source=_zones(),
        ),
    )
    return stat(At(11, 12, 4), words, [city_newest("noise.lden", "P1D", _DAY)], _zone_field(links.evidence()))


def lnight_now() -> Panel:
    """The loudest night."""
    words = Words(
        Text("Lnight, last night, loudest site", "Lnight, siste natt, mest støyutsatte sted"),
        asks(Text("Can people sleep?", "Får folk sove?"), "noise.lnight", source=_zones()),
    )
    return stat(At(12, 12, 4), words, [city_newest("noise.lnight", "P1D", _DAY)], _night_field(links.evidence()))


def laeq() -> Panel:
    """Hourly levels."""
    yellow, red = noise_zones()
    lower, upper = Text("yellow zone (Lden)", "gul sone (Lden)"), Text("red zone (Lden)", "rød sone (Lden)")
    words = Words(
        Text("LAeq by the hour", "LAeq time for time"),
        asks(
            Text(
                "When is it loud, and where? Dashed: the zones of a year's Lden, for orientation.",
                "Når er det høyt støynivå, og hvor? Stiplet: sonene for et års Lden, til orientering.",
            ),
            "noise.laeq",
            source=_zones(),
        ),
    )
    columns = [Column(str(lower), lower, colour=WARN, dashed=True), Column(str(upper), upper, colour=BAD, dashed=True)]
    queries = [lines("noise.laeq"), limits((str(lower), yellow), (str(upper), red))]
    return timeseries(At(13, 12, 8), words, queries, Field(unit="dB", decimals=0, low=30, high=100), columns)


def lden_days() -> Panel:
    """Lden day by day."""
    guideline = Text("guideline, WHO", "retningslinje, WHO")
    words = Words(
        Text("Lden by the day", "Lden døgn for døgn"),
        asks(Text("Is it getting louder or calmer?", "Blir det mer eller mindre støy?"), "noise.lden", source=_zones()),
    )
    columns = [Column(str(guideline), guideline, colour=LINE, dashed=True)]
    queries = [lines("noise.lden", "P1D"), limits((str(guideline), limit(_WHO, "road", "lden").value))]
    return timeseries(
        At(14, 12, 8), words, queries, Field(unit="dB", decimals=0, low=30, high=100), columns, interval="1d"
    )


def _ranked(kpi: str) -> Query:
    sql = f"""
SELECT t.name AS site, k.value
FROM {chosen_sites()} t CROSS JOIN LATERAL ({newest_of(kpi, "P1D", _DAY)}) k
ORDER BY k.value DESC LIMIT 12
"""
    return Query(sql, "table")


def lden_sites() -> Panel:
    """Lden per site."""
    words = Words(
        Text("Lden per site, last whole day", "Lden per målested, siste hele døgn"),
        asks(
            Text("Which sites lie in a noise zone?", "Hvilke steder ligger i en støysone?"),
            "noise.lden",
            source=_zones(),
        ),
    )
    return bars(At(15, 12, 8), words, _ranked("noise.lden"), _zone_field())


def lnight_sites() -> Panel:
    """Lnight per site."""
    words = Words(
        Text("Lnight per site, last night", "Lnight per målested, siste natt"),
        asks(Text("Where are nights too loud?", "Hvor er nettene for høylytte?"), "noise.lnight", source=_zones()),
    )
    return bars(At(16, 12, 8), words, _ranked("noise.lnight"), _night_field())


_ZONES = [
    ("below", Text("below the zones", "utenfor sonene"), GOOD),
    ("yellow", Text("yellow zone", "gul sone"), WARN),
    ("red", Text("red zone", "rød sone"), BAD),
]


def sites_table() -> Panel:
    """Every site in numbers."""
    sql = f"""
SELECT t.name, h.value AS laeq, d.value AS lden, d.band AS zone, d.basis, (d.detail ->> 'day')::double precision AS day,
       (d.detail ->> 'evening')::double precision AS evening, (d.detail ->> 'night')::double precision AS night,
       t.site, t.city
FROM {chosen_sites()} t
LEFT JOIN LATERAL ({newest_of("noise.laeq", "PT1H", "4 hours")}) h ON true
LEFT JOIN LATERAL ({newest_of("noise.lden", "P1D", _DAY)}) d ON true
WHERE h.value IS NOT NULL OR d.value IS NOT NULL
ORDER BY d.value DESC NULLS LAST, t.name LIMIT 100
"""
    words = Words(
        Text("Noise sites", "Støymålesteder"),
        asks(
            Text("What does each site say, by part of the day?", "Hva sier hvert sted, etter del av døgnet?"),
            "noise.laeq",
            "noise.lden",
        ),
    )
    columns = [
        Column("name", Text("Site", "Målested"), link=links.site()),
        Column("laeq", Text("Last hour", "Siste time"), unit="dB", decimals=0),
        Column("lden", same("Lden"), unit="dB", decimals=0),
        Column("zone", Text("Zone", "Sone"), names=_ZONES, colour="cell"),
        Column("basis", Text("Zone's numbers", "Sonens tall"), names=BASES, colour="cell"),
        Column("day", Text("Daytime", "Dag"), unit="dB", decimals=0),
        Column("evening", Text("Evening", "Kveld"), unit="dB", decimals=0),
        Column("night", Text("Night", "Natt"), unit="dB", decimals=0),
        Column("site", hidden=True),
        Column("city", hidden=True),
    ]
    return table(At(17, 24, 8), words, Query(sql, "table"), Field(unit="none"), columns)
