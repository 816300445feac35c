"""Limits, rounding, percentiles, coverage, guidelines."""

from __future__ import annotations

from datetime import date

from bypuls.formulas import coverage
from bypuls.formulas.exceedance import equivalent_percentile, exceeds, meets, rank_from_top
from bypuls.formulas.rounding import round_half_up as rounded
from bypuls.formulas.running_means import EIGHT_HOURS, OF_EIGHT, mean_of
from bypuls.standards import Standards, decimals_of
from processors.vectors.rule import Answer, Given, rule

_AVERAGINGS = {"8h": "max_8h", "8h_mg": "max_8h", "24h_mg": "24h", "1h_mg": "1h", "15min_mg": "15min"}


@rule("value", "limit", "decimals", "pollutant")
def eu_exceedance(_standards: Standards, given: Given) -> Answer:
    """Whether a statistic is above a limit, rounded to its decimals."""
    value, limit = given.number("value"), given.number("limit")
    if value is None or limit is None:
        return {"exceeded": None}
    decimals = given.number("decimals")
    return {"exceeded": exceeds(value, limit, decimals_of(limit) if decimals is None else int(decimals))}


@rule("n", "allowed")
def eu_percentile(_standards: Standards, given: Given) -> Answer:
    """The percentile and rank that allowed exceedances are."""
    count, allowed = given.number("n"), given.number("allowed")
    if count is None or allowed is None:
        return {"percentile": None, "rank_from_top": None}
    percentile = equivalent_percentile(int(count), int(allowed))
    return {"percentile": percentile, "rank_from_top": None if percentile is None else rank_from_top(int(allowed))}


@rule("value", "decimals")
def round_half_up(_standards: Standards, given: Given) -> Answer:
    """A half goes up."""
    value, decimals = given.number("value"), given.number("decimals", 0)
    return {"rounded": None if value is None else float(rounded(value, int(decimals or 0)))}


@rule("valid_hours", "of")
def day_mean(_standards: Standards, given: Given) -> Answer:
    """Whether a day mean may be formed."""
    return {"valid": coverage.day_is_valid(int(given.number("valid_hours") or 0), int(given.number("of", 24) or 0))}


@rule("hours")
def running_8h(_standards: Standards, given: Given) -> Answer:
    """The mean of eight hours, of which six are there."""
    mean = mean_of(given.numbers("hours")[-EIGHT_HOURS:], OF_EIGHT)
    return {"mean": mean, "valid": mean is not None}


@rule("metric", "value")
def who_2021(standards: Standards, given: Given) -> Answer:
    """What of the guideline a value meets, and how many times the guideline it is."""
    pollutant, _, averaging = given.text("metric").partition("_")
    standard, value = standards.limit_standard("who_2021"), given.number("value")
    limit = standard.limit(pollutant, _AVERAGINGS.get(averaging, averaging), date.max)
    if limit is None or value is None:
        return dict.fromkeys(("meets", "highest_met", "meets_aqg", "ratio"))
    met = meets(value, limit)
    return {"meets": met, "highest_met": met, "meets_aqg": met == "AQG", "ratio": value / limit.value}


@rule("code")
def eu_validity_code(standards: Standards, given: Given) -> Answer:
    """Whether a value with this flag counts."""
    valid = standards.rule("eu_ereporting").values["valid"]
    return {"valid": coverage.reported_as_valid(given.values.get("code"), valid)}
