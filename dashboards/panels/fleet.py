"""The fleet board: which sensors speak, which do not, and what was refused with how to mend it."""

from __future__ import annotations

from dashboards.builder import Panel, bars, stat, state_timeline, table, timeseries
from dashboards.look import BAD, GOOD, NEUTRAL, WARN, asks, own
from dashboards.panels import links
from dashboards.panels.choices import AREAS, CITY, SITES
from dashboards.panels.sql import TO
from dashboards.parts import ADDRESS, At, Column, Field, Query, Words
from dashboards.text import Text

_RULE = Text(
    "silent: three times its usual spacing after its newest interval ended, late: one and a half times",
    "taus: tre ganger vanlig avstand etter at siste intervall tok slutt, forsinket: halvannen",
)
_WATCHED = f"d.city = {CITY} AND d.site IN ({SITES}) AND d.watched"
_QUARANTINE = Text("quarantine, without the messages", "karantenen, uten meldingene")


def speaking() -> Panel:
    """The share that speaks."""
    sql = f"""
SELECT 100.0 * count(*) FILTER (WHERE d.silent_from >= {TO}) / nullif(count(*), 0) AS value, count(*) AS series
FROM board_datastream d WHERE {_WATCHED}
"""
    words = Words(
        Text("Sensors that speak", "Sensorer som melder"),
        asks(Text("Can what is shown be trusted?", "Kan det som vises stoles på?"), source=_RULE),
    )
    shown = Field(unit="percent", decimals=0, low=0, high=100, steps=own("speaking_percent", rising=True))
    return stat(At(1, 6, 4), words, [Query(sql, "table")], shown)


def silent() -> Panel:
    """How many devices are silent."""
    sql = f"""
SELECT count(DISTINCT d.device) AS value FROM board_datastream d WHERE {_WATCHED} AND d.silent_from < {TO}
"""
    words = Words(
        Text("Devices with something silent", "Enheter med noe taust"),
        asks(Text("How many need a visit?", "Hvor mange trenger et besøk?"), "sensors.silent", source=_RULE),
    )
    return stat(At(2, 6, 4), words, [Query(sql, "table")], Field(decimals=0, low=0, steps=own("silent_sensors")))


def pending() -> Panel:
    """Strangers."""
    sql = f"SELECT count(*) AS value FROM board_device d WHERE d.city = {CITY} AND d.status = 'pending'"
    words = Words(
        Text("Unknown devices", "Ukjente enheter"),
        asks(
            Text(
                "Who sends without being known? Activate or remove.",
                "Hvem sender uten å være kjent? Aktiver eller fjern.",
            ),
            source=Text("registry", "registeret"),
        ),
    )
    link = Text("Unknown devices", "Ukjente enheter"), f"{ADDRESS}/devices?status=pending&{links.KEEP}"
    return stat(
        At(3, 6, 4), words, [Query(sql, "table")], Field(decimals=0, low=0, steps=own("silent_sensors"), link=link)
    )


def refused() -> Panel:
    """Messages refused within a day."""
    sql = f"""
SELECT coalesce(sum(q.occurrences), 0) AS value FROM board_quarantine q
WHERE q.city = {CITY} AND q.last_received_at > {TO} - interval '24 hours' AND q.last_received_at <= {TO}
"""
    words = Words(
        Text("Messages refused, last 24 hours", "Avviste meldinger, siste døgn"),
        asks(
            Text("How many messages could not be read?", "Hvor mange meldinger kunne ikke leses?"), source=_QUARANTINE
        ),
    )
    return stat(At(4, 6, 4), words, [Query(sql, "table")], Field(decimals=0, low=0, steps=own("refused_messages")))


_STATES = [
    ("3", Text("silent", "taus"), BAD),
    ("2", Text("late", "forsinket"), WARN),
    ("1", Text("live", "levende"), GOOD),
    ("0", Text("not watched", "ikke overvåket"), NEUTRAL),
]


