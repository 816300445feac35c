"""Energy and noise: what buildings use and when, and how loud the city is."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import choices, energy, links, noise
from dashboards.text import Text


def _sections() -> list[Section]:
    buildings = [energy.heat(), energy.per_building(), energy.per_square_metre(), energy.buildings()]
    loud = [noise.lden_now(), noise.lnight_now(), noise.laeq(), noise.lden_days()]
    sites = [noise.lden_sites(), noise.lnight_sites(), noise.sites_table()]
    return [
        Section([energy.against_normal(), energy.consumption(), energy.peak(), energy.load_factor()]),
        Section([energy.hours(), energy.days_against_normal()]),
        Section(buildings, 100, Text("Buildings", "Bygg")),
        Section([*loud, *sites], 101, Text("Noise", "Støy")),
    ]


board = Board(
    uid="energy-noise",
    title=Text("Energy and noise", "Energi og støy"),
    description=Text(
        "What do buildings use, is that normal for the day and the weather, and how loud is the city?",
        "Hva bruker byggene, er det normalt for døgnet og været, og hvor mye støy er det i byen?",
    ),
    sections=_sections,
    variables=[choices.city(), choices.area(), choices.site("energy", "noise")],
    since="now-14d",
    links=[*links.boards(), links.api("/v1/kpi-values?city=${city}&kpi=energy.electricity.consumption")],
)
