"""The traffic board: volume against normal, profiles, travel time, speeds, the busiest streets."""

from __future__ import annotations

from dashboards.builder import Panel, bars, geomap, stat, table, timeseries
from dashboards.look import LINE, NEUTRAL, asks, own
from dashboards.panels import links
from dashboards.panels.choices import CITY, SITES
from dashboards.panels.common import MOST, chosen_sites, city_newest, lines, newest_of
from dashboards.panels.sql import TO
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text

_INDEX = own("travel_time_index")
_HOUR = "4 hours"
_DAY = "60 hours"


def against_normal() -> Panel:
    """The last whole day."""
    words = Words(
        Text("Against normal, last whole day", "Mot normalen, siste hele døgn"),
        asks(
            Text(
                "Was there more traffic than normal for the weekday?", "Var det mer trafikk enn normalt for ukedagen?"
            ),
            "traffic.volume.against_normal",
        ),
    )
    shown = Field(
        unit="percent", decimals=0, low=-100, high=100, steps=own("against_normal_percent"), link=links.evidence()
    )
    return stat(At(1, 6, 5), words, [city_newest("traffic.volume.against_normal", "P1D", _DAY)], shown)


def index_now() -> Panel:
    """How freely it flows."""
    words = Words(
        Text("Travel time index, last hour", "Reisetidsindeks, siste time"),
        asks(
            Text(
                "How much longer does a trip take than on an empty road (1 = no longer)?",
                "Hvor mye lenger tar en tur enn på tom vei (1 = ikke lenger)?",
            ),
            "traffic.travel_time_index",
        ),
    )
    shown = Field(decimals=2, low=1, high=3, steps=_INDEX, link=links.evidence())
    return stat(At(2, 6, 5), words, [city_newest("traffic.travel_time_index", "PT1H", _HOUR)], shown)


def volume_now() -> Panel:
    """Vehicles of the last hour."""
    words = Words(
        Text("Vehicles, last hour", "Kjøretøy, siste time"),
        asks(Text("How much traffic is there now?", "Hvor mye trafikk er det nå?"), "traffic.volume"),
    )
    shown = Field(decimals=0, low=0, link=links.evidence())
    return stat(At(3, 6, 5), words, [city_newest("traffic.volume", "PT1H", _HOUR)], shown)


def counters() -> Panel:
    """Counters that speak."""
    sql = f"""
SELECT 100.0 * count(*) FILTER (WHERE d.silent_from >= {TO}) / nullif(count(*), 0) AS value,
       count(*) FILTER (WHERE d.silent_from >= {TO}) AS live, count(*) AS watched
FROM board_datastream d
WHERE d.city = {CITY} AND d.site IN ({SITES}) AND d.watched AND d.property = 'vehicle_count'
"""
    words = Words(
        Text("Counters that speak", "Tellere som melder"),
        asks(
            Text("Can the numbers be trusted now?", "Kan tallene stoles på nå?"),
            source=Text("silent: three times its usual spacing", "taus: tre ganger vanlig avstand"),
        ),
    )
    steps = own("speaking_percent", rising=True)
    shown = Field(
        unit="percent", decimals=0, low=0, high=100, steps=steps, link=links.board("fleet", Text("Devices", "Enheter"))
    )
    return stat(At(4, 6, 5), words, [Query(sql, "table")], shown)


