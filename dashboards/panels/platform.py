"""The platform board: does Bypuls itself keep up? Over every city."""

from __future__ import annotations

from dashboards.builder import Panel, stat, table, timeseries
from dashboards.look import BAD, GOOD, LINE, NEUTRAL, WARN, asks, own
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


def audits() -> Panel:
    """What the newest audit of every city came to."""
    sql = f"""
SELECT c.name,
       CASE WHEN a.city IS NULL THEN 'never' WHEN a.differences > 0 THEN 'found' WHEN NOT a.complete THEN 'part'
            ELSE 'right' END AS outcome,
       extract(epoch FROM {TO} - a.finished_at) AS age, a.compared, a.not_compared, a.unreached,
       a.differences, a.repaired
FROM board_city c LEFT JOIN LATERAL (
    SELECT * FROM board_audit n WHERE n.city = c.city AND n.finished_at <= {TO} ORDER BY n.finished_at DESC LIMIT 1
) a ON true
ORDER BY a.differences DESC NULLS FIRST, a.finished_at, c.name LIMIT 100
"""
    words = Words(
        Text("Newest audit", "Nyeste revisjon"),
        asks(
            Text("Is what is stored what it rests on?", "Er det lagrede det det bygger på?"),
            source=Text("the nightly audit", "den nattlige revisjonen"),
        ),
    )
    outcomes = [
        ("right", Text("no differences", "ingen avvik"), GOOD),
        ("part", Text("none, but not all was reached", "ingen, men ikke alt ble nådd"), WARN),
        ("found", Text("differences", "avvik"), BAD),
        ("never", Text("no audit yet", "ingen revisjon ennå"), NEUTRAL),
    ]
    columns = [
        Column("name", Text("City", "By")),
        Column("outcome", Text("Found", "Funn"), names=outcomes, colour="cell"),
        Column("age", Text("Ended, ago", "Ferdig for"), unit="s", decimals=0),
        Column("compared", Text("Values compared", "Verdier sammenlignet"), decimals=0),
        Column("not_compared", Text("Left out", "Utelatt"), decimals=0),
        Column("unreached", Text("Days for the next night", "Dager til neste natt"), decimals=0),
        Column("differences", Text("Differences", "Avvik"), decimals=0),
        Column("repaired", Text("Put right", "Rettet"), decimals=0),
    ]
    return table(At(11, 24, 6), words, Query(sql, "table"), Field(), columns)


def kept() -> Panel:
    """What each city keeps for how long, what was announced to go, and what is gone."""
    sql = f"""
SELECT c.name, k.kind, k.days * 86400 AS kept, k.announced, extract(epoch FROM k.goes_at - {TO}) AS goes_in, k.dropped,
       k.rows, extract(epoch FROM {TO} - k.dropped_before) AS reaches, k.hindrance
FROM board_retention k JOIN board_city c ON c.city = k.city ORDER BY c.name, k.place LIMIT 100
"""
    words = Words(
        Text("Kept and dropped", "Bevart og slettet"),
        asks(
            Text(
                "What goes, and what is gone? Without a number it is kept for ever; hours and indicators always are.",
                "Hva slettes, og hva er slettet? Uten tall bevares det for alltid; timer og indikatorer alltid.",
            ),
            source=Text("the cities' files and `bypuls retention`", "byenes filer og `bypuls retention`"),
        ),
    )
    kinds = [
        ("observations", Text("observations", "observasjoner"), None),
        ("five_minutes", Text("five minutes", "fem minutter"), None),
        ("refused", Text("refused messages", "avviste meldinger"), None),
    ]
    columns = [
        Column("name", Text("City", "By")),
        Column("kind", Text("What", "Hva"), names=kinds),
        Column("kept", Text("Kept for", "Bevares i"), unit="s", decimals=0),
        Column("announced", Text("Parts announced", "Deler varslet"), decimals=0),
        Column("goes_in", Text("The first goes in", "Den første slettes om"), unit="s", decimals=0),
        Column("dropped", Text("Parts dropped", "Deler slettet"), decimals=0),
        Column("rows", Text("Rows dropped", "Rader slettet"), decimals=0),
        Column("reaches", Text("What is there goes back", "Det som finnes, går tilbake"), unit="s", decimals=0),
        Column("hindrance", Text("Why not yet", "Hvorfor ikke ennå")),
    ]
    return table(At(12, 24, 6), words, Query(sql, "table"), Field(), columns)
