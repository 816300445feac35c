"""Energy on its board: consumption, peak, per square metre, against normal, heat against the weather."""

from __future__ import annotations

from dashboards.builder import Panel, bars, stat, table, timeseries
from dashboards.look import LINE, asks, own
from dashboards.panels import links
from dashboards.panels.choices import CITY, SITES
from dashboards.panels.common import chosen_sites, city_newest, newest_of
from dashboards.panels.sql import EVERY_METER, TO, WHOLE
from dashboards.parts import At, Column, Field, Query, Words
from dashboards.text import Text

_DAY = "60 hours"
_HEAT = "#ee8434"


def against_normal() -> Panel:
    """The last whole day."""
    words = Words(
        Text("Electricity against normal, last day", "Strøm mot normalen, siste døgn"),
        asks(
            Text("Is more used than normal for the weekday?", "Brukes det mer enn normalt for ukedagen?"),
            "energy.electricity.against_normal",
        ),
    )
    steps = own("against_normal_percent")
    shown = Field(unit="percent", decimals=0, low=-100, high=100, steps=steps, link=links.evidence())
    return stat(At(1, 6, 5), words, [city_newest("energy.electricity.against_normal", "P1D", _DAY)], shown)


def consumption() -> Panel:
    """The last whole day's electricity."""
    words = Words(
        Text("Electricity, last whole day", "Strøm, siste hele døgn"),
        asks(
            Text("How much did the city's meters use?", "Hvor mye brukte byens målere?"),
            "energy.electricity.consumption",
        ),
    )
    shown = Field(unit="kWh", decimals=0, low=0, link=links.evidence())
    return stat(At(2, 6, 5), words, [city_newest("energy.electricity.consumption", "P1D", _DAY)], shown)


def peak() -> Panel:
    """The largest power."""
    words = Words(
        Text("Highest peak of one site, last whole day", "Høyeste effekttopp på ett sted, siste hele døgn"),
        asks(
            Text(
                "How much power at once, where it is most? A meter's peak decides its grid fee.",
                "Hvor mye effekt på en gang, der den er høyest? En målers topp bestemmer nettleien.",
            ),
            "energy.electricity.peak",
        ),
    )
    shown = Field(unit="kW", decimals=0, low=0, link=links.evidence())
    return stat(At(3, 6, 5), words, [city_newest("energy.electricity.peak", "P1D", _DAY)], shown)


def load_factor() -> Panel:
    """How even the day was."""
    words = Words(
        Text("Load factor, last whole day", "Lastfaktor for strøm, siste hele døgn"),
        asks(
            Text(
                "How evenly is power used (1 = the same all day)?", "Hvor jevnt brukes effekten (1 = likt hele døgnet)?"
            ),
            "energy.electricity.load_factor",
        ),
    )
    shown = Field(decimals=2, low=0, high=1, steps=own("load_factor", rising=True), link=links.evidence())
    return stat(At(4, 6, 5), words, [city_newest("energy.electricity.load_factor", "P1D", _DAY)], shown)


def hours() -> Panel:
    """Electricity by the hour, all chosen sites together."""
    name = Text("electricity", "strøm")
    sql = f"""
SELECT $__timeGroupAlias(h.time, $__interval, NULL), '{name}' AS metric,
       avg(h.value) FILTER (WHERE {EVERY_METER}) AS value
FROM (
    SELECT h.time, sum(h.value) {WHOLE} AS value, count(h.value) {WHOLE} AS meters,
           max(count(h.value) {WHOLE}) OVER (ORDER BY h.time ROWS BETWEEN 48 PRECEDING AND CURRENT ROW) AS usual
    FROM board_datastream d JOIN board_hour h ON h.datastream = d.datastream AND $__timeFilter(h.time)
    WHERE d.city = {CITY} AND d.site IN ({SITES}) AND d.property = 'active_energy_import'
    GROUP BY h.time
) h
WHERE h.time <= {TO} - interval '1 hour'
GROUP BY 1, 2 ORDER BY 1
"""
    words = Words(
        Text("Electricity by the hour", "Strøm time for time"),
        asks(
            Text(
                "When is it used? Whole hours; one in which meters are missing is a gap, not a fall.",
                "Når brukes det? Hele timer; en time der målere mangler er et hull, ikke et fall.",
            ),
            source=Text("increase of the registers, hourly rollups", "økning av målerstander, timeverdier"),
        ),
    )
    shown = Field(unit="kWh", decimals=0, low=0)
    return timeseries(At(5, 12, 8), words, [Query(sql)], shown, [Column(str(name), name, colour=LINE)])


def _days(kpis: list[tuple[str, Text]], ref: str = "A") -> Query:
    names = " ".join(f"WHEN '{kpi}' THEN '{name}'" for kpi, name in kpis)
    listed = ", ".join(f"'{kpi}'" for kpi, _ in kpis)
    return Query(
        f"""
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), CASE k.kpi {names} END AS metric,
       avg(k.value) FILTER (WHERE k.quality = 'ok') AS value
FROM board_kpi k
WHERE k.city = {CITY} AND k.kpi IN ({listed}) AND k.scope_kind = 'city' AND k.scope = {CITY} AND k.period = 'P1D'
  AND $__timeFilter(k.start)
GROUP BY 1, 2 ORDER BY 1
""",
        ref=ref,
    )