def last_seen() -> Panel:
    """Every device, the longest silent first."""
    sql = f"""
SELECT n.state, n.device, n.site_name, n.kind, n.status, n.age, n.spacing, n.series,
       coalesce(n.battery, b.value) AS battery, n.clock, n.site
FROM (
SELECT CASE WHEN d.status <> 'active' OR d.silent_from IS NULL THEN 0 WHEN d.silent_from < {TO} THEN 3
            WHEN d.late_from < {TO} THEN 2 ELSE 1 END AS state,
       d.device, d.site_name, d.kind, d.status, extract(epoch FROM {TO} - d.newest) AS age,
       d.spacing_seconds AS spacing, d.series, d.battery, d.clock_offset_seconds AS clock, d.site, d.device_id
FROM board_device d
WHERE d.city = {CITY} AND d.area IN ({AREAS}) AND (d.site IN ({SITES}) OR d.site IS NULL)
ORDER BY 1 DESC, age DESC NULLS LAST, d.device LIMIT 200
) n LEFT JOIN LATERAL (
    SELECT h.value FROM board_hour h
    WHERE h.datastream = (SELECT s.datastream FROM board_datastream s
                          WHERE s.city = {CITY} AND s.device_id = n.device_id AND s.property = 'battery_level' LIMIT 1)
      AND h.time > {TO} - interval '7 days' AND h.time <= {TO}
    ORDER BY h.time DESC LIMIT 1
) b ON true
ORDER BY 1 DESC, n.age DESC NULLS LAST, n.device
"""
    words = Words(
        Text("Devices, when last heard", "Enheter, når sist hørt"),
        asks(Text("Which device needs what?", "Hvilken enhet trenger hva?"), source=_RULE),
    )
    columns = [
        Column("state", Text("State", "Tilstand"), names=_STATES, colour="cell", width=110),
        Column("device", Text("Device", "Enhet")),
        Column("site_name", Text("Site", "Målested"), link=links.site()),
        Column("kind", Text("Kind", "Type"), width=110),
        Column("status", Text("Status", "Status"), width=90),
        Column("age", Text("Last value, age", "Siste verdi, alder"), unit="s", decimals=0),
        Column("spacing", Text("Usual spacing", "Vanlig avstand"), unit="s", decimals=0),
        Column("series", Text("Series", "Serier"), decimals=0, width=80),
        Column("battery", Text("Battery", "Batteri"), decimals=1, width=90),
        Column("clock", Text("Clock off by", "Klokkefeil"), unit="s", decimals=0, width=110),
        Column("site", hidden=True),
    ]
    return table(At(5, 24, 10), words, Query(sql, "table"), Field(), columns)


def heard() -> Panel:
    """Heard or not, by the hour: the twenty that were heard least."""
    sql = f"""
WITH hours AS (
    SELECT h.hour FROM generate_series(
        date_trunc('hour', $__timeFrom()::timestamptz - interval '1 microsecond') + interval '1 hour',
        {TO} - interval '75 minutes', interval '1 hour'
    ) AS h (hour)  -- whole hours, the last one over for a quarter: an hour's value comes after it
), watched AS (
    SELECT d.device, d.datastream FROM board_datastream d
    WHERE {_WATCHED} AND d.spacing_seconds <= 3600 AND NOT d.diagnostic
), counted AS (
    SELECT d.device, h.time AS hour, sum(h.readings) AS readings
    FROM watched d JOIN board_hour h ON h.datastream = d.datastream AND $__timeFilter(h.time)
    GROUP BY d.device, h.time
), shown AS (
    SELECT d.device FROM watched d
    LEFT JOIN (SELECT c.device, count(*) AS hours FROM counted c WHERE c.readings > 0 GROUP BY c.device) n
      ON n.device = d.device
    GROUP BY d.device, n.hours ORDER BY coalesce(n.hours, 0), d.device LIMIT 20
)
SELECT $__timeGroupAlias(h.hour, $__interval, NULL), s.device AS metric,
       min(CASE WHEN c.readings > 0 THEN 1 ELSE 0 END) AS value
FROM shown s CROSS JOIN hours h
LEFT JOIN counted c ON c.device = s.device AND c.hour = h.hour
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Heard by the hour, the worst twenty", "Hørt time for time, de tjue verste"),
        asks(
            Text("Since when, and does it come and go?", "Siden når, og kommer og går det?"),
            source=Text("hourly rollups, values of any flag", "timeverdier, uansett flagg"),
        ),
    )
    states = [("1", Text("heard", "hørt"), GOOD), ("0", Text("not heard", "ikke hørt"), BAD)]
    shown = Field(decimals=0, low=0, high=1, names=states)
    return state_timeline(At(6, 14, 10), words, [Query(sql)], shown)


def batteries() -> Panel:
    """The emptiest."""
    sql = f"""
SELECT d.device, h.value
FROM board_datastream d CROSS JOIN LATERAL (
    SELECT h.value FROM board_hour h
    WHERE h.datastream = d.datastream AND h.time > {TO} - interval '7 days' AND h.time <= {TO} AND h.value IS NOT NULL
    ORDER BY h.time DESC LIMIT 1
) h
WHERE d.city = {CITY} AND d.site IN ({SITES}) AND d.property = 'battery_level'
ORDER BY h.value, d.device LIMIT 12
"""
    words = Words(
        Text("Batteries, the emptiest", "Batterier, de tommeste"),
        asks(
            Text("Which batteries are to be changed on the next round?", "Hvilke batterier bør byttes på neste runde?"),
            source=Text("hourly rollups of battery_level", "timeverdier av battery_level"),
        ),
    )
    shown = Field(unit="percent", decimals=0, low=0, high=100, steps=own("battery_percent", rising=True))
    return bars(At(7, 10, 10), words, Query(sql, "table"), shown)


def refused_by_reason() -> Panel:
    """Refusals over time."""
    sql = f"""
