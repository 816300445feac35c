"""The API's description: what FastAPI finds out, and what it cannot.

python -m api.openapi     write docs/openapi.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from psycopg_pool import ConnectionPool

from api.problems import Problem
from bypuls.settings import ApiSettings

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"

SUMMARY = "City pulse: measured values of a city, and the indicators that follow from them, with their evidence."
DESCRIPTION = """
Every list is JSON, or CSV with the same columns (`?format=csv` or `Accept: text/csv`).

* **Pages.** `limit` (1000 unless given, at most 10,000) and `next`; follow `next` (in CSV the header `Link`) as it is.
  CSV without `limit` is everything, streamed.
* **Times** are RFC 3339 in UTC with `Z`; beside it stands the city's own time with its offset (`time_local` …). A
  time in a parameter carries its zone; a day alone is the midnight in the city with which it begins. `from` is
  included, `to` is not.
* **Numbers** come with their unit. A number that is not there is null, never NaN, and never 0.
* **A city's data** are only in answers to that city: nearly every address takes `city`.
* **Errors** are problem details (RFC 9457): `detail` says what, where and how to mend it.
* **Reading** is open. **Writing** needs `Authorization: Bearer byp_…`; raw messages need it too from another machine.
"""
TAGS = [
    {"name": "Cities and places", "description": "Where: cities, areas, sites."},
    {"name": "Devices", "description": "What publishes, what became of its messages, and what was refused."},
    {"name": "Measurements", "description": "Values as they were measured, and by the hour."},
    {"name": "Indicators", "description": "KPIs: definitions, values with evidence, new values as they come."},
    {"name": "U4SSC", "description": "What a city reports, its rounds of collection, and how U4SSC would score it."},
    {"name": "Plans", "description": "Goals, targets, measures; trends and comparisons."},
    {"name": "Operations", "description": "Whether it runs, what is silent, who changed what."},
]


def describe(app: FastAPI) -> None:
    """Give `app` its full description, made when first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=SUMMARY,
                description=DESCRIPTION,
                routes=app.routes,
                tags=TAGS,
                license_info={"name": "Apache-2.0"},
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            document["components"]["schemas"] = dict(sorted(schemas.items()))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def document() -> dict[str, Any]:
    """The description, made without a database."""
    from api.app import create_app

    pool = cast("Any", ConnectionPool("", open=False))
    return create_app(ApiSettings.model_construct(host="127.0.0.1", port=8080), pool).openapi()


def render() -> str:
    """The file's text."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{FILE}: written\n")


if __name__ == "__main__":
    main()