def days_against_normal() -> Panel:
    """Day by day."""
    name = Text("against normal", "mot normalen")
    words = Words(
        Text("Electricity: days against normal", "Strøm: døgn mot normalen"),
        asks(Text("Which days were unusual?", "Hvilke døgn var uvanlige?"), "energy.electricity.against_normal"),
    )
    shown = Field(unit="percent", decimals=0, bars=True)
    columns = [Column(str(name), name, colour=LINE)]
    return timeseries(
        At(6, 12, 8), words, [_days([("energy.electricity.against_normal", name)])], shown, columns, interval="1d"
    )


def heat() -> Panel:
    """Heat beside the cold that asks for it."""
    used, cold = Text("heat", "varme"), Text("degree days", "graddager")
    words = Words(
        Text("Heat against degree days", "Varme mot graddager"),
        asks(
            Text("Does heat follow the weather, or is some wasted?", "Følger varmen været, eller går noe til spille?"),
            "energy.heat.consumption",
            "energy.degree_days",
        ),
    )
    columns = [
        Column(str(used), used, colour=_HEAT, bars=True),
        Column(str(cold), cold, unit="K·d", decimals=1, colour=LINE),
    ]
    kpis = [("energy.heat.consumption", used), ("energy.degree_days", cold)]
    return timeseries(At(7, 24, 8), words, [_days(kpis)], Field(unit="kWh", decimals=0, low=0), columns, interval="1d")


def _ranked(kpi: str, period: str, fresh: str) -> Query:
    sql = f"""
SELECT t.name AS site, k.value
FROM {chosen_sites()} t JOIN board_site s ON s.city = t.city AND s.site = t.site AND s.kind = 'building'
CROSS JOIN LATERAL ({newest_of(kpi, period, fresh)}) k
ORDER BY k.value DESC LIMIT 12
"""
    return Query(sql, "table")


def per_building() -> Panel:
    """The largest users."""
    words = Words(
        Text("Electricity per building, last whole day", "Strøm per bygg, siste hele døgn"),
        asks(Text("Which buildings use most?", "Hvilke bygg bruker mest?"), "energy.electricity.consumption"),
    )
    query = _ranked("energy.electricity.consumption", "P1D", _DAY)
    return bars(At(8, 12, 9), words, query, Field(unit="kWh", decimals=0, low=0))


def per_square_metre() -> Panel:
    """The least efficient."""
    words = Words(
        Text("Electricity per m², last whole day", "Strøm per m², siste hele døgn"),
        asks(
            Text("Which buildings use most for their size?", "Hvilke bygg bruker mest for sin størrelse?"),
            "energy.electricity.per_m2",
        ),
    )
    query = _ranked("energy.electricity.per_m2", "P1D", _DAY)
    return bars(At(9, 12, 9), words, query, Field(unit="kWh/m²", decimals=2, low=0))


_BUILDING = (
    ("used", "energy.electricity.consumption"),
    ("area", "energy.electricity.per_m2"),
    ("peak", "energy.electricity.peak"),
    ("load", "energy.electricity.load_factor"),
    ("against", "energy.electricity.against_normal"),
    ("heat", "energy.heat.consumption"),
)


def buildings() -> Panel:
    """Every building in numbers; households are never shown one by one."""
    joins = "\n".join(f"LEFT JOIN LATERAL ({newest_of(kpi, 'P1D', _DAY)}) {name}_ ON true" for name, kpi in _BUILDING)
    values = ", ".join(f"{name}_.value AS {name}" for name, _ in _BUILDING)
    sql = f"""
SELECT s.name, s.owner, s.floor_area, {values}, used_.start AS day, s.site, s.city
FROM {chosen_sites()} t JOIN board_site s ON s.city = t.city AND s.site = t.site AND s.kind = 'building'
{joins}
ORDER BY used_.value DESC NULLS LAST, s.name LIMIT 100
"""
    words = Words(
        Text("Buildings, last whole day", "Bygg, siste hele døgn"),
        asks(
            Text("Which building is worth a visit?", "Hvilket bygg er verdt et besøk?"), *(kpi for _, kpi in _BUILDING)
        ),
    )
    owners = [("municipal", Text("municipal", "kommunal"), None), ("private", Text("private", "privat"), None)]
    columns = [
        Column("name", Text("Building", "Bygg"), link=links.site()),
        Column("owner", Text("Owner", "Eier"), names=owners, width=110),
        Column("floor_area", Text("Floor area", "Gulvareal"), unit="m²", decimals=0),
        Column("used", Text("Electricity", "Strøm"), unit="kWh", decimals=0),
        Column("area", Text("Per m²", "Per m²"), unit="kWh/m²", decimals=2),
        Column("peak", Text("Peak", "Topp"), unit="kW", decimals=0),
        Column("load", Text("Load factor", "Lastfaktor"), decimals=2),
        Column(
            "against",
            Text("Against normal", "Mot normalen"),
            unit="percent",
            decimals=0,
            colour="cell",
            steps=own("against_normal_percent"),
        ),
        Column("heat", Text("Heat", "Varme"), unit="kWh", decimals=0),
        Column("day", Text("Day", "Døgn"), unit="time:YYYY-MM-DD"),
        Column("site", hidden=True),
        Column("city", hidden=True),
    ]
    return table(At(10, 24, 10), words, Query(sql, "table"), Field(), columns)
