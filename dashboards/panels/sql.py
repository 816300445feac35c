"""Pieces of panels' queries that are the same everywhere."""

from __future__ import annotations

TO = "$__timeTo()::timestamptz"
"""A board's now: the end of its range. A query never asks the clock."""

CITY = "(SELECT bypuls_board_city())"
"""The city of a board without variables; a sub-select, so that it is worked out once."""

OK = "AND k.quality = 'ok'"

WHOLE = "FILTER (WHERE h.covered > 0.9)"
"""Of registers: an hour whose last readings are still on their way is not counted as little used."""

EVERY_METER = "h.meters >= 0.9 * h.usual"
"""Of a sum over meters: nearly all that spoke in the two days before are in it, else it would look like a fall."""


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def words(*texts: str) -> str:
    """A list of texts as SQL, for IN."""
    return ", ".join(literal(text) for text in texts)


def newest(kpi: str, period: str, fresh: str, *, of: str = "c.city", site: str | None = None, quality: str = OK) -> str:
    """SELECT of a KPI's newest value, as one row or none: of the city `of`, or of one of its sites.

    Older than `fresh` it is none: stale data are not shown as the present.
    """
    kind, scope = ("'site'", site) if site else ("'city'", of)
    return f"""SELECT k.* FROM board_kpi k
    WHERE k.city = {of} AND k.kpi = {literal(kpi)} AND k.scope_kind = {kind} AND k.scope = {scope}
      AND k.period = '{period}' AND k.start > {TO} - interval '{fresh}' AND k.start <= {TO} {quality}
    ORDER BY k.start DESC LIMIT 1"""
