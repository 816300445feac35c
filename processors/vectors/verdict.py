"""What became of each case: passed, failed with its reasons, or unsupported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bypuls.errors import BypulsError
from bypuls.standards import Standards
from processors.vectors.case import Case, Malformed
from processors.vectors.rule import Given, InputError, Rule

_NOISE = 1e-12  # of floats: what is no difference


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one case; `lines` say each mismatch, or why it is unsupported."""

    outcome: Literal["passed", "failed", "unsupported"]
    lines: tuple[str, ...] = ()


def judge(cases: Iterable[Case | Malformed], rules: Mapping[str, Rule], standards: Standards) -> Iterator[Verdict]:
    """The verdicts in the order of the cases."""
    for case in cases:
        if isinstance(case, Malformed):
            yield Verdict("failed", (f"{case.place}: {case.why}",))
        elif case.standard not in rules:
            line = f"{case.place}: {case.case_id}: standard {case.standard!r} is not supported"
            yield Verdict("unsupported", (line,))
        else:
            lines = tuple(_mismatches(case, rules[case.standard], standards))
            yield Verdict("failed" if lines else "passed", lines)


def summary(verdicts: Iterable[Verdict]) -> str:
    """The last line."""
    outcomes = [verdict.outcome for verdict in verdicts]
    count = {outcome: outcomes.count(outcome) for outcome in ("passed", "failed", "unsupported")}
    return ", ".join(f"{number} {outcome}" for outcome, number in count.items())


def same(got: object, expected: object, tolerance: float, *, relative: bool = False) -> bool:
    """Whether an answer is what was expected.

    Numbers may differ by the tolerance (a share of the expected one where `relative`); all else must be equal, lists
    and objects in every part. A truth value is no number, and null is nothing but null.
    """
    if _is_number(expected) and _is_number(got):
        allowed = tolerance * abs(expected) if relative else tolerance  # type: ignore[arg-type]
        noise = _NOISE * max(1.0, abs(expected))  # type: ignore[arg-type]
        return abs(got - expected) <= allowed + noise  # type: ignore[operator, no-any-return]
    if isinstance(expected, list) and isinstance(got, list | tuple):
        pairs = zip(got, expected, strict=False)
        return len(got) == len(expected) and all(same(one, other, 0) for one, other in pairs)
    return type(got) is type(expected) and got == expected


def _mismatches(case: Case, rule: Rule, standards: Standards) -> Iterator[str]:
    where = f"{case.place}: {case.case_id} {case.standard}"
    if unknown := case.inputs.keys() - rule.inputs:
        yield f"{where}: unknown input {', '.join(sorted(unknown))}; it takes {', '.join(sorted(rule.inputs))}"
        return
    try:
        with np.errstate(all="ignore"):  # what overflows shows in the answer
            answer = rule.compute(standards, Given(case.inputs))
    except ArithmeticError:
        yield f"{where}: its numbers are too large or too small to compute with"
        return
    except (InputError, BypulsError, LookupError, TypeError, ValueError) as error:
        yield f"{where}: {error}"
        return
    how = "relative " if rule.relative else ""
    for key, expected in case.expected.items():
        if key not in answer:
            yield f"{where}: {key} is none of its answers: {', '.join(answer)}"
        elif not same(answer[key], expected, case.tolerance, relative=rule.relative):
            got = f"got {_said(answer[key])}, expected {_said(expected)}"
            yield f"{where} {key}: {got}, {how}tolerance {case.tolerance:g} ({case.source or 'no source'})"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