def volume() -> Panel:
    """Counted against the mean of the same hour in the four weeks before."""
    counted, normal = Text("counted", "talt"), Text("normal for the hour", "normalt for timen")
    of = f"k.city = {CITY} AND k.kpi = 'traffic.volume' AND k.scope_kind = 'city' AND k.scope = {CITY}"
    of += " AND k.period = 'PT1H'"
    now = f"""
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), '{counted}' AS metric,
       avg(k.value) FILTER (WHERE k.quality = 'ok') AS value
FROM board_kpi k WHERE {of} AND $__timeFilter(k.start)
GROUP BY 1, 2 ORDER BY 1
"""
    before = f"""
SELECT $__timeGroupAlias(n.start, $__interval, NULL), '{normal}' AS metric, avg(n.value) AS value
FROM (
    SELECT k.middle + w.n * interval '7 days' AS start, avg(k.value) AS value
    FROM generate_series(1, 4) w (n)
    JOIN board_kpi k ON {of} AND k.quality = 'ok'
     AND k.start >= $__timeFrom()::timestamptz - w.n * interval '7 days' AND k.start <= {TO} - w.n * interval '7 days'
    GROUP BY 1 HAVING count(*) >= 3
) n
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Vehicles an hour against normal", "Kjøretøy i timen mot normalen"),
        asks(
            Text(
                "When is there more traffic than usual? Normal: the same hour, four weeks before.",
                "Når er det mer trafikk enn vanlig? Normalt: samme time de fire ukene før.",
            ),
            "traffic.volume",
        ),
    )
    columns = [Column(str(counted), counted, colour=LINE), Column(str(normal), normal, colour=NEUTRAL, dashed=True)]
    return timeseries(At(5, 24, 8), words, [Query(now), Query(before, ref="B")], Field(decimals=0, low=0), columns)


def days_against_normal() -> Panel:
    """Day by day."""
    name = Text("against normal", "mot normalen")
    sql = f"""
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), '{name}' AS metric, avg(k.value) AS value
FROM board_kpi k
WHERE k.city = {CITY} AND k.kpi = 'traffic.volume.against_normal' AND k.scope_kind = 'city' AND k.scope = {CITY}
  AND k.period = 'P1D' AND k.quality = 'ok' AND $__timeFilter(k.start)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Days against normal", "Døgn mot normalen"),
        asks(
            Text("Which days were unusual?", "Hvilke døgn var uvanlige?"),
            "traffic.volume.against_normal",
        ),
    )
    shown = Field(unit="percent", decimals=0, bars=True)
    return timeseries(At(6, 12, 8), words, [Query(sql)], shown, [Column(str(name), name, colour=LINE)], interval="1d")


def index_lines() -> Panel:
    """The slowest streets."""
    words = Words(
        Text("Travel time index, slowest sites", "Reisetidsindeks, tregeste steder"),
        asks(Text("Where and when does traffic queue?", "Hvor og når er det kø?"), "traffic.travel_time_index"),
    )
    shown = Field(decimals=2, low=1, steps=_INDEX, banded=True)
    return timeseries(At(7, 12, 8), words, [lines("traffic.travel_time_index")], shown)


def speeds() -> Panel:
    """Mean speeds."""
    sql = f"""
WITH shown AS (
    SELECT d.datastream, d.site_name FROM board_datastream d
    WHERE d.city = {CITY} AND d.site IN ({SITES}) AND d.property = 'vehicle_speed_mean'
    ORDER BY d.site_name, d.datastream LIMIT {MOST}
)
SELECT $__timeGroupAlias(h.time, $__interval, NULL), s.site_name AS metric, avg(h.value) AS value
FROM shown s JOIN board_hour h ON h.datastream = s.datastream AND $__timeFilter(h.time)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Mean speed", "Snittfart"),
        asks(
            Text("How fast does traffic move?", "Hvor fort går trafikken?"),
            source=Text("hourly rollups of vehicle_speed_mean", "timeverdier av vehicle_speed_mean"),
        ),
    )
    return timeseries(At(8, 24, 8), words, [Query(sql)], Field(unit="km/h", decimals=0, low=0))


def _profile(at: At, kpi: str, title: Text, question: Text) -> Panel:
    """Twenty-four bars: the newest month's usual day."""
    sql = f"""
SELECT lpad((e.hour - 1)::text, 2, '0') AS hour, e.value::double precision AS value
FROM (
    SELECT k.detail FROM board_kpi k
    WHERE k.city = {CITY} AND k.kpi = '{kpi}' AND k.scope_kind = 'city' AND k.scope = {CITY} AND k.period = 'P1M'
      AND k.start > {TO} - interval '70 days' AND k.start <= {TO} AND k.detail ? 'hours'
    ORDER BY k.start DESC LIMIT 1
) n CROSS JOIN LATERAL jsonb_array_elements_text(n.detail -> 'hours') WITH ORDINALITY AS e(value, hour)
ORDER BY e.hour
"""
    return bars(at, Words(title, asks(question, kpi)), Query(sql, "table"), Field(decimals=0, low=0), upright=True)


def weekday_profile() -> Panel:
    """A usual weekday."""
    return _profile(
        At(9, 12, 8),
        "traffic.volume.weekday_profile",
        Text("A usual weekday, by hour", "En vanlig hverdag, time for time"),
        Text("When are the rush hours this month?", "Når er rushtimene denne måneden?"),
    )


def weekend_profile() -> Panel:
    """A usual weekend day."""
    return _profile(
        At(10, 12, 8),
        "traffic.volume.weekend_profile",
        Text("A usual weekend day, by hour", "En vanlig helgedag, time for time"),
        Text("How does the weekend differ?", "Hvordan skiller helgen seg ut?"),
    )


