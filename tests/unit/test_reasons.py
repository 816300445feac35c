"""Every refusal in the code uses a reason that people can look up."""

import ast
from pathlib import Path

from ingest.reasons import IGNORED, REASONS

ROOT = Path(__file__).parents[2]
MAKERS = {"refusal", "Refusal", "Refused", "UnitError", "fault", "Stray"}  # the last two of imported files


def codes_in(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MAKERS:
            named = [part for part in node.args[:2] if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if named:
                yield named[0].value


def test_every_code_that_is_used_is_explained_and_every_explained_one_is_used():
    files = [path for room in ("bypuls", "ingest") for path in (ROOT / room).rglob("*.py")]
    used = {code for path in files for code in codes_in(path)}
    assert used - set(REASONS) == set()
    assert set(REASONS) - used == {"retained_without_time"}  # a message of which it is said is ignored, not refused


def test_every_reason_says_what_and_how_to_mend_it():
    assert all(reason.what and reason.hint for reason in REASONS.values())
    assert all(IGNORED.values())
    assert {"empty", "no_values", "retained_without_time"} <= set(IGNORED)