SELECT $__timeGroupAlias(q.last_received_at, $__interval), q.reason AS metric, sum(q.occurrences) AS value
FROM board_quarantine q
WHERE q.city = {CITY} AND $__timeFilter(q.last_received_at)
  AND q.reason IN (SELECT n.reason FROM board_quarantine n WHERE n.city = {CITY} AND $__timeFilter(n.last_received_at)
                   GROUP BY n.reason ORDER BY sum(n.occurrences) DESC, n.reason LIMIT 8)
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Messages refused, by reason", "Avviste meldinger, etter årsak"),
        asks(Text("What goes wrong, and since when?", "Hva går galt, og siden når?"), source=_QUARANTINE),
    )
    return timeseries(At(8, 12, 9), words, [Query(sql)], Field(decimals=0, low=0, bars=True))


def refused_devices() -> Panel:
    """Who sends what cannot be read."""
    sql = f"""
SELECT q.device, sum(q.occurrences) AS value FROM board_quarantine q
WHERE q.city = {CITY} AND $__timeFilter(q.last_received_at)
GROUP BY q.device ORDER BY 2 DESC, 1 LIMIT 12
"""
    words = Words(
        Text("Messages refused, by device", "Avviste meldinger, etter enhet"),
        asks(Text("Who sends what cannot be read?", "Hvem sender det som ikke kan leses?"), source=_QUARANTINE),
    )
    return bars(At(9, 12, 9), words, Query(sql, "table"), Field(decimals=0, low=0))


def quarantine() -> Panel:
    """The list, with how to mend each."""
    sql = f"""
SELECT q.last_received_at AS received, q.device, q.reason, q.detail, q.hint, q.occurrences, q.stored, q.source, q.topic,
       coalesce(q.replay_outcome, '-') AS replayed, q.id
FROM board_quarantine q
WHERE q.city IN ({CITY}, '-') AND $__timeFilter(q.last_received_at)
ORDER BY q.last_received_at DESC LIMIT 200
"""
    words = Words(
        Text("Refused messages and how to mend them", "Avviste meldinger og hvordan de rettes"),
        asks(
            Text(
                "What was wrong and what should the sender change? Messages of no known city stand here too.",
                "Hva var galt, og hva bør avsenderen endre? Meldinger uten kjent by står her også.",
            ),
            source=_QUARANTINE,
        ),
    )
    link = (
        Text("The message and its replay", "Meldingen og ny lesing"),
        f"{ADDRESS}/quarantine?id=${{__data.fields.id}}&{links.KEEP}",
    )
    columns = [
        Column("received", Text("Received", "Mottatt"), width=160),
        Column("device", Text("Device", "Enhet")),
        Column("reason", Text("Reason", "Årsak"), link=link),
        Column("detail", Text("What was wrong", "Hva som var galt")),
        Column("hint", Text("How to mend it", "Hvordan det rettes")),
        Column("occurrences", Text("Times", "Ganger"), decimals=0, width=70),
        Column("stored", Text("Stored all the same", "Lagret likevel"), decimals=0, width=90),
        Column("source", Text("Broker", "Megler"), width=100),
        Column("topic", Text("Topic", "Emne")),
        Column("replayed", Text("Read again", "Lest på nytt"), width=110),
        Column("id", hidden=True),
    ]
    shown = Field(no_value=Text("nothing was refused", "ingenting ble avvist"))
    return table(At(10, 24, 10), words, Query(sql, "table"), shown, columns)


def events() -> Panel:
    """What happened to devices."""
    sql = f"""
SELECT e.time AS happened, e.device, e.kind AS event, e.site FROM board_device_event e
WHERE e.city = {CITY} AND $__timeFilter(e.time)
ORDER BY e.time DESC LIMIT 100
"""
    words = Words(
        Text("What happened to devices", "Hva som skjedde med enheter"),
        asks(
            Text("Was it moved, swapped, offline?", "Ble den flyttet, byttet, koblet fra?"),
            source=Text("events that devices and people told", "hendelser som enheter og folk har meldt"),
        ),
    )
    names = [
        ("online", Text("online", "tilkoblet"), None),
        ("offline", Text("offline", "frakoblet"), None),
        ("join", Text("joined", "ble med"), None),
        ("battery", Text("battery", "batteri"), None),
        ("fault", Text("fault", "feil"), None),
        ("moved", Text("moved", "flyttet"), None),
        ("swapped_meter", Text("meter swapped", "måler byttet"), None),
    ]
    columns = [
        Column("happened", Text("When", "Når"), width=170),
        Column("device", Text("Device", "Enhet")),
        Column("event", Text("Event", "Hendelse"), names=names),
        Column("site", Text("Site", "Målested"), link=links.site()),
    ]
    shown = Field(no_value=Text("nothing happened", "ingenting skjedde"))
    return table(At(11, 24, 7), words, Query(sql, "table"), shown, columns)
