"""What a reader must know of the data: found in the evidence, or written down by those who know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bypuls.errors import SettingsError
from bypuls.snapshot import DataNote, KpiResult, U4sscAssessment
from bypuls.standards import Standards
from bypuls.typed import convert
from processors.reports.wording import LANGUAGES, Wording, both

Row = dict[str, Any]


def read_notes(file: Path) -> list[DataNote]:
    """Notes that people wrote: a YAML list of kind, subject, text by language and source.

    Raises:
        SettingsError: the file cannot be read as that.
    """
    try:
        return convert(yaml.safe_load(file.read_text(encoding="utf-8")), list[DataNote])
    except OSError as error:
        raise SettingsError(f"notes {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SettingsError(f"notes {file}: {str(error).splitlines()[0]}") from None


def notes_of(rows: Sequence[Row], results: Sequence[KpiResult], assessment: U4sscAssessment | None) -> list[DataNote]:
    """What the values' evidence says that their tables do not."""
    found = [*_simulated(results), *_provisional(results), *_estimated(rows), *_left_out(rows), *_standards(results)]
    return [*found, *(_definitions(assessment) if assessment else [])]


def _simulated(results: Sequence[KpiResult]) -> Iterator[DataNote]:
    simulated = sum("simulated" in result.origins for result in results)
    if simulated:
        yield DataNote(
            kind="simulated",
            subject=f"{simulated} / {len(results)}",
            text=both("noted.simulated", number=simulated, total=len(results)),
        )


def _provisional(results: Sequence[KpiResult]) -> Iterator[DataNote]:
    open_ = sum(result.status == "provisional" for result in results)
    if open_:
        yield DataNote(
            kind="other",
            subject=f"{open_} / {len(results)}",
            text=both("noted.provisional", number=open_, total=len(results)),
        )


def _estimated(rows: Sequence[Row]) -> Iterator[DataNote]:
    seen: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["evidence"].get("estimate"):
            seen.setdefault(row["kpi"], row["evidence"].get("estimate_why") or {})
    for kpi, why in sorted(seen.items()):
        text = {
            "en": f"An estimate, not a measurement: {why.get('en', '')}".strip(" :"),
            "nb": f"Et anslag, ikke en måling: {why.get('nb', '')}".strip(" :"),
        }
        yield DataNote(kind="estimated", subject=kpi, text=text)


def _left_out(rows: Sequence[Row]) -> Iterator[DataNote]:
    """Of the concentrations and levels themselves: other KPIs of a property rest on the same readings."""
    for row in rows:
        left = row["evidence"].get("left_out") or {}
        suspect, fail = left.get("suspect", 0), left.get("fail", 0)
        if row["scope_kind"] == "site" and row["kpi"].endswith(".mean") and suspect + fail:
            yield DataNote(
                kind="left_out",
                subject=f"{row['scope_name']}: {row['kpi']}",
                text=both("noted.left_out", suspect=suspect, fail=fail),
            )


def _standards(results: Sequence[KpiResult]) -> Iterator[DataNote]:
    known = Standards.load()
    unverified = {result.standard for result in results if result.standard and result.standard_status}
    for name in sorted(unverified):
        status = next(
            result.standard_status for result in results if result.standard == name and result.standard_status
        )
        standard = known.limits.get(name) or known.scales.get(name) or known.rules.get(name)
        title = standard.title if standard else {"en": name, "nb": name}
        yield DataNote(
            kind="unverified",
            subject=name,
            text={
                language: Wording(language)("noted.standard", name=Wording(language).text(title), status=status)
                for language in LANGUAGES
            },
            source=standard.source if standard else None,
        )


def _definitions(assessment: U4sscAssessment) -> Iterator[DataNote]:
    if assessment.unverified_kpis:
        number = assessment.unverified_kpis
        yield DataNote(
            kind="unverified",
            subject="U4SSC",
            text=both("noted.definitions", number=number),
        )
