"""City now below its tiles: the map, what needs a hand, the last 48 hours, and the pipeline's pulse."""

from __future__ import annotations

from dashboards.builder import Panel, geomap, stat, table, timeseries
from dashboards.look import (
    BAD,
    COMING_LAW,
    LIMIT,
    UGM3,
    UNITS,
    WARN,
    asks,
    bands,
    class_steps,
    classes,
    limit,
    own,
)
from dashboards.panels import links
from dashboards.panels.common import refused_messages
from dashboards.panels.sql import CITY, TO, newest
from dashboards.parts import ADDRESS, At, Column, Field, Query, Words
from dashboards.text import Text, same

_KINDS_NB = {
    "traffic": "trafikk",
    "background": "bakgrunn",
    "industrial": "industri",
    "road": "vei",
    "building": "bygg",
    "household": "husholdning",
    "weather": "vær",
}
KINDS = [(kind, Text(kind, nb), None) for kind, nb in _KINDS_NB.items()]
PROBLEMS = [
    ("all_silent", Text("every device is silent: does ingest run?", "alle enheter er tause: kjører mottaket?"), BAD),
    ("silent", Text("silent", "taus"), BAD),
    ("late", Text("late", "forsinket"), WARN),
    ("refused", Text("messages refused", "meldinger avvist"), BAD),
    ("pending", Text("unknown device: activate or remove", "ukjent enhet: aktiver eller fjern"), WARN),
    ("air", Text("air is poor or worse", "luften er dårlig eller verre"), BAD),
    ("behind", Text("rollups are behind", "beregningen henger etter"), WARN),
]
SILENT = [("true", Text("silent", "taus"), BAD), ("false", Text("live", "levende"), None)]
_SOURCE = Text("registry and rollups", "register og timeverdier")


def city_map() -> Panel:
    """Every site by class; households stay off the map."""
    sql = f"""
SELECT t.city, t.site, t.name, t.kind, t.latitude, t.longitude, a.value::integer AS class, a.band,
       coalesce(s.silent, true) AS silent, v.value, v.unit, s.newest,
       v.kpi, 'site' AS scope_kind, t.site AS scope, v.period, v.start
FROM board_site t
LEFT JOIN LATERAL (
    SELECT max(d.last_end) AS newest, max(d.silent_from) < {TO} AS silent
    FROM board_datastream d WHERE d.city = t.city AND d.site = t.site AND d.watched AND NOT d.diagnostic
) s ON true
LEFT JOIN LATERAL (
    {newest("air.eaqi", "PT1H", "4 hours", of="t.city", site="t.site")}
) a ON true
LEFT JOIN LATERAL (
    SELECT n.* FROM (VALUES (1, 'air.pm10.mean', 'PT1H', interval '4 hours'), (2, 'traffic.volume', 'PT1H', '4 hours'),
                            (3, 'noise.laeq', 'PT1H', '4 hours'),
                            (4, 'energy.electricity.consumption', 'P1D', '60 hours'),
                            (5, 'weather.temperature.mean', 'P1D', '36 hours')
    ) w (rank, kpi, period, fresh)
    CROSS JOIN LATERAL (
        SELECT k.kpi, k.period, k.start, k.value, k.unit FROM board_kpi k
        WHERE k.city = t.city AND k.kpi = w.kpi AND k.scope_kind = 'site' AND k.scope = t.site AND k.period = w.period
          AND k.start > {TO} - w.fresh AND k.start <= {TO} AND k.quality = 'ok' ORDER BY k.start DESC LIMIT 1
    ) n ORDER BY w.rank LIMIT 1
) v ON true
WHERE t.city = {CITY} AND t.kind <> 'household' AND t.latitude IS NOT NULL
ORDER BY t.name
"""
    words = Words(
        Text("Sites", "Målesteder"),
        asks(
            Text(
                "Where is it good, where not, and which sites are silent?",
                "Hvor er det bra, hvor ikke, og hvilke steder er tause?",
            ),
            "air.eaqi",
        ),
    )
    columns = [
        Column("name", Text("Site", "Målested"), link=links.site()),
        Column("kind", Text("Kind", "Type"), names=KINDS),
        Column("class", Text("Air", "Luft"), names=classes(), steps=class_steps()),
        Column("silent", Text("State", "Tilstand"), names=SILENT),
        Column("value", Text("Value", "Verdi"), decimals=0, link=links.evidence()),
        Column("unit", Text("Unit", "Enhet"), names=UNITS),
        Column("newest", Text("Newest", "Nyeste"), unit="dateTimeFromNow"),
        Column("latitude", unit="none", decimals=5),
        Column("longitude", unit="none", decimals=5),
        *(
            Column(name, hidden=True)
            for name in ("city", "site", "kpi", "scope_kind", "scope", "period", "start", "band")
        ),
    ]
    return geomap(
        At(5, 14, 12), words, Query(sql, "table"), Field(decimals=0, steps=class_steps()), columns, by="class"
    )


