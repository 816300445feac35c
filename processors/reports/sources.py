"""Where a report's parts come from in this installation: U4SSC's assessment, trends, targets, effects."""

from __future__ import annotations

from bypuls.snapshot import TargetResult, TrendResult
from bypuls.snapshot_effects import EffectResult
from bypuls.storage.database import Connection
from bypuls.storage.effect_results import effect_results
from bypuls.storage.queries import queries
from bypuls.storage.target_results import target_results
from bypuls.storage.u4ssc import assess
from processors.reports.assessed import Asked, Assessed, as_assessed
from processors.reports.series import trends_of

_SQL = queries("processors.reports", "collection.sql")


class InstalledSources:
    """The parts as this installation computes them."""

    def assessed(self, connection: Connection, city: str, year: int) -> Assessed | None:
        """The year by the KPIs of U4SSC."""
        rows = connection.execute(_SQL["asked"], {"city": city, "year": year}).fetchall()
        asked = {code: Asked(unit, deadline) for code, unit, deadline in rows}
        return as_assessed(assess(connection, city, year), asked)

    def trends(self, connection: Connection, city: str, year: int) -> list[TrendResult]:
        """Series of years up to this one."""
        return trends_of(connection, city, year)

    def targets(self, connection: Connection, city: str, year: int) -> list[TargetResult]:
        """Targets and where the city stands."""
        return target_results(connection, city, year)

    def effects(self, connection: Connection, city: str, year: int) -> list[EffectResult]:
        """What changed after measures, by the months up to the year's end."""
        return effect_results(connection, city, year)
