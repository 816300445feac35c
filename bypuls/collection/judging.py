"""From what somebody says of a data point to what is stored: result of its parts, unit, and what contradicts itself.

Pure. Arithmetic is done on the numbers as they are stored, so that a file exported and imported changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bypuls.collection.columns import Name
from bypuls.collection.said import Complaint, Said
from bypuls.collection.sentences import FACTS
from bypuls.collection.unit_texts import WrongUnit, factor
from bypuls.storage.reported_values import Reported
from bypuls.u4ssc.catalogue import Key, Point, U4sscCatalogue
from bypuls.u4ssc.plausibility import Entries, Entry, Finding, Known, check_values
from bypuls.u4ssc.scoring import value_of

_ROUNDED = 0.005
"""A typed result may differ from its parts' by this share of it: people round."""
_SHEET_DIGITS = 1e-14
"""Spreadsheets keep 15 digits of the 17 that a double has."""
_OF_SEVERAL = frozenset({"does_not_total", "above_the_step_before", "denominators_disagree", "above_the_wider_kpi"})
"""Rules about several values: one of them alone cannot be refused for it, or no order of entry would be right."""


@dataclass(slots=True)
class Judged:
    """What becomes of what somebody said: `reported` is stored, unless something is wrong."""

    reported: Reported | None = None
    wrong: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)


def judge(said: Said, facts: Mapping[str, float], stored: Reported | None) -> Judged:
    """Work out what is to be stored; what was not stated stays as it is stored."""
    judged = Judged()
    point = said.point
    value = _number(said.value, stored.value if stored is not None else None)
    numerator = _number(said.numerator, stored.numerator if stored is not None else None)
    denominator = _number(said.denominator, stored.denominator if stored is not None else None)
    if not said.not_reported and not (said.kept and stored is not None):
        denominator = _denominator(said, numerator, denominator, facts, judged)
        value = _value(said, (value, numerator, denominator), judged)
    if judged.wrong:
        return judged
    numbers = (None, None, None) if said.not_reported else (value, numerator, denominator)
    if said.kept and stored is not None:
        numbers = stored.numbers
    judged.reported = Reported(
        code=point.kpi.code,
        data_point=point.data_point,
        value=numbers[0],
        numerator=numbers[1],
        denominator=numbers[2],
        unit=point.unit,
        data_quality=_kept(said, stored, "data_quality") or "unknown_method",
        data_origin=_kept(said, stored, "data_origin"),
        source=_kept(said, stored, "source"),
        comment=_kept(said, stored, "comment"),
        verified=_verified(said, stored, numbers, judged),
    )
    return judged


def _verified(
    said: Said, stored: Reported | None, numbers: tuple[float | None, float | None, float | None], judged: Judged
) -> str:
    """A verifier's word is of the numbers that were seen: another number has it only where it is said again."""
    if stored is None or stored.verified == "unknown" or numbers == stored.numbers:
        return _kept(said, stored, "verified") or "unknown"
    if said.verified is not None and said.verified == stored.verified:
        judged.warnings.append(said.told("verified", "another_than_verified"))
    return said.verified or "unknown"


def questions(
    catalogue: U4sscCatalogue,
    values: Mapping[Key, Reported],
    facts: Mapping[str, float],
    last_year: Mapping[Key, float],
) -> list[Finding]:
    """What a verifier would ask about a city's year."""
    return check_values(catalogue, _entries(values), Known(facts=facts, last_year=last_year))


def forbids(finding: Finding, codes: set[str], *, alone: bool) -> bool:
    """Whether a finding keeps values of `codes` from being stored; `alone`: only one of them is being entered."""
    if finding.severity != "wrong" or finding.code not in codes:
        return False
    return not (alone and finding.rule in _OF_SEVERAL)


def _entries(values: Mapping[Key, Reported]) -> Entries:
    return {
        key: Entry(value=one.value, numerator=one.numerator, denominator=one.denominator, unit=one.unit)
        for key, one in values.items()
        if one.value is not None
    }


def _number(part: Decimal | None, stored: float | None) -> float | None:
    """A number as it is stored; one that a spreadsheet gave back without its last digits is still the same."""
    if part is None:
        return None
    number = float(part)
    return stored if stored is not None and abs(number - stored) <= _SHEET_DIGITS * abs(stored) else number