def busiest() -> Panel:
    """The busiest streets yesterday."""
    sql = f"""
SELECT s.street AS street, sum(k.value) AS value
FROM {chosen_sites()} t JOIN board_site s ON s.city = t.city AND s.site = t.site
CROSS JOIN LATERAL ({newest_of("traffic.volume", "P1D", _DAY)}) k
GROUP BY s.street ORDER BY 2 DESC LIMIT 12
"""
    words = Words(
        Text("Busiest streets, last whole day", "Travleste gater, siste hele døgn"),
        asks(Text("Where is the traffic?", "Hvor er trafikken?"), "traffic.volume"),
    )
    return bars(At(11, 12, 10), words, Query(sql, "table"), Field(decimals=0, low=0))


def road_map() -> Panel:
    """Where it is slow now."""
    sql = f"""
SELECT s.city, s.site, s.name, s.kind, s.latitude, s.longitude, i.value AS index, v.value AS vehicles,
       'traffic.travel_time_index' AS kpi, 'site' AS scope_kind, s.site AS scope, 'PT1H' AS period, i.start
FROM {chosen_sites()} t JOIN board_site s ON s.city = t.city AND s.site = t.site
LEFT JOIN LATERAL ({newest_of("traffic.travel_time_index", "PT1H", _HOUR)}) i ON true
LEFT JOIN LATERAL ({newest_of("traffic.volume", "PT1H", _HOUR)}) v ON true
WHERE s.latitude IS NOT NULL
ORDER BY s.name
"""
    words = Words(
        Text("Travel time index on the map", "Reisetidsindeks på kartet"),
        asks(Text("Where is it slow now?", "Hvor går det tregt nå?"), "traffic.travel_time_index"),
    )
    columns = [
        Column("name", Text("Site", "Målested"), link=links.site()),
        Column("index", Text("Travel time index", "Reisetidsindeks"), decimals=2, steps=_INDEX, link=links.evidence()),
        Column("vehicles", Text("Vehicles, last hour", "Kjøretøy, siste time"), decimals=0),
        *(Column(name, hidden=True) for name in ("city", "site", "kpi", "scope_kind", "scope", "period", "start")),
    ]
    return geomap(At(12, 12, 10), words, Query(sql, "table"), Field(decimals=2, steps=_INDEX), columns, by="index")


def sites_table() -> Panel:
    """Every counting site."""
    sql = f"""
SELECT s.name, s.street, v.value AS vehicles, d.value AS day, n.value AS against, i.value AS index,
       (i.detail ->> 'speed')::double precision AS speed, s.free_flow_speed, v.start AS hour, s.site, s.city
FROM {chosen_sites()} t JOIN board_site s ON s.city = t.city AND s.site = t.site
LEFT JOIN LATERAL ({newest_of("traffic.volume", "PT1H", _HOUR)}) v ON true
LEFT JOIN LATERAL ({newest_of("traffic.volume", "P1D", _DAY)}) d ON true
LEFT JOIN LATERAL ({newest_of("traffic.volume.against_normal", "P1D", _DAY)}) n ON true
LEFT JOIN LATERAL ({newest_of("traffic.travel_time_index", "PT1H", _HOUR)}) i ON true
ORDER BY i.value DESC NULLS LAST, s.name LIMIT 100
"""
    words = Words(
        Text("Sites", "Målesteder"),
        asks(
            Text("What does each site count?", "Hva teller hvert sted?"),
            "traffic.volume",
            "traffic.volume.against_normal",
            "traffic.travel_time_index",
        ),
    )
    columns = [
        Column("name", Text("Site", "Målested"), link=links.site()),
        Column("street", Text("Street", "Gate")),
        Column("vehicles", Text("Vehicles, last hour", "Kjøretøy, siste time"), decimals=0),
        Column("day", Text("Vehicles, last whole day", "Kjøretøy, siste hele døgn"), decimals=0),
        Column("against", Text("Against normal", "Mot normalen"), unit="percent", decimals=0),
        Column(
            "index", Text("Travel time index", "Reisetidsindeks"), decimals=2, steps=_INDEX, colour="cell", width=140
        ),
        Column("speed", Text("Speed", "Fart"), unit="km/h", decimals=0),
        Column("free_flow_speed", Text("Free flow", "Fri flyt"), unit="km/h", decimals=0),
        Column("hour", Text("Hour", "Time")),
        Column("site", hidden=True),
        Column("city", hidden=True),
    ]
    return table(At(13, 24, 10), words, Query(sql, "table"), Field(), columns)
