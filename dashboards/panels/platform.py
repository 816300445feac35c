"""The platform board: does Bypuls itself keep up? Over every city."""

from __future__ import annotations

from dashboards.builder import Panel, stat, table, timeseries
from dashboards.look import BAD, LINE, asks, own
from dashboards.panels import links
from dashboards.panels.common import refused_messages
from dashboards.panels.sql import TO
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text

_ROLLUPS = Text("hourly rollups, values of any flag", "timeverdier, uansett flagg")
_QUEUES = Text("work queues", "arbeidskøene")


def newest() -> Panel:
    """The age of the newest observation anywhere."""
    sql = f"""
SELECT greatest(0, extract(epoch FROM {TO} - max(d.last_end))) AS value FROM board_datastream d
"""
    words = Words(
        Text("Newest observation, age", "Nyeste observasjon, alder"),
        asks(Text("Does anything come in?", "Kommer det noe inn?"), source=Text("registry", "registeret")),
    )
    shown = Field(unit="s", decimals=0, low=0, steps=own("newest_observation_seconds"))
    return stat(At(1, 6, 4), words, [Query(sql, "table")], shown)


def _lag(at: At, queue: str, title: Text, question: Text) -> Panel:
    sql = f"""
SELECT coalesce(greatest(0, extract(epoch FROM {TO} - q.since)), 0) AS value, q.waiting
FROM board_queue q WHERE q.queue = '{queue}'
"""
    shown = Field(unit="s", decimals=0, low=0, steps=own("queue_seconds"))
    return stat(at, Words(title, asks(question, source=_QUEUES)), [Query(sql, "table")], shown)


def rollup_lag() -> Panel:
    """Rollups behind."""
    return _lag(
        At(2, 6, 4),
        "rollups",
        Text("Rollups behind", "Timeverdier etter"),
        Text("How long does the oldest changed bucket wait?", "Hvor lenge venter det eldste endrede intervallet?"),
    )


def kpi_lag() -> Panel:
    """Indicators behind."""
    return _lag(
        At(3, 6, 4),
        "kpis",
        Text("Indicators behind", "Indikatorer etter"),
        Text("How long is the oldest indicator overdue?", "Hvor lenge er den eldste indikatoren på overtid?"),
    )


def refused() -> Panel:
    """Refused anywhere, of no known city too."""
    words = Words(
        Text("Messages refused, last 24 hours, all cities", "Avviste meldinger siste døgn, alle byer"),
        asks(
            Text("How much cannot be read, also of no known city?", "Hvor mye kan ikke leses, også uten kjent by?"),
            source=Text("quarantine", "karantenen"),
        ),
    )
    return refused_messages(At(4, 6, 4), words)


def values_a_minute() -> Panel:
    """What comes in, over time."""
    sql = f"""
SELECT $__timeGroupAlias(h.time, $__interval, NULL), h.city AS metric, avg(h.readings) / 60.0 AS value
FROM (
    SELECT h.time, h.city, sum(h.readings) AS readings FROM board_hour h
    WHERE $__timeFilter(h.time) AND h.time <= {TO} - interval '1 hour'
    GROUP BY h.time, h.city
) h
WHERE h.city IN (SELECT s.city FROM board_datastream s GROUP BY s.city ORDER BY count(*) DESC, s.city LIMIT 8)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Values a minute, by city", "Verdier i minuttet, etter by"),
        asks(
            Text("Is the stream steady? The eight largest cities.", "Er strømmen jevn? De åtte største byene."),
            source=_ROLLUPS,
        ),
    )
    return timeseries(At(5, 12, 8), words, [Query(sql)], Field(decimals=1, low=0))


def complete() -> Panel:
    """Of what was expected, how much came."""
    came, flagged = Text("came", "kom"), Text("flagged suspect or fail", "flagget mistenkelig eller feil")
    sql = f"""
SELECT $__timeGroupAlias(n.time, $__interval, NULL), w.metric, avg(w.share) AS value
FROM (
    SELECT h.time, sum(h.expected) AS expected, sum(least(h.readings, h.expected)) AS came,
           sum(h.suspect + h.fail) AS flagged
    FROM board_hour h
    WHERE $__timeFilter(h.time) AND h.expected > 0 AND h.time <= {TO} - interval '1 hour'
    GROUP BY h.time
) n
CROSS JOIN LATERAL (VALUES ('{came}', 100.0 * n.came / n.expected), ('{flagged}', 100.0 * n.flagged / n.expected)
) AS w (metric, share)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Share of expected values", "Andel av ventede verdier"),
        asks(
            Text("Is data lost on the way, or doubtful?", "Går data tapt på veien, eller er de tvilsomme?"),
            source=_ROLLUPS,
        ),
    )
    columns = [Column(str(came), came, colour=LINE), Column(str(flagged), flagged, colour=BAD)]
    return timeseries(At(6, 12, 8), words, [Query(sql)], Field(unit="percent", decimals=1, low=0, high=100), columns)