def _kept(said: Said, stored: Reported | None, name: Name) -> str | None:
    """What is said; what was not spoken of stays as it stands."""
    if name in said.given or stored is None:
        return getattr(said, name)  # type: ignore[no-any-return]
    return getattr(stored, name)  # type: ignore[no-any-return]


def _denominator(
    said: Said, numerator: float | None, denominator: float | None, facts: Mapping[str, float], judged: Judged
) -> float | None:
    kpi, point = said.point.kpi, said.point
    if point.yes_or_no and (numerator is not None or denominator is not None):
        judged.wrong.append(said.told("numerator", "yes_or_no_alone"))
    elif denominator is not None and not has_denominator(point):
        judged.wrong.append(said.told("denominator", "no_denominator"))
    elif denominator == 0:
        judged.wrong.append(said.told("denominator", "zero_denominator"))
    elif numerator is not None and denominator is None and has_denominator(point):
        prefilled = prefilled_denominator(point, facts)
        if prefilled is not None:
            english, norwegian = _fact(point)
            known = {"fact": english, "fact_nb": norwegian, "number": f"{prefilled:.10g}"}
            judged.warnings.append(said.told("numerator", "prefilled", **known))
            return prefilled
        if said.value is None:
            judged.wrong.append(said.told("numerator", "needs_denominator", denominator=str(kpi.denominator)))
    return denominator


def has_denominator(point: Point) -> bool:
    """Whether its value is a quotient: not a count, beside a KPI's percentages, nor yes or no."""
    return point.kpi.denominator is not None and point.multiplier == point.kpi.multiplier and not point.yes_or_no


def prefilled_denominator(point: Point, facts: Mapping[str, float]) -> float | None:
    """The denominator that the template prefills: population, households, or a 100 000th of them."""
    wanted = point.kpi.denominator_fact
    if wanted is None or not has_denominator(point):
        return None
    fact = facts.get(wanted.fact)
    return None if fact is None else fact / wanted.per


def _fact(point: Point) -> tuple[str, str]:
    wanted = point.kpi.denominator_fact
    if wanted is None:
        return "", ""
    per = "" if wanted.per == 1 else f" / {wanted.per}"
    return f"{wanted.fact}{per}", f"{FACTS.get(wanted.fact, wanted.fact)}{per}"


def _value(said: Said, parts: tuple[float | None, float | None, float | None], judged: Judged) -> float | None:
    typed, numerator, denominator = parts
    point = said.point
    if said.percent and not point.unit.startswith("%"):
        judged.wrong.append(said.told("result", "not_a_percentage", unit=point.unit))
    try:
        scale = float(factor(said.unit, point.unit))
    except WrongUnit as error:
        judged.wrong.append(said.told("unit", "wrong_unit", given=error.given, unit=point.unit, hint=error.hint))
        return None
    if judged.wrong:
        return None
    computed = _computed(point, numerator, denominator)
    if scale != 1 and computed is not None:
        judged.wrong.append(said.told("unit", "parts_in_unit", unit=point.unit))
    elif computed is not None and typed is not None and not _agree(typed, computed, said.value):
        numbers = {"typed": f"{typed:.10g}", "computed": f"{computed:.6g}"}
        judged.wrong.append(said.told("result", "not_of_its_parts", **numbers))
    if computed is not None:
        return computed
    if typed is None:
        judged.wrong.append(said.told("result", "no_value"))
        return None
    if scale != 1:
        numbers = {"typed": f"{typed:.10g}", "number": f"{typed * scale:.10g}"}
        judged.warnings.append(said.told("unit", "converted", given=str(said.unit), unit=point.unit, **numbers))
    elif point.unit.startswith("%") and not said.percent and 0 < typed < 1:
        numbers = {"typed": f"{typed:g}", "number": f"{typed * 100:g}"}
        judged.warnings.append(said.told("result", "less_than_a_hundredth", **numbers))
    return typed * scale


def _computed(point: Point, numerator: float | None, denominator: float | None) -> float | None:
    if numerator is None:
        return None
    if not has_denominator(point):
        return numerator * point.multiplier
    return value_of(numerator, denominator, point.multiplier)


def _agree(typed: float, computed: float, written: Decimal | None) -> bool:
    exponent = written.as_tuple().exponent if written is not None else 0
    half_a_digit = 0.5 * 10.0 ** (exponent if isinstance(exponent, int) else 0)
    return abs(typed - computed) <= max(half_a_digit if half_a_digit < 1 else 0.5, _ROUNDED * abs(computed)) + 1e-12
