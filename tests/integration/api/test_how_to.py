"""The snippets of the how-to page run as they stand."""

import re
from pathlib import Path

import pytest

from tests.integration.api.seed import KPI

PAGE = Path(__file__).parents[3] / "docs/how-to/pull-into-pandas.md"

pytestmark = pytest.mark.lane("plain")


def test_the_pandas_page_runs_as_it_stands(own_api):
    own_api.sql(
        """UPDATE kpi_value SET evidence = evidence || jsonb_build_object('inputs', format(
               '/v1/kpis/%%s/inputs?city=%%s&scope_kind=%%s&scope=%%s&period=%%s&start=%%s', kpi, city, scope_kind,
               scope, period, to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))""",
        [],
    )
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    code = (
        code.replace("http://127.0.0.1:8080", own_api.url).replace("trondheim", "alpha").replace("air.pm10.mean", KPI)
    )
    found = {}
    exec(code, found)  # noqa: S102 - the page's own code
    assert found["table"]["square"].tolist() == [10.0, 11.0, 12.0]
    assert str(found["by_day"]["day"].iloc[0]) == "2024-06-01"
    assert found["hours"].tolist() == [3, 3, 3]
    assert found["inputs"]["site"].unique().tolist() == ["square"]
    assert set(found["why"]["reason"]) == {"low_coverage", "silent"}
    assert len(found["rows"]) == 54
