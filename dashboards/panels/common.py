"""Queries of indicators that several boards share: lines per site, the newest per site, states over time."""

from __future__ import annotations

from dashboards.builder import Panel, stat
from dashboards.look import WARN, own
from dashboards.panels import links
from dashboards.panels.choices import CITY, SITES
from dashboards.panels.sql import OK, TO, literal
from dashboards.parts import At, Field, Query, Words
from dashboards.text import Text

BASES = [
    ("verified", Text("verified", "kontrollert"), None),
    ("unverified", Text("not verified", "ikke kontrollert"), WARN),
    ("single_source", Text("one source", "én kilde"), WARN),
    ("derived", Text("derived", "utledet"), WARN),
    ("estimate", Text("estimate", "anslag"), WARN),
    ("estimate, unverified", Text("estimate, not verified", "anslag, ikke kontrollert"), WARN),
    ("estimate, single_source", Text("estimate, one source", "anslag, én kilde"), WARN),
    ("estimate, derived", Text("estimate, derived", "anslag, utledet"), WARN),
]
"""What board_kpi.basis says: were the standard's numbers read in its text, and is the value an estimate?"""

MOST = 8
"""Lines that an eye can follow on one chart."""


def chosen_sites() -> str:
    """Rows of the sites chosen."""
    return f"(SELECT t.city, t.site, t.name FROM board_site t WHERE t.city = {CITY} AND t.site IN ({SITES}))"


def newest_of(kpi: str, period: str, fresh: str, *, quality: str = OK, more: str = "") -> str:
    """LATERAL of the newest value at site `t`."""
    return f"""SELECT k.* FROM board_kpi k
    WHERE k.city = t.city AND k.kpi = {literal(kpi)} AND k.scope_kind = 'site' AND k.scope = t.site
      AND k.period = '{period}' AND k.start > {TO} - interval '{fresh}' AND k.start <= {TO} {quality} {more}
    ORDER BY k.start DESC LIMIT 1"""


def lines(kpi: str, period: str = "PT1H", *, ref: str = "A", lowest: bool = False) -> Query:
    """A line per chosen site, the eight with the highest (lowest) mean; what does not suffice is a gap."""
    order = "ASC" if lowest else "DESC"
    return Query(
        f"""
WITH shown AS (
    SELECT t.city, t.site, t.name FROM {chosen_sites()} t CROSS JOIN LATERAL (
        SELECT avg(k.value) AS mean FROM board_kpi k
        WHERE k.city = t.city AND k.kpi = {literal(kpi)} AND k.scope_kind = 'site' AND k.scope = t.site
          AND k.period = '{period}' AND k.quality = 'ok' AND $__timeFilter(k.start)
    ) m
    WHERE m.mean IS NOT NULL ORDER BY m.mean {order}, t.site LIMIT {MOST}
)
SELECT $__timeGroupAlias(k.middle, $__interval, NULL), t.name AS metric,
       avg(k.value) FILTER (WHERE k.quality = 'ok') AS value
FROM shown t CROSS JOIN LATERAL (
    SELECT k.middle, k.value, k.quality FROM board_kpi k
    WHERE k.city = t.city AND k.kpi = {literal(kpi)} AND k.scope_kind = 'site' AND k.scope = t.site
      AND k.period = '{period}' AND $__timeFilter(k.start)
) k
GROUP BY 1, 2 ORDER BY 1
""",
        ref=ref,
    )


def limits(*named: tuple[str, float], ref: str = "B") -> Query:
    """Straight lines across the chart, each under its name."""
    rows = ", ".join(f"({literal(name)}, {value:g}::double precision)" for name, value in named)
    return Query(
        f"""
SELECT e.time, l.metric, l.value FROM (VALUES {rows}) AS l(metric, value)
CROSS JOIN (VALUES ($__timeFrom()::timestamptz), ({TO})) AS e(time)
ORDER BY 1
""",
        ref=ref,
    )


def city_newest(kpi: str, period: str, fresh: str) -> Query:
    """The city's newest value, with what leads to its evidence."""
    return Query(
        f"""
SELECT k.value, k.city, k.kpi, k.scope_kind, k.scope, k.period, k.start FROM board_kpi k
WHERE k.city = {CITY} AND k.kpi = '{kpi}' AND k.scope_kind = 'city' AND k.scope = {CITY} AND k.period = '{period}'
  AND k.start > {TO} - interval '{fresh}' AND k.start <= {TO} {OK}
ORDER BY k.start DESC LIMIT 1
""",
        "table",
    )


def measured(prop: str, name: str, *, ref: str = "A") -> Query:
    """A line of one property over all chosen cities' series: the mean of what its whole hours say."""
    return Query(
        f"""
SELECT $__timeGroupAlias(h.time, $__interval, NULL), {literal(name)} AS metric, avg(h.value) AS value
FROM board_hour h
WHERE h.city = {CITY} AND h.property = {literal(prop)} AND $__timeFilter(h.time) AND h.time <= {TO} - interval '1 hour'
GROUP BY 1, 2 ORDER BY 1
""",
        ref=ref,
    )


def refused_messages(at: At, words: Words, where: str = "") -> Panel:
    """How many messages were refused within a day; `where`: which, as the beginning of a condition."""
    sql = f"""
SELECT coalesce(sum(q.occurrences), 0) AS value FROM board_quarantine q
WHERE {where} q.last_received_at > {TO} - interval '24 hours' AND q.last_received_at <= {TO}
"""
    link = links.board("fleet", Text("Devices and quarantine", "Enheter og karantene"))
    return stat(at, words, [Query(sql, "table")], Field(decimals=0, low=0, steps=own("refused_messages"), link=link))
