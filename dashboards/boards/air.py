"""Air: what is in it, where, against which limits, and how much of the year's allowance is used."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import air, choices, links
from dashboards.text import Text


def _sections() -> list[Section]:
    return [
        Section([air.classes_now(), air.class_timeline()]),
        Section(
            [air.day_so_far(), air.days_used(), air.allowed_days(), air.data_capture()],
            100,
            Text("Against the law", "Mot loven"),
        ),
        Section([air.pm10(), air.pm25(), air.no2(), air.o3()], 101, Text("Concentrations", "Konsentrasjoner")),
        Section([air.temperature(), air.wind()], 102, Text("Weather beside", "Været ved siden av")),
        Section([air.sites_table()], 103, Text("Sites", "Målesteder")),
    ]


board = Board(
    uid="air",
    title=Text("Air", "Luft"),
    description=Text(
        "How is the air, where and since when, and what does the law say?",
        "Hvordan er luften, hvor og siden når, og hva sier loven?",
    ),
    sections=_sections,
    variables=[choices.city(), choices.area(), choices.site("air")],
    since="now-7d",
    links=[*links.boards(), links.api("/v1/kpi-values?city=${city}&kpi=air.pm10.mean")],
)
