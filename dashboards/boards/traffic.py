"""Traffic: how much, against what is normal, and how freely it flows."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import choices, links, traffic
from dashboards.text import Text


def _sections() -> list[Section]:
    return [
        Section([traffic.against_normal(), traffic.index_now(), traffic.volume_now(), traffic.counters()]),
        Section([traffic.volume()]),
        Section([traffic.days_against_normal(), traffic.index_lines(), traffic.speeds()]),
        Section([traffic.weekday_profile(), traffic.weekend_profile()]),
        Section([traffic.road_map(), traffic.busiest()], 100, Text("Where", "Hvor")),
        Section([traffic.sites_table()], 101, Text("In detail", "I detalj")),
    ]


board = Board(
    uid="traffic",
    title=Text("Traffic", "Trafikk"),
    description=Text(
        "How much traffic is there, is that normal, and does it flow?",
        "Hvor mye trafikk er det, er det normalt, og flyter den?",
    ),
    sections=_sections,
    variables=[choices.city(), choices.area(), choices.site("traffic")],
    since="now-7d",
    links=[*links.boards(), links.api("/v1/kpi-values?city=${city}&kpi=traffic.volume")],
)
