"""The catalogue and an assessment as rows: one per data point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from bypuls.u4ssc.assessment import Assessment
from bypuls.u4ssc.catalogue import U4sscCatalogue

ASSESSMENT_COLUMNS = (
    "city", "year", "code", "data_point", "name_en", "name_nb", "dimension", "sub_dimension", "category", "level",
    "state", "unverified", "provisional", "simulated", "value", "unit", "numerator", "denominator", "data_quality",
    "percent", "points", "band", "benchmark_start", "benchmark_target", "benchmark_source", "source", "inputs",
    "reason", "reason_en", "reason_nb", "notes_en", "notes_nb", "label_en", "label_nb",
)  # fmt: skip


def of_catalogue(catalogue: U4sscCatalogue) -> Iterator[dict[str, Any]]:
    """Every data point with what the catalogue says of it."""
    label = msgspec.to_builtins(catalogue.meta.label)
    for point in catalogue.points.values():
        kpi = point.kpi
        yield {
            "code": kpi.code,
            "data_point": point.data_point,
            "name_en": kpi.name.en,
            "name_nb": kpi.name.nb,
            "data_point_name_en": point.name.en,
            "data_point_name_nb": point.name.nb,
            "definition_en": kpi.definition.en,
            "definition_nb": kpi.definition.nb,
            "dimension": kpi.dimension,
            "sub_dimension": kpi.sub_dimension,
            "category": kpi.category,
            "level": kpi.level,
            "kind": kpi.kind,
            "unit": point.unit,
            "numerator": kpi.numerator,
            "denominator": kpi.denominator,
            "multiplier": point.multiplier,
            "direction": kpi.direction,
            "scored": point.scored,
            "sensor_computable": kpi.sensor_computable,
            "computed_by": point.computed_by.kpi if point.computed_by else None,
            "sdg": kpi.sdg,
            "target_images": kpi.themes.target_images,
            "principles": kpi.themes.principles,
            "verification": kpi.verification,
            "unverified": kpi.unverified,
            "unverified_fields": kpi.unverified_fields,
            "source": kpi.source,
            "label": label,
        }


def of_assessment(assessment: Assessment) -> Iterator[dict[str, Any]]:
    """Every data point with its state; groups, candidates and questions are in the JSON."""
    for kpi in assessment.kpis:
        for point in kpi.data_points:
            mark, reason = point.benchmark, point.reason_text or {}
            whole = kpi.name if not point.data_point else {k: f"{v}, {point.name[k]}" for k, v in kpi.name.items()}
            yield {
                "city": assessment.city,
                "year": assessment.year,
                "code": point.code,
                "data_point": point.data_point,
                "name_en": whole["en"],
                "name_nb": whole["nb"],
                "dimension": kpi.dimension["en"],
                "sub_dimension": kpi.sub_dimension["en"],
                "category": kpi.category["en"],
                "level": kpi.level,
                "state": point.state,
                "unverified": point.unverified,
                "provisional": point.provisional,
                "simulated": point.simulated,
                "value": point.value,
                "unit": point.unit,
                "numerator": point.numerator,
                "denominator": point.denominator,
                "data_quality": point.data_quality,
                "percent": point.percent,
                "points": point.points,
                "band": point.band,
                "benchmark_start": mark.start if mark else None,
                "benchmark_target": mark.target if mark else None,
                "benchmark_source": mark.source if mark else None,
                "source": point.source,
                "inputs": (point.evidence or {}).get("inputs"),
                "reason": point.reason,
                "reason_en": reason.get("en"),
                "reason_nb": reason.get("nb"),
                "notes_en": "; ".join(note["en"] for note in point.notes),
                "notes_nb": "; ".join(note["nb"] for note in point.notes),
                "label_en": assessment.label["en"],
                "label_nb": assessment.label["nb"],
            }