def needs_a_hand() -> Panel:
    """What somebody should look at, the most urgent first; each line leads to where it is mended."""
    sql = f"""
WITH devices AS (
    SELECT d.kind, d.site, d.device, count(*) FILTER (WHERE d.late_from < {TO}) AS series,
           min(d.property_name) FILTER (WHERE d.late_from < {TO}) AS property,
           min(d.silent_from) < {TO} AS silent, bool_and(d.silent_from < {TO}) AS gone, max(d.last_end) AS newest,
           min(d.last_end) FILTER (WHERE d.late_from < {TO}) AS since,
           min(d.last_end + d.spacing_seconds * interval '1 second') FILTER (WHERE d.late_from < {TO}) AS due
    FROM board_datastream d WHERE d.city = {CITY} AND d.watched
    GROUP BY d.kind, d.site, d.device
), everything AS (
    SELECT count(*) > 1 AND bool_and(gone) AS gone, count(*) AS devices, max(newest) AS since FROM devices
)
SELECT h.severity, h.what, h.kind, h.count, h.property, h.minutes, h.site, h.device, h.since, h.link
FROM (
    SELECT 3 AS severity, 'all_silent' AS what, NULL AS kind, e.devices AS count, NULL AS property,
           round(extract(epoch FROM {TO} - e.since) / 60) AS minutes, NULL AS site, NULL AS device, e.since,
           '/board/fleet' AS link
    FROM everything e WHERE e.gone
    UNION ALL
    SELECT CASE WHEN d.silent THEN 3 ELSE 1 END, CASE WHEN d.silent THEN 'silent' ELSE 'late' END,
           d.kind, d.series, CASE WHEN d.series = 1 THEN d.property END,
           round(extract(epoch FROM {TO} - CASE WHEN d.silent THEN d.since ELSE d.due END) / 60),
           d.site, d.device, d.since, '/site/' || d.site
    FROM devices d WHERE d.series > 0 AND NOT (SELECT e.gone FROM everything e)
    UNION ALL
    SELECT 2, 'refused', NULL, sum(q.occurrences), q.reason,
           round(extract(epoch FROM {TO} - max(q.last_received_at)) / 60), NULL,
           CASE WHEN count(DISTINCT q.device) = 1 THEN min(q.device) END, min(q.received_at),
           '/quarantine?reason=' || q.reason
    FROM board_quarantine q
    WHERE q.city = {CITY} AND q.last_received_at > {TO} - interval '24 hours'
      AND q.last_received_at <= {TO} AND q.replayed_at IS NULL
    GROUP BY q.reason
    UNION ALL
    SELECT 2, 'pending', NULL, count(*), NULL, round(extract(epoch FROM {TO} - min(v.first_seen)) / 60), NULL,
           CASE WHEN count(*) = 1 THEN min(v.device) END, min(v.first_seen), '/devices?status=pending'
    FROM board_device v WHERE v.city = {CITY} AND v.status = 'pending' HAVING count(*) > 0
    UNION ALL
    SELECT 3, 'air', t.kind, 1, a.band, round(extract(epoch FROM {TO} - a.start) / 60), t.site, NULL, a.start,
           '/site/' || t.site
    FROM board_site t CROSS JOIN LATERAL (
        {newest("air.eaqi", "PT1H", "4 hours", of="t.city", site="t.site")}
    ) a WHERE t.city = {CITY} AND a.value >= 4
    UNION ALL
    SELECT 3, 'behind', NULL, q.waiting, q.queue, round(extract(epoch FROM {TO} - q.since) / 60), NULL, NULL, q.since,
           '/board/platform'
    FROM board_queue q WHERE q.since < {TO} - interval '10 minutes'
) h
ORDER BY h.what = 'all_silent' DESC, h.severity DESC, h.since DESC
LIMIT 50
"""
    words = Words(
        Text("Needs a hand", "Trenger en hånd"),
        asks(
            Text("What should somebody look at, and where is it mended?", "Hva bør noen se på, og hvor rettes det?"),
            source=Text(
                "silent: three times its usual spacing after its newest interval ended; late: one and a half times",
                "taus: tre ganger vanlig avstand etter at siste intervall tok slutt; forsinket: halvannen",
            ),
        ),
    )
    go = Text("Go there", "Gå dit"), f"{ADDRESS}${{__data.fields.link}}?{links.KEEP}"
    severity = [
        ("3", Text("now", "nå"), BAD),
        ("2", Text("today", "i dag"), WARN),
        ("1", Text("watch", "følg med"), "#a6dcef"),
    ]
    columns = [
        Column("severity", Text("When", "Når"), width=70, colour="cell", names=severity),
        Column("what", Text("What", "Hva"), names=PROBLEMS, link=go),
        Column("kind", Text("Kind", "Type"), width=100, names=KINDS),
        Column("count", Text("How many", "Antall"), width=80, decimals=0),
        Column("property", Text("Of what", "Av hva")),
        Column("minutes", Text("For", "I"), unit="m", width=90, decimals=0),
        Column("site", Text("Site", "Målested")),
        Column("device", Text("Device", "Enhet")),
        Column("since", Text("Since", "Siden"), hidden=True),
        Column("link", hidden=True),
    ]
    shown = Field(no_value=Text("nothing needs a hand", "ingenting trenger en hånd"))
    return table(At(6, 10, 12), words, Query(sql, "table"), shown, columns)


