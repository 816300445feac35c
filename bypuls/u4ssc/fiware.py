"""An assessment as FIWARE Smart Data Models entities: KeyPerformanceIndicator 0.2.1, as NGSI-LD or normalized NGSI-v2.

One entity per data point that has a value; what the model has no word for (state, unverified definition, label) are
attributes of our own, as the model allows. The model wants `process` or `product`: U4SSC's category is the process.
Model: https://github.com/smart-data-models/dataModel.KeyPerformanceIndicator (schema 0.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from bypuls.u4ssc.assessment import Assessment, KpiResult, PointResult

Form = Literal["ngsi-ld", "ngsi-v2"]

TYPE = "KeyPerformanceIndicator"
CONTEXT = (
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
    "https://raw.githubusercontent.com/smart-data-models/dataModel.KeyPerformanceIndicator/master/context.jsonld",
)
_STANDING = {"gte_95": "veryGood", "66_95": "good", "33_66": "fair", "lt_33": "bad"}
"""The model has five; U4SSC's bands are four. A lowest band is bad, never veryBad: U4SSC gives it a point."""
_METHOD = {"measured": "automatic", "register": "semiautomatic", "reported": "manual"}
_FORBIDDEN = re.compile(r"[<>\"'=;()]")
"""Characters that FIWARE's Context Broker (Orion) refuses in attribute values."""


def entities(assessment: Assessment, form: Form, language: Literal["en", "nb"] = "en") -> list[dict[str, Any]]:
    """One entity per data point with a value, in the catalogue's order.

    Args:
        assessment: the city's year.
        form: `ngsi-ld` (with @context) or `ngsi-v2` (normalized; texts without the characters that Orion refuses).
        language: of names and descriptions.
    """
    return [
        _ld(values, name) if form == "ngsi-ld" else _v2(values, name) for name, values in _plain(assessment, language)
    ]


def key_values(assessment: Assessment, language: Literal["en", "nb"] = "en") -> list[dict[str, Any]]:
    """The same entities without types of attributes: the form that the model's JSON schema describes."""
    return [{"id": _urn(name), "type": TYPE} | values for name, values in _plain(assessment, language)]


def _plain(assessment: Assessment, language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for kpi in assessment.kpis:
        for point in kpi.data_points:
            if point.value is not None:
                yield _name(assessment, point), _attributes(assessment, kpi, point, language)


def _attributes(assessment: Assessment, kpi: KpiResult, point: PointResult, language: str) -> dict[str, Any]:
    part = f", {point.name[language]}" if point.data_point else ""
    found: dict[str, Any] = {
        "name": f"U4SSC {point.code} {point.data_point}".strip(),
        "alternateName": f"{kpi.name[language]}{part}",
        "description": f"{kpi.definition[language]}. {assessment.label[language]}",
        "category": ["quantitative"],
        "process": kpi.category[language],
        "organization": assessment.city,
        "area": assessment.city,
        "calculatedBy": "Bypuls",
        "calculationMethod": _METHOD[point.state],
        "calculationFrequency": "yearly",
        "calculationPeriod": {"from": f"{assessment.year}-01-01", "to": f"{assessment.year}-12-31"},
        "calculationFormula": kpi.formula,
        "kpiValue": point.value,
        "unit": point.unit,
        "state": point.state,
        "definitionUnverified": point.unverified,
        "label": assessment.label[language],
    }
    if point.band is not None and point.percent is not None and point.benchmark is not None:
        found["currentStanding"] = _STANDING[point.band]
        found["percentOfTarget"] = round(point.percent, 4)
        found["percentRule"] = assessment.percent_rule[language]
        found["businessTarget"] = (
            f"{point.benchmark.target:g} {point.unit} (0 %: {point.benchmark.start:g}); {point.benchmark.source}"
        )
    changed = next((one.changed_at for one in point.candidates if one.used), None)
    optional = {
        "source": _source(point),
        "dataQuality": point.data_quality,
        "provisional": point.provisional or None,
        "simulated": point.simulated or None,
        "updatedAt": None if changed is None else _instant(changed),
    }
    return found | {name: value for name, value in optional.items() if value is not None}


def _source(point: PointResult) -> str | None:
    if point.evidence and (link := point.evidence.get("inputs")):
        return str(link)
    return point.source


def _name(assessment: Assessment, point: PointResult) -> str:
    code = point.code.replace(": ", "-")
    return "-".join(part for part in ("u4ssc", assessment.city, str(assessment.year), code, point.data_point) if part)


def _urn(name: str) -> str:
    return f"urn:ngsi-ld:{TYPE}:{name}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _ld(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for key, value in values.items():
        if key == "updatedAt":
            attributes[key] = {"type": "Property", "value": {"@type": "DateTime", "@value": value}}
        elif key == "kpiValue":
            attributes[key] = {
                "type": "Property",
                "value": value,
                "observedAt": f"{values['calculationPeriod']['to']}T23:59:59Z",
            }
        else:
            attributes[key] = {"type": "Property", "value": value}
    return {"id": _urn(name), "type": TYPE} | attributes | {"@context": list(CONTEXT)}


def _v2(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": _urn(name), "type": TYPE} | {key: _typed(key, value) for key, value in values.items()}


def _encoded(forbidden: re.Match[str]) -> str:
    """In a link, which without its = led nowhere: who follows it decodes it first, as Orion's manual advises."""
    return quote(forbidden[0], safe="")


def _typed(key: str, value: Any) -> dict[str, Any]:
    if key == "updatedAt":
        return {"type": "DateTime", "value": value}
    if isinstance(value, bool):
        return {"type": "Boolean", "value": value}
    if isinstance(value, int | float):
        return {"type": "Number", "value": value}
    if isinstance(value, str):
        return {"type": "Text", "value": _FORBIDDEN.sub(_encoded if value.startswith("/") else "", value)}
    return {"type": "StructuredValue", "value": value}
