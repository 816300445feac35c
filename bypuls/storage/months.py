"""Reads months of an indicator at many places: only what comparing them needs, each place once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from bypuls.kpi_value import KpiValue
from bypuls.method import full_method_of, method_of
from bypuls.storage.database import Connection
from bypuls.storage.queries import queries
from bypuls.storage.standard_numbers import numbers_in_time
from bypuls.storage.values import shipped_definitions
from bypuls.typed import read_json

_SQL = queries("bypuls.storage.sql", "effects.sql")

Scope = tuple[str, str]
"""Kind and slug."""


class Months:
    """The months of a city from a time on; what was read once is kept."""

    def __init__(self, connection: Connection, city: str, since: datetime) -> None:
        self._connection = connection
        self._key: dict[str, Any] = {"city": city, "since": since}
        self._known: dict[tuple[str, Scope], list[KpiValue]] = {}
        self._numbers = numbers_in_time(connection)
        self._methods: dict[tuple[str, str, str | None, int], tuple[str | None, str | None]] = {}

    def of(self, kpi: str, scopes: Sequence[Scope]) -> dict[Scope, list[KpiValue]]:
        """Values by scope, oldest first, without their evidence; a scope without any is there, empty."""
        new = [scope for scope in scopes if (kpi, scope) not in self._known]
        self._known |= {(kpi, scope): [] for scope in new}
        asked = self._key | {"kpi": kpi, "kinds": [kind for kind, _ in new], "scopes": [slug for _, slug in new]}
        for kind, slug, *row in self._connection.execute(_SQL["months"], asked) if new else ():
            self._known[kpi, (kind, slug)].append(self._value(kpi, kind, slug, row))
        return {scope: self._known[kpi, scope] for scope in scopes}

    def _value(self, kpi: str, kind: str, slug: str, row: Sequence[Any]) -> KpiValue:
        start, ends, value, unit, status, quality, reason, coverage, version, classes, origins, estimate = row[:12]
        standard, computed_at = row[12:]
        judged_by = (kpi, version, standard, self._numbers.state_at(computed_at))
        if judged_by not in self._methods:
            self._methods[judged_by] = self._method(kpi, version, standard, self._numbers.at(computed_at))
        method, full = self._methods[judged_by]
        return KpiValue(
            city=self._key["city"],
            kpi=kpi,
            scope_kind=kind,
            scope=slug,
            period="P1M",
            start=start,
            ends=ends,
            value=value,
            unit=unit,
            status=status,
            quality=quality,
            reason=reason,
            coverage=coverage,
            classes=_words(classes),
            origins=_words(origins),
            version=version,
            method=method,
            estimate=estimate,
            full_method=full,
        )

    def _method(
        self, kpi: str, version: str, standard: str | None, numbers: Mapping[str, str]
    ) -> tuple[str | None, str | None]:
        """How a version computes, and how it does with the numbers of its standards; None where it is not known."""
        row = self._connection.execute(_SQL["document"], {"kpi": kpi, "version": version}).fetchone()
        document: Mapping[str, Any] | None = row[0] if row else None
        shipped = shipped_definitions().get(kpi)
        if document is None and shipped is not None and shipped.version == version:
            document = shipped.document
        if document is None:
            return None, None
        return method_of(document), full_method_of(document, numbers, standard)


@cache
def _words(text: str | None) -> frozenset[str]:
    """A JSON list of words: one of few, so that it is read once."""
    return frozenset(read_json(text, list[str])) if text else frozenset()