def last_48_hours() -> Panel:
    """PM10 of the worst sites with the classes behind it and the day's limits as lines."""
    coming = limit(COMING_LAW, "PM10", "24h").value
    sites = f"""
WITH top AS (
    SELECT t.city, t.site, t.name FROM board_site t CROSS JOIN LATERAL (
        SELECT avg(k.value) AS mean FROM board_kpi k
        WHERE k.city = t.city AND k.kpi = 'air.pm10.mean' AND k.scope_kind = 'site' AND k.scope = t.site
          AND k.period = 'PT1H' AND k.quality = 'ok' AND k.start > {TO} - interval '48 hours' AND k.start <= {TO}
    ) m
    WHERE t.city = {CITY} AND m.mean IS NOT NULL ORDER BY m.mean DESC, t.site LIMIT 6
)
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), t.name AS metric,
       avg(k.value) FILTER (WHERE k.quality = 'ok') AS value
FROM top t
JOIN board_kpi k ON k.city = t.city AND k.kpi = 'air.pm10.mean' AND k.scope_kind = 'site' AND k.scope = t.site
 AND k.period = 'PT1H' AND $__timeFilter(k.start)
GROUP BY 1, 2 ORDER BY 1
"""
    lines = f"""
SELECT e.time, l.metric, l.value
FROM (SELECT bypuls_board_city() AS city OFFSET 0) c
CROSS JOIN LATERAL (
    (SELECT 'day limit, national' AS metric, (k.detail ->> 'limit')::double precision AS value FROM board_kpi k
     WHERE k.city = c.city AND k.kpi = 'air.pm10.exceedance_days.national' AND k.scope_kind = 'city'
       AND k.scope = c.city AND k.period = 'P1Y' AND k.start > {TO} - interval '1 year' AND k.start <= {TO}
       AND k.detail ? 'limit'
     ORDER BY k.start DESC LIMIT 1)
    UNION ALL SELECT 'day limit, EU 2030', {coming:g}
) l
CROSS JOIN (VALUES ($__timeFrom()::timestamptz), ({TO})) AS e(time)
ORDER BY 1
"""
    words = Words(
        Text("PM10, last 48 hours", "PM10, siste 48 timer"),
        asks(
            Text(
                "Where is PM10 heading? Bands: classes of an hour. Lines: limits for a day's mean.",
                "Hvor er PM10 på vei? Bånd: klasser for en time. Linjer: grenser for døgnmiddel.",
            ),
            "air.pm10.mean",
            source=same("Directive (EU) 2024/2881, Annex I"),
        ),
    )
    shown = Field(
        unit=UGM3,
        decimals=0,
        low=0,
        steps=bands("PM10"),
        banded=True,
        link=links.board_of_city("air", Text("Air board", "Lufttavlen")),
    )
    columns = [
        Column("day limit, national", Text("day limit, national", "døgngrense, nasjonal"), colour=BAD, dashed=True),
        Column("day limit, EU 2030", Text("day limit, EU 2030", "døgngrense, EU 2030"), colour=LIMIT, dashed=True),
    ]
    return timeseries(At(7, 24, 8), words, [Query(sites), Query(lines, ref="B")], shown, columns)