def quarantine_rate() -> Panel:
    """Refused an hour."""
    sql = """
SELECT $__timeGroupAlias(q.last_received_at, $__interval), q.city AS metric, sum(q.occurrences) AS value
FROM board_quarantine q
WHERE $__timeFilter(q.last_received_at)
  AND q.city IN (SELECT n.city FROM board_quarantine n WHERE $__timeFilter(n.last_received_at)
                 GROUP BY n.city ORDER BY sum(n.occurrences) DESC, n.city LIMIT 8)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Messages refused, by city", "Avviste meldinger, etter by"),
        asks(
            Text(
                "Did a change break a sender? '-': no known city.", "Ødela en endring en avsender? '-': ingen kjent by."
            ),
            source=Text("quarantine", "karantenen"),
        ),
    )
    return timeseries(At(7, 12, 8), words, [Query(sql)], Field(decimals=0, low=0, bars=True))


def queues() -> Panel:
    """What waits."""
    sql = f"""
SELECT q.queue, q.waiting, greatest(0, extract(epoch FROM {TO} - q.since)) AS age FROM board_queue q ORDER BY q.queue
"""
    words = Words(
        Text("Queues", "Køer"),
        asks(
            Text("What waits, since when (100,000 means or more)?", "Hva venter, siden når (100 000 betyr eller mer)?"),
            source=_QUEUES,
        ),
    )
    names = [
        ("rollups", Text("rollups", "timeverdier"), None),
        ("kpis", Text("indicators", "indikatorer"), None),
        ("outbox", Text("messages to publish", "meldinger å sende"), None),
    ]
    columns = [
        Column("queue", Text("Queue", "Kø"), names=names),
        Column("waiting", Text("Waiting", "Venter"), decimals=0),
        Column("age", Text("Oldest", "Eldste"), unit="s", decimals=0, colour="cell", steps=own("queue_seconds")),
    ]
    return table(At(8, 12, 8), words, Query(sql, "table"), Field(), columns)


def cities() -> Panel:
    """Every city: newest, silent, simulated."""
    sql = f"""
SELECT c.name, extract(epoch FROM {TO} - s.newest) AS age, s.series, s.silent, c.simulated, c.time_zone, c.city
FROM board_city c LEFT JOIN (
    SELECT d.city, count(*) AS series, max(d.last_end) AS newest,
           count(*) FILTER (WHERE d.watched AND d.silent_from < {TO}) AS silent
    FROM board_datastream d GROUP BY d.city
) s ON s.city = c.city
ORDER BY s.series DESC NULLS LAST, c.name LIMIT 100
"""
    words = Words(
        Text("Cities", "Byer"),
        asks(Text("Which city has stopped?", "Hvilken by har stanset?"), source=Text("registry", "registeret")),
    )
    yes = [("true", Text("simulated", "simulert"), None), ("false", Text("measured", "målt"), None)]
    go = Text("Its devices", "Enhetene"), f"/d/fleet?{links.KEEP}&var-city=${{__data.fields.city}}"
    columns = [
        Column("name", Text("City", "By"), link=go),
        Column(
            "age",
            Text("Newest, age", "Nyeste, alder"),
            unit="s",
            decimals=0,
            colour="cell",
            steps=own("newest_observation_seconds"),
        ),
        Column("series", Text("Series", "Serier"), decimals=0),
        Column("silent", Text("Silent", "Tause"), decimals=0),
        Column("simulated", Text("Origin", "Opphav"), names=yes),
        Column("time_zone", Text("Time zone", "Tidssone")),
        Column("city", hidden=True),
    ]
    return table(At(9, 14, 8), words, Query(sql, "table"), Field(), columns)


def volume() -> Panel:
    """How large what grows is."""
    sql = "SELECT s.name, s.bytes, s.rows FROM board_table_size s ORDER BY s.bytes DESC"
    words = Words(
        Text("Data volume", "Datamengde"),
        asks(
            Text("How fast does the disk fill?", "Hvor fort fylles disken?"),
            source=Text("the database's own figures; rows are estimates", "databasens egne tall; rader er anslag"),
        ),
    )
    columns = [
        Column("name", Text("Table", "Tabell")),
        Column("bytes", Text("Size", "Størrelse"), unit="bytes", decimals=1),
        Column("rows", Text("Rows, about", "Rader, omtrent"), decimals=0),
    ]
    return table(At(10, 10, 8), words, Query(sql, "table"), Field(), columns)
