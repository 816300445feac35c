"""The committed boards against Grafana's own JSON schemas (recorded data, not part of the repository).

Three exports are stricter than Grafana is (CUE's "any" came out as object, a number as integer) and are relaxed.
"""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.boards_on_a_database import boards

pytestmark = pytest.mark.shared
OPTIONS = {
    "stat": "stat", "table": "table", "timeseries": "timeseries", "bargauge": "bargauge", "geomap": "geomap",
    "state-timeline": "statetimeline", "text": "text",
}  # fmt: skip


@pytest.fixture(scope="module")
def schemas(shared):
    folder = shared / "data" / "grafana" / "jsonschema"
    if not folder.is_dir():
        pytest.skip(f"lane shared: no Grafana schemas at {folder}")

    def load(name):
        return json.loads((folder / f"{name}.jsonschema.json").read_text(encoding="utf-8"))

    return load


@pytest.mark.parametrize("uid", boards())
def test_a_board_is_what_grafana_reads(schemas, uid):
    schema = schemas("dashboard")
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    jsonschema.validate(boards()[uid], schema)


@pytest.mark.parametrize("uid", boards())
def test_the_options_of_a_panel_are_those_of_its_kind(schemas, uid):
    for panel in boards()[uid]["panels"]:
        if panel["type"] == "row":
            continue
        schema = schemas(OPTIONS[panel["type"]])
        if panel["type"] == "geomap":
            for name in ("lat", "lon", "zoom"):
                schema["definitions"]["MapViewConfig"]["properties"][name] = {"type": "number"}
        jsonschema.validate(panel["options"], {**schema, "$ref": "#/definitions/Options"})


def test_a_wrong_key_and_a_wrong_type_would_be_found(schemas):
    schema = schemas("dashboard")
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    for change in ({"refresh": 30}, {"panles": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**boards()["air"], **change}, schema)
