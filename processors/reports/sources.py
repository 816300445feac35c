"""Where a report's parts come from in this installation: U4SSC's assessment, trends, targets."""

from __future__ import annotations

from bypuls.snapshot import TargetResult, TrendResult
from bypuls.storage.database import Connection
from processors.reports.collection import Assessed
from processors.reports.series import trends_of


class InstalledSources:
    """The parts as this installation computes them."""

    def assessed(self, connection: Connection, city: str, year: int) -> Assessed | None:
        """The year by the KPIs of U4SSC."""
        del connection, city, year
        return None

    def trends(self, connection: Connection, city: str, year: int) -> list[TrendResult]:
        """Series of years up to this one."""
        return trends_of(connection, city, year)

    def targets(self, connection: Connection, city: str, year: int) -> list[TargetResult]:
        """Targets and where the city stands."""
        del connection, city, year
        return []
