"""Platform: does Bypuls itself keep up? Over every city, so without variables."""

from __future__ import annotations

from dashboards.builder import Board, Section
from dashboards.panels import links, platform
from dashboards.text import Text


def _sections() -> list[Section]:
    return [
        Section([platform.newest(), platform.rollup_lag(), platform.kpi_lag(), platform.refused()]),
        Section([platform.values_a_minute(), platform.complete()]),
        Section([platform.quarantine_rate(), platform.queues()]),
        Section([platform.cities(), platform.volume()]),
        Section([platform.audits()]),
        Section([platform.kept()]),
    ]


board = Board(
    uid="platform",
    title=Text("Platform", "Plattform"),
    description=Text(
        "Does Bypuls keep up: what comes in, what is refused, what waits, is it right, how much is kept?",
        "Holder Bypuls følge: hva kommer inn, hva avvises, hva venter, stemmer det, hvor mye lagres?",
    ),
    sections=_sections,
    since="now-24h",
    links=[*links.boards(), links.api("/v1/health")],
)
