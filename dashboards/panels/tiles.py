"""The four tiles of City now: each says in one row how its domain stands, since when, and on how many sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dashboards.builder import Panel, stat
from dashboards.look import BAD, GOOD, WARN, asks, class_field, levels, noise_zones, own, own_edges, standards
from dashboards.panels import links
from dashboards.panels.sql import CITY, EVERY_METER, TO, WHOLE, literal, newest
from dashboards.panels.sql import words as listed
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text, same


@dataclass(frozen=True, slots=True)
class Tile:
    """What a tile's row is made of.

    Attributes:
        kpi, period: the headline: the city's newest value that suffices, no older than `fresh`.
        properties: what its sensors measure, for "7 of 8 sites".
        hourly: SELECT of (start, value) for the last 24 hours' line.
        more: column -> SQL, over `l` (the headline's row, null when there is none) and `c` (its city).
    """

    kpi: str
    period: str
    fresh: str
    properties: tuple[str, ...]
    hourly: str
    more: Mapping[str, str] = field(default_factory=dict)


_COLUMNS: Mapping[str, str] = {
    "value": "l.value",
    "band": "NULL::integer",
    "label": "NULL::text",
    "since": "NULL::timestamptz",
    "sites_ok": "s.sites_ok",
    "sites_all": "s.sites_all",
    "newest": "s.newest",
    "where": "NULL::text",
    "period_start": "l.start",
    "quality": "coalesce(l.quality, 'missing')",
    "secondary_value": "NULL::double precision",
    "secondary_unit": "NULL::text",
    "secondary_label": "NULL::text",
    "day_so_far": "NULL::double precision",
    "hours_so_far": "NULL::double precision",
    "days_used": "NULL::double precision",
    "days_allowed": "NULL::double precision",
    "target": "NULL::double precision",
    "word": "NULL::text",
    "partial": "coalesce(l.partial, false)",
    "temperature": "NULL::double precision",
    "wind": "NULL::double precision",
    "precipitation": "NULL::double precision",
}
_AGAINST = (
    Text("far less than normal", "langt under normalen"),
    Text("less than normal", "under normalen"),
    Text("as normal", "som normalt"),
    Text("more than normal", "over normalen"),
    Text("far more than normal", "langt over normalen"),
)
_ZONES = {
    "below": Text("below the zones", "utenfor sonene"),
    "yellow": Text("yellow zone", "gul sone"),
    "red": Text("red zone", "rød sone"),
}


def row_sql(tile: Tile) -> str:
    """One row, whatever is missing: a value that is too old is null, what is known about its sensors is still said.

    OFFSET 0 keeps the city one value, worked out once; without it the planner asks the function anew for every row.
    """
    columns = ",\n       ".join(f'{sql} AS "{name}"' for name, sql in {**_COLUMNS, **tile.more}.items())
    properties = listed(*tile.properties)
    return f"""
SELECT {columns},
       c.city, '{tile.kpi}' AS kpi, 'city' AS scope_kind, c.city AS scope, '{tile.period}' AS period, l.start
FROM (SELECT bypuls_board_city() AS city OFFSET 0) c
LEFT JOIN LATERAL ({newest(tile.kpi, tile.period, tile.fresh)}) l ON true
CROSS JOIN LATERAL (
    SELECT count(DISTINCT d.site) FILTER (WHERE d.silent_from >= {TO}) AS sites_ok,
           count(DISTINCT d.site) AS sites_all, max(d.last_end) AS newest
    FROM board_datastream d
    WHERE d.city = c.city AND d.watched AND d.site IS NOT NULL AND d.property IN ({properties})
) s
"""


def hourly_kpi(kpi: str) -> str:
    """The city's hourly values of a KPI."""
    return f"""SELECT k.start, k.value FROM board_kpi k
    WHERE k.city = {CITY} AND k.kpi = '{kpi}' AND k.scope_kind = 'city' AND k.scope = {CITY}
      AND k.period = 'PT1H' AND k.quality = 'ok' AND k.start > {TO} - interval '24 hours' AND k.start <= {TO}"""


def _queries(tile: Tile) -> list[Query]:
    line = f"""
SELECT $__timeGroupAlias(h.start, '1h', NULL), avg(h.value) AS last_24_hours
FROM ({tile.hourly}) h
GROUP BY 1 ORDER BY 1
"""
    return [Query(row_sql(tile), "table"), Query(line, ref="B")]


def _columns(label: Text, words: Sequence[Text] = ()) -> list[Column]:
    """Words for the keys in the row; Grafana shows only `value`, the built-in page all."""
    columns = [Column("secondary_label", names=[(str(label), label, None)])]
    return [*columns, Column("word", names=[(str(word), word, None) for word in words])] if words else columns


def _against_word() -> str:
    """SQL of the word for a difference to normal."""
    cases = " ".join(
        f"WHEN l.value < {edge:g} THEN {literal(word)}"
        for edge, word in zip(own_edges("against_normal_percent"), _AGAINST[:-1], strict=True)
    )
    return f"CASE WHEN l.value IS NULL THEN NULL {cases} ELSE {literal(_AGAINST[-1])} END"


def _weather(prop: str, hours: int, how: str) -> str:
    """SQL of a property over the city's weather stations and the last hours."""
    return f"""(SELECT {how}(w.value) FROM (
            SELECT avg(h.value) AS value FROM board_hour h
            WHERE h.city = c.city AND h.property = '{prop}'
              AND h.time > {TO} - interval '{hours} hours' AND h.time <= {TO}
            GROUP BY h.time) w)"""


_AIR = Tile(
    kpi="air.eaqi",
    period="PT1H",
    fresh="4 hours",
    properties=("pm10", "pm25", "no2", "o3"),
    # Of every hour the highest site's, as the number beside it.
    hourly=f"""SELECT h.start, max(h.value) AS value
    FROM board_site t CROSS JOIN LATERAL (
        SELECT k.start, k.value FROM board_kpi k
        WHERE k.city = t.city AND k.kpi = 'air.pm10.mean' AND k.scope_kind = 'site' AND k.scope = t.site
          AND k.period = 'PT1H' AND k.quality = 'ok' AND k.start > {TO} - interval '24 hours' AND k.start <= {TO}
    ) h WHERE t.city = {CITY} GROUP BY h.start""",
    more={
        "band": "l.value::integer",
        "label": "l.band",
        "since": f"""coalesce((SELECT max(k.ends) FROM board_kpi k
        WHERE k.city = c.city AND k.kpi = 'air.eaqi' AND k.scope_kind = 'city' AND k.scope = c.city
          AND k.period = 'PT1H' AND k.start > {TO} - interval '48 hours' AND k.start < l.start AND k.value <> l.value),
        CASE WHEN l.start IS NOT NULL THEN {TO} - interval '48 hours' END)""",
        "where": "(SELECT t.name FROM board_site t WHERE t.city = c.city AND t.site = l.detail ->> 'site')",
        "secondary_value": f"""(SELECT max(h.value) FROM board_site t
        CROSS JOIN LATERAL ({newest("air.pm10.mean", "PT1H", "4 hours", of="t.city", site="t.site")}) h
        WHERE t.city = c.city)""",
        "secondary_unit": "'µg/m³'",
        "secondary_label": "'PM10, highest site'",
        "day_so_far": "d.value",
        "hours_so_far": "d.valid_hours",
        "days_used": "y.value",
        "days_allowed": "(y.detail ->> 'allowed')::double precision",
        "target": "(y.detail ->> 'limit')::double precision",
        "word": "l.band",
        "temperature": _weather("air_temperature", 2, "avg"),
        "wind": _weather("wind_speed", 2, "avg"),
        "precipitation": _weather("precipitation", 24, "sum"),
    },
)
_ANY = "AND k.value IS NOT NULL"
# The running day and the year's count belong to the air tile alone.
_AIR_MORE = f"""LEFT JOIN LATERAL (
    SELECT h.value, h.valid_hours
    FROM board_site t
    CROSS JOIN LATERAL ({newest("air.pm10.mean", "P1D", "1 day", of="t.city", site="t.site", quality=_ANY)}) h
    WHERE t.city = c.city ORDER BY h.value DESC LIMIT 1
) d ON true
LEFT JOIN LATERAL (
    SELECT k.value, k.detail FROM board_kpi k
    WHERE k.city = c.city AND k.kpi IN ('air.pm10.exceedance_days.national', 'air.pm10.exceedance_days.eu2008')
      AND k.scope_kind = 'city' AND k.scope = c.city AND k.period = 'P1Y' AND k.start > {TO} - interval '1 year'
      AND k.start <= {TO} AND k.value IS NOT NULL
    ORDER BY k.kpi DESC, k.start DESC LIMIT 1
) y ON true
"""


def air() -> Panel:
    """The worst site's class now."""
    words = Words(
        Text("Air", "Luft"),
        asks(
            Text(
                "How is the air now, at the site where it is worst, and how many days above the limit are used?",
                "Hvordan er luften nå der den er verst, og hvor mange døgn over grensen er brukt?",
            ),
            "air.eaqi",
            "air.pm10.exceedance_days.national",
        ),
    )
    row, line = _queries(_AIR)
    field_ = class_field()
    shown = Field(
        decimals=0,
        low=1,
        high=6,
        names=field_.names,
        steps=field_.steps,
        no_value=field_.no_value,
        link=links.board_of_city("air", Text("Air board", "Lufttavlen")),
    )
    columns = [
        *_columns(Text("PM10, highest site", "PM10, høyeste målested")),
        Column("label", names=_words(field_)),
        Column("word", names=_words(field_)),
    ]
    return stat(At(1, 6, 7), words, [Query(row.sql + _AIR_MORE, "table"), line], shown, columns)


def _words(classes: Field) -> list[tuple[str, Text, str | None]]:
    return [(str(word), word, None) for _, word, _ in classes.names]


def traffic() -> Panel:
    """Yesterday's volume against normal, and how freely traffic flows now."""
    label = Text("travel time index, last hour", "reisetidsindeks, siste time")
    tile = Tile(
        kpi="traffic.volume.against_normal",
        period="P1D",
        fresh="60 hours",
        properties=("vehicle_count",),
        hourly=hourly_kpi("traffic.volume"),
        more={
            "target": "0",
            "word": _against_word(),
            "secondary_value": f"(SELECT n.value FROM ({newest('traffic.travel_time_index', 'PT1H', '4 hours')}) n)",
            "secondary_unit": "''",
            "secondary_label": literal(label),
        },
    )
    words = Words(
        Text("Traffic", "Trafikk"),
        asks(
            Text(
                "Is there more traffic than normal for this weekday (last whole day), and does it flow now?",
                "Er det mer trafikk enn normalt for ukedagen (siste hele døgn), og flyter den nå?",
            ),
            "traffic.volume.against_normal",
            "traffic.travel_time_index",
        ),
    )
    return stat(
        At(2, 6, 7),
        words,
        _queries(tile),
        _against("traffic", Text("Traffic board", "Trafikktavlen")),
        _columns(label, _AGAINST),
    )


def energy() -> Panel:
    """Yesterday's electricity against normal."""
    label = Text("that day's electricity", "døgnets strømforbruk")
    used = newest("energy.electricity.consumption", "P1D", "60 hours")
    tile = Tile(
        kpi="energy.electricity.against_normal",
        period="P1D",
        fresh="60 hours",
        properties=("active_energy_import",),
        hourly=f"""SELECT h.start, h.value FROM (
        SELECT h.time AS start, sum(h.value) {WHOLE} AS value, count(h.value) {WHOLE} AS meters,
               max(count(h.value) {WHOLE}) OVER () AS usual
        FROM board_hour h
        WHERE h.city = {CITY} AND h.property = 'active_energy_import'
          AND h.time > {TO} - interval '24 hours' AND h.time <= {TO} - interval '1 hour' GROUP BY h.time
    ) h WHERE {EVERY_METER}""",
        more={
            "target": "0",
            "word": _against_word(),
            "secondary_value": f"""(SELECT n.value FROM ({used}) n
        WHERE l.start IS NULL OR n.start = l.start)""",
            "secondary_unit": "'kWh'",
            "secondary_label": literal(label),
        },
    )
    words = Words(
        Text("Energy", "Energi"),
        asks(
            Text(
                "Do the city's buildings use more electricity than normal for this weekday (last whole day)?",
                "Bruker byens bygg mer strøm enn normalt for ukedagen (siste hele døgn)?",
            ),
            "energy.electricity.against_normal",
            "energy.electricity.consumption",
        ),
    )
    shown = _against("energy-noise", Text("Energy board", "Energitavlen"))
    return stat(At(3, 6, 7), words, _queries(tile), shown, _columns(label, _AGAINST))


def noise() -> Panel:
    """The last whole day's level, evening and night weighted."""
    label = Text("LAeq, last hour", "LAeq, siste time")
    zones = " ".join(f"WHEN '{band}' THEN {literal(word)}" for band, word in _ZONES.items())
    tile = Tile(
        kpi="noise.lden",
        period="P1D",
        fresh="60 hours",
        properties=("sound_level_laeq",),
        hourly=hourly_kpi("noise.laeq"),
        more={
            "where": "(SELECT t.name FROM board_site t WHERE t.city = c.city AND t.site = l.detail ->> 'site')",
            "secondary_value": f"(SELECT n.value FROM ({newest('noise.laeq', 'PT1H', '4 hours')}) n)",
            "secondary_unit": "'dB'",
            "secondary_label": literal(label),
            "target": f"{noise_zones()[0]:g}",
            "word": f"CASE l.band {zones} END",
        },
    )
    words = Words(
        Text("Noise", "Støy"),
        asks(
            Text(
                "How loud was the last whole day, evening and night weighted (Lden)?",
                "Hvor høyt var støynivået siste hele døgn, kveld og natt vektet (Lden)?",
            ),
            "noise.lden",
            "noise.laeq",
            source=same(standards().scale("norway_t1442").source),
        ),
    )
    shown = Field(
        unit="dB",
        decimals=0,
        low=30,
        high=90,
        steps=levels((None, GOOD), (noise_zones()[0], WARN), (noise_zones()[1], BAD)),
        link=links.board_of_city("energy-noise", Text("Noise board", "Støytavlen")),
    )
    return stat(At(4, 6, 7), words, _queries(tile), shown, _columns(label, [*_ZONES.values()]))


def _against(uid: str, title: Text) -> Field:
    """A difference to normal: neither more nor less is bad by itself, far from normal is worth a look."""
    steps = own("against_normal_percent")
    return Field(unit="percent", decimals=0, low=-100, high=100, steps=steps, link=links.board_of_city(uid, title))
