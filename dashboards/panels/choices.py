"""The choices at the top of boards, in the same order everywhere: city, area, site, and how queries use them."""

from __future__ import annotations

from dashboards.panels.sql import words
from dashboards.parts import Variable
from dashboards.text import Text

CITY = "${city:sqlstring}"
AREAS = "${area:sqlstring}"
SITES = "${site:sqlstring}"


def city() -> Variable:
    """The city; the one of City now comes first and is the default."""
    return Variable(
        "city",
        Text("City", "By"),
        """
SELECT c.name AS __text, c.city AS __value FROM board_city c
ORDER BY c.city <> (SELECT bypuls_board_city()), c.name
""",
    )


def area() -> Variable:
    """Areas of the city; never empty, so that IN (…) always holds something."""
    return Variable(
        "area",
        Text("Area", "Område"),
        f"""
SELECT __text, __value FROM (
    SELECT DISTINCT s.area_name AS __text, s.area AS __value FROM board_site s WHERE s.city = {CITY}
    UNION SELECT '-', '-'
) o ORDER BY __value = '-', __text
""",
        several=True,
    )


def site(*domains: str) -> Variable:
    """Sites of the areas that measure something of these domains (any unless named); never households."""
    measured = f"AND d.domain IN ({words(*domains)})" if domains else ""
    return Variable(
        "site",
        Text("Site", "Målested"),
        f"""
SELECT __text, __value FROM (
    SELECT s.name AS __text, s.site AS __value FROM board_site s
    WHERE s.city = {CITY} AND s.area IN ({AREAS}) AND s.kind <> 'household'
      AND EXISTS (SELECT FROM board_datastream d WHERE d.city = s.city AND d.site = s.site {measured})
    UNION ALL SELECT '-', '-' WHERE NOT EXISTS (
        SELECT FROM board_datastream d
        WHERE d.city = {CITY} AND d.area IN ({AREAS}) AND d.kind <> 'household' {measured})
) o ORDER BY __text
""",
        several=True,
    )
