"""Devices and quarantine: who speaks, who does not, what was refused and how it is mended."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import choices, fleet, links
from dashboards.text import Text


def _sections() -> list[Section]:
    refused = [fleet.refused_by_reason(), fleet.refused_devices(), fleet.quarantine()]
    return [
        Section([fleet.speaking(), fleet.silent(), fleet.pending(), fleet.refused()]),
        Section([fleet.heard(), fleet.batteries()]),
        Section([fleet.last_seen()], 100, Text("Devices", "Enheter")),
        Section(refused, 101, Text("Quarantine", "Karantene")),
        Section([fleet.events()], 102, Text("Events", "Hendelser")),
    ]


board = Board(
    uid="fleet",
    title=Text("Devices and quarantine", "Enheter og karantene"),
    description=Text(
        "Which sensors are silent, which messages were refused, and how is each mended?",
        "Hvilke sensorer er tause, hvilke meldinger ble avvist, og hvordan rettes det?",
    ),
    sections=_sections,
    variables=[choices.city(), choices.area(), choices.site()],
    since="now-48h",
    links=[*links.boards(), links.api("/v1/quarantine?city=${city}")],
)
