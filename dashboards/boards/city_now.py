"""City now: the wallboard. No variables, no hover needed, readable from afar."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import city, links, tiles
from dashboards.text import Text


def _sections() -> list[Section]:
    return [
        Section([tiles.air(), tiles.traffic(), tiles.energy(), tiles.noise()]),
        Section([city.city_map(), city.needs_a_hand()]),
        Section([city.last_48_hours()]),
        Section([city.newest_age(), city.per_minute(), city.refused(), city.rollup_lag()]),
    ]


board = Board(
    uid="city-now",
    title=Text("City now", "Byen nå"),
    description=Text(
        "Is the city fine now, what needs a hand, what is it heading for? For a wall: add ?kiosk to the address.",
        "Har byen det bra nå, hva trenger en hånd, hvor går det? Til en vegg: legg ?kiosk til adressen.",
    ),
    sections=_sections,
    since="now-48h",
    refresh="30s",
    links=links.boards(),
    tags=("bypuls", "wallboard"),
)
