"""The export as FIWARE's KeyPerformanceIndicator, against the facts of its JSON schema (version 0.2.1).

`SCHEMA` restates what smart-data-models/dataModel.KeyPerformanceIndicator/KeyPerformanceIndicator/schema.json and the
common schema's EntityIdentifierType say of the attributes that we write: types, formats and enumerations.
"""

from datetime import UTC, date, datetime

import jsonschema
import pytest

from bypuls.u4ssc.assessment import Benchmark
from bypuls.u4ssc.candidates import CityYear, KpiYear, Stated
from bypuls.u4ssc.catalogue import load_catalogue
from bypuls.u4ssc.fiware import entities, key_values
from bypuls.u4ssc.judging import judge

TEXT = {"type": "string"}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "type"],
    "properties": {
        "id": {"type": "string", "maxLength": 256, "minLength": 1, "pattern": r"^[\w\-\.\{\}\$\+\*\[\]`|~^@!,:\\]+$"},
        "type": {"enum": ["KeyPerformanceIndicator"]},
        "name": TEXT,
        "alternateName": TEXT,
        "description": TEXT,
        "area": TEXT,
        "organization": TEXT,
        "process": TEXT,
        "source": TEXT,
        "businessTarget": TEXT,
        "calculatedBy": TEXT,
        "calculationFormula": TEXT,
        "category": {
            "type": "array",
            "minItems": 1,
            "items": {
                "enum": ["actionable", "directional", "financial", "input", "lagging", "leading", "output", "practical",
                         "process", "qualitative", "quantitative"]
            },
        },
        "calculationFrequency": {
            "enum": ["hourly", "daily", "weekly", "monthly", "yearly", "quarterly", "bimonthly", "biweekly"]
        },
        "calculationMethod": {"enum": ["manual", "automatic", "semiautomatic"]},
        "calculationPeriod": {
            "type": "object",
            "properties": {"from": {"type": "string", "format": "date"}, "to": {"type": "string", "format": "date"}},
        },
        "currentStanding": {"enum": ["veryGood", "good", "fair", "bad", "veryBad"]},
        "kpiValue": {"oneOf": [{"type": kind} for kind in ("string", "number", "boolean", "object", "array")]},
        "updatedAt": {"type": "string", "format": "date-time"},
    },
}  # fmt: skip
AIR = "EN: EN: AQ: 1C"
NOON = datetime(2021, 1, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def assessment():
    evidence = {"origin": ["measured"], "class": ["reference"], "inputs": "/v1/kpis/air.pm10.mean/inputs?city=t"}
    return judge(
        load_catalogue(),
        CityYear(
            city="trondheim",
            year=2020,
            measured={
                "air.pm10.mean": KpiYear(
                    "air.pm10.mean", 13.5, "ug/m3", "ok", None, "final", 0.97, evidence, "sha256:1", NOON, NOON
                )
            },
            stated=[
                Stated("SC: SH: SA: 3A", "", "reported", 0),
                Stated("SC: SH: SI: 2C", "", "register", 0.243, source="SSB 09114 (statbank)", changed_at=NOON),
            ],
            benchmarks={
                (AIR, "pm_10"): Benchmark(start=25, target=15, source="Plan", valid_from=date(2020, 1, 1)),
                ("SC: SH: SI: 2C", ""): Benchmark(start=0.4, target=0.2, source="Plan", valid_from=date(2020, 1, 1)),
            },
        ),
    )


def test_every_entity_meets_the_models_schema(assessment):
    found = key_values(assessment)
    assert [one["kpiValue"] for one in found] == [13.5, 0.243, 0]
    for one in found:
        jsonschema.validate(one, SCHEMA, format_checker=jsonschema.FormatChecker())
        assert one["process"]  # "Either process or product must be defined"
        assert one["label"] == "computed by Bypuls, not U4SSC-verified"
    air, gini, plans = found
    assert air["id"] == "urn:ngsi-ld:KeyPerformanceIndicator:u4ssc-trondheim-2020-EN-EN-AQ-1C-pm_10"
    assert (air["currentStanding"], air["percentOfTarget"], air["calculationMethod"]) == (
        "veryGood",
        115.0,
        "automatic",
    )
    assert air["source"] == "/v1/kpis/air.pm10.mean/inputs?city=t"
    # 100 x (0.243 - 0.4) / (0.2 - 0.4) = 78.5 %: the second of four bands
    assert (gini["currentStanding"], gini["percentOfTarget"]) == ("good", 78.5)
    assert (gini["calculationMethod"], gini["definitionUnverified"]) == ("semiautomatic", True)
    assert "currentStanding" not in plans


def test_a_wrong_value_would_be_noticed(assessment):
    one = key_values(assessment)[0] | {"calculationFrequency": "annual"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(one, SCHEMA)


def test_ngsi_ld_has_a_context_and_properties(assessment):
    """As examples/example-normalized.jsonld of the model: every attribute a Property, the context at the end."""
    for one in entities(assessment, "ngsi-ld", "nb"):
        assert one["@context"][0] == "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
        attributes = {key: value for key, value in one.items() if key not in {"id", "type", "@context"}}
        assert {value["type"] for value in attributes.values()} == {"Property"}
        assert one["id"].startswith("urn:ngsi-ld:KeyPerformanceIndicator:")
        assert one["label"]["value"] == "beregnet av Bypuls, ikke verifisert av U4SSC"


def test_ngsi_v2_is_typed_and_free_of_what_orion_refuses(assessment):
    found = entities(assessment, "ngsi-v2")
    kinds = {key: value["type"] for key, value in found[1].items() if key not in {"id", "type"}}
    assert (kinds["kpiValue"], kinds["category"], kinds["updatedAt"]) == ("Number", "StructuredValue", "DateTime")
    assert kinds["calculationPeriod"] == "StructuredValue"
    texts = [value["value"] for one in found for value in one.values() if isinstance(value, dict)]
    assert not any(set(text) & set("<>\"'=;()") for text in texts if isinstance(text, str))
    air = next(one for one in found if "pm_10" in one["id"])
    assert air["source"]["value"] == "/v1/kpis/air.pm10.mean/inputs?city%3Dt", "decoded it leads to the inputs"