def newest_age() -> Panel:
    """How old the newest observation is."""
    sql = f"""
SELECT greatest(0, extract(epoch FROM {TO} - max(d.last_end))) AS value, max(d.last_end) AS newest
FROM board_datastream d WHERE d.city = {CITY}
"""
    words = Words(
        Text("Newest observation, age", "Nyeste observasjon, alder"),
        asks(Text("Is what is shown live?", "Er det som vises levende?"), source=_SOURCE),
    )
    shown = Field(unit="s", decimals=0, low=0, steps=own("newest_observation_seconds"))
    return stat(At(8, 6, 3), words, [Query(sql, "table")], shown)


def per_minute() -> Panel:
    """Values a minute over the last hour."""
    sql = f"""
SELECT round(sum(f.readings) / 60.0, 1) AS value
FROM board_five_minutes f
WHERE f.city = {CITY} AND f.time > {TO} - interval '65 minutes' AND f.time <= {TO} - interval '5 minutes'
"""
    words = Words(
        Text("Values a minute", "Verdier i minuttet"),
        asks(
            Text("How much comes in, as a mean of the last hour?", "Hvor mye kommer inn, som snitt av siste time?"),
            source=_SOURCE,
        ),
    )
    return stat(At(9, 6, 3), words, [Query(sql, "table")], Field(decimals=0, low=0))


def refused() -> Panel:
    """Messages refused within a day."""
    words = Words(
        Text("Messages refused, last 24 hours", "Avviste meldinger, siste døgn"),
        asks(
            Text("How many messages could not be read?", "Hvor mange meldinger kunne ikke leses?"),
            source=Text("quarantine", "karantenen"),
        ),
    )
    return refused_messages(At(10, 6, 3), words, f"q.city = {CITY} AND")


def rollup_lag() -> Panel:
    """How long the oldest changed bucket waits."""
    sql = f"""
SELECT coalesce(greatest(0, extract(epoch FROM {TO} - q.since)), 0) AS value
FROM board_queue q WHERE q.queue = 'rollups'
"""
    words = Words(
        Text("Rollups behind", "Timeverdier etter"),
        asks(
            Text(
                "How long does what came in wait to be worked out?",
                "Hvor lenge venter det som kom inn på å bli regnet?",
            ),
            source=Text("queue of changed buckets", "køen av endrede intervaller"),
        ),
    )
    shown = Field(unit="s", decimals=0, low=0, steps=own("queue_seconds"))
    return stat(At(11, 6, 3), words, [Query(sql, "table")], shown)
