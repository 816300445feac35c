"""What is said of an effect, in English and Norwegian: what changed after what, never what made it change. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal, get_args

from bypuls.comparison import Code
from bypuls.effect_numbers import amount, percent, written
from bypuls.effect_pairs import month_name
from bypuls.effects import Change, Effect, NoControl, Refusal
from bypuls.kpi_value import Texts
from bypuls.signed_rank import LEAST_PAIRS, WHOLE_YEAR, Shift

Caution = Literal[
    "weather_not_adjusted",
    "no_control",
    "control_by_kind",
    "one_control",
    "one_year",
    "part_of_year",
    "dependent_months",
    "placebo_moved",
    "control_moved",
    "no_placebo",
    "locked_late",
    "changed_too",
    "places_dropped",
    "several_indicators",
    "simulated",
    "estimate",
    "withdrawn",
]
CAUTIONS: tuple[Caution, ...] = get_args(Caution)

METHOD: Texts = MappingProxyType(
    {
        "en": "Each month after is paired with the same month before. Change: Hodges-Lehmann estimate of the pairs "
        "with its exact 95 % interval by signed ranks (Wilcoxon 1945; Hodges and Lehmann 1963; Helsel et al. 2020, "
        "USGS TM 4-A3), of logarithms where the indicator has a zero to count from; wider where neighbouring months "
        "depend on each other. Beside control sites: the same of the difference between both changes, month by month. "
        "Placebo: the same of the time before against the time before that, and of each control site beside the "
        "others (Abadie, Diamond and Hainmueller 2010); what moved as far there is no finding.",
        "nb": "Hver måned etter settes sammen med samme måned før. Endring: Hodges-Lehmann-estimatet av parene med "
        "eksakt 95 %-intervall fra rangsummer med fortegn (Wilcoxon 1945; Hodges og Lehmann 1963; Helsel mfl. 2020, "
        "USGS TM 4-A3), av logaritmer der indikatoren har et nullpunkt å telle fra; videre der nabomåneder avhenger av "
        "hverandre. Ved siden av kontrollsteder: det samme for forskjellen mellom begge endringene, måned for måned. "
        "Placebo: det samme for tiden før mot tiden før den, og for hvert kontrollsted ved siden av de andre (Abadie, "
        "Diamond og Hainmueller 2010); det som endret seg like mye der, er ikke noe funn.",
    }
)

REASONS: Mapping[Refusal, Texts] = MappingProxyType(
    {
        "not_locked": {
            "en": "it is not locked: how it is judged must be fixed before a result is shown",
            "nb": "det er ikke låst: hvordan det vurderes, må ligge fast før et resultat vises",
        },
        "not_begun": {"en": "it has not begun", "nb": "det har ikke startet"},
        "no_end": {
            "en": "it was stopped, and the plan does not say when (to)",
            "nb": "det er stoppet, og planen sier ikke når (to)",
        },
        "no_definition": {
            "en": "there is no such indicator any more",
            "nb": "indikatoren finnes ikke lenger",
        },
        "no_months": {
            "en": "the indicator has no values of months: years are too few to compare",
            "nb": "indikatoren har ikke månedsverdier: år er for få å sammenligne",
        },
        "overlapping": {
            "en": "each month's value rests on the eleven months before it too: before and after overlap",
            "nb": "hver månedsverdi bygger også på de elleve månedene før: før og etter overlapper",
        },
        "goes_round": {
            "en": "directions go round: north-west is not more than north-east",
            "nb": "retninger går rundt: nordvest er ikke mer enn nordøst",
        },
        "after_not_over": {
            "en": f"fewer than {LEAST_PAIRS} whole months are over since: it cannot be told yet",
            "nb": f"det har gått færre enn {LEAST_PAIRS} hele måneder siden: det kan ikke sies ennå",
        },
        "no_values_after": {"en": "nothing was computed for the months after", "nb": "månedene etter er ikke beregnet"},
        "no_values_before": {"en": "nothing was computed for the months before", "nb": "månedene før er ikke beregnet"},
        "too_few": {
            "en": f"fewer than {LEAST_PAIRS} months have their like before: even five falls in five may be chance",
            "nb": f"færre enn {LEAST_PAIRS} måneder har sin make før: selv fem fall av fem kan være tilfeldig",
        },
        "differs": {
            "en": f"before and after were not made alike, fewer than {LEAST_PAIRS} months can be compared: {{why}}",
            "nb": f"før og etter er ikke laget likt, færre enn {LEAST_PAIRS} måneder kan sammenlignes: {{why}}",
        },
    }
)

DIFFERS: Mapping[Code, Texts] = MappingProxyType(
    {
        "no_value": {"en": "values are missing", "nb": "verdier mangler"},
        "insufficient": {"en": "too little was measured", "nb": "for lite er målt"},
        "provisional": {"en": "data are still coming", "nb": "data kommer fortsatt inn"},
        "unit_differs": {"en": "the unit", "nb": "enheten"},
        "simulated": {"en": "one is simulated, the other is not", "nb": "det ene er simulert, det andre ikke"},
        "origin_differs": {"en": "where the data come from", "nb": "opprinnelsen til dataene"},
        "class_differs": {"en": "the class of the instruments", "nb": "klassen til instrumentene"},
        "definition_differs": {"en": "how the indicator is computed", "nb": "hvordan indikatoren beregnes"},
        "coverage_differs": {"en": "how much was measured", "nb": "hvor mye som er målt"},
    }
)

WARNINGS: Mapping[Caution, Texts] = MappingProxyType(
    {
        "weather_not_adjusted": {
            "en": "weather is not adjusted for: another year has other weather",
            "nb": "det er ikke justert for været: et annet år har et annet vær",
        },
        "no_control": {
            "en": "no control site is taken off: what changed everywhere is in the number",
            "nb": "ingen kontrollsteder er trukket fra: det som endret seg overalt, er med i tallet",
        },
        "control_by_kind": {
            "en": "the plan names no control sites: all of the same kind that nothing was done at were taken",
            "nb": "planen nevner ingen kontrollsteder: alle av samme slag der ingenting er gjort, er brukt",
        },
        "one_control": {
            "en": "a single control site: what happened there alone is in the number",
            "nb": "bare ett kontrollsted: det som skjedde bare der, er med i tallet",
        },
        "one_year": {
            "en": "one year against one: how far years differ by themselves is not in the interval",
            "nb": "ett år mot ett: hvor mye år er ulike av seg selv, er ikke med i intervallet",
        },
        "part_of_year": {
            "en": "not every month of the year is there: {x}",
            "nb": "ikke alle årets måneder er med: {x}",
        },
        "dependent_months": {
            "en": "neighbouring months depend on each other (r = {x}): the interval is wider for it, or there is none",
            "nb": "nabomåneder avhenger av hverandre (r = {x}): intervallet er videre for det, eller mangler",
        },
        "placebo_moved": {
            "en": "it moved before anything was done, too: {x}",
            "nb": "det endret seg også før noe ble gjort: {x}",
        },
        "control_moved": {
            "en": "moved as far beside the other control sites, though nothing was done: {x}",
            "nb": "endret seg like mye ved siden av de andre kontrollstedene, uten at noe ble gjort: {x}",
        },
        "no_placebo": {
            "en": "how far it moves by itself is not known: there are too few values of the time before",
            "nb": "hvor mye det endrer seg av seg selv, er ikke kjent: det er for få verdier fra tiden før",
        },
        "locked_late": {
            "en": "locked on {x}, when months after it were known already",
            "nb": "låst {x}, da måneder etter allerede var kjent",
        },
        "changed_too": {"en": "other changes in the same time: {x}", "nb": "andre endringer i samme tid: {x}"},
        "places_dropped": {"en": "too few months at {x}", "nb": "for få måneder ved {x}"},
        "several_indicators": {
            "en": "one of several indicators: of twenty that nothing happened to one looks changed",
            "nb": "en av flere indikatorer: av tjue som ingenting har skjedd med, ser en endret ut",
        },
        "simulated": {"en": "simulated data", "nb": "simulerte data"},
        "estimate": {"en": "an estimate from something else", "nb": "et estimat fra noe annet"},
        "withdrawn": {"en": "the measure was withdrawn", "nb": "tiltaket er trukket"},
    }
)

NO_CONTROL: Mapping[NoControl, Texts] = MappingProxyType(
    {
        "whole_city": {"en": "the whole city is touched", "nb": "hele byen er berørt"},
        "none_found": {
            "en": "no control site has values of this indicator and was left alone by every measure",
            "nb": "ingen kontrollsteder har verdier for denne indikatoren og er urørt av alle tiltak",
        },
        "too_few": {
            "en": f"no control site has {LEAST_PAIRS} of these months with their like before",
            "nb": f"ingen kontrollsteder har {LEAST_PAIRS} av disse månedene med sin make før",
        },
        "no_ratio": {
            "en": f"fewer than {LEAST_PAIRS} months are above zero everywhere: places of different size have only "
            "ratios in common, and zero has none",
            "nb": f"færre enn {LEAST_PAIRS} måneder er over null overalt: steder av ulik størrelse har bare "
            "forholdstall felles, og null har ingen",
        },
    }
)

_SENTENCE: Texts = {
    "en": "Changed by {change} after {day}: {n} months compared with the same months {years} before.",
    "nb": "Endret med {change} etter {day}: {n} måneder sammenlignet med de samme månedene {years} før.",
}
_BESIDE: Texts = {
    "en": " At the control sites{over}: {control}; beside them: {beside}.",
    "nb": " Ved kontrollstedene{over}: {control}; ved siden av dem: {beside}.",
}
_ONLY_CONTROL: Texts = {"en": " At the control sites{over}: {control}.", "nb": " Ved kontrollstedene{over}: {control}."}
_OVER: Texts = {"en": ", over {n} of these months", "nb": ", over {n} av disse månedene"}
_NOT_SHOWN: Texts = {
    "en": " No change is shown: it may be nothing.",
    "nb": " Ingen endring er vist: det kan være ingenting.",
}
_MOVED_TOO: Texts = {
    "en": " No change is shown: as much moved where or when nothing was done.",
    "nb": " Ingen endring er vist: like mye endret seg der eller da ingenting ble gjort.",
}

_YEARS: Texts = {"en": "{n} year{s}", "nb": "{n} år"}


def reason(found: Effect) -> Texts | None:
    """Why nothing is said."""
    if found.refusal is None:
        return None
    said = REASONS[found.refusal]
    return {
        language: text.format(why="; ".join(DIFFERS[code][language] for code in found.differs if code in DIFFERS))
        for language, text in said.items()
    }


def sentence(found: Effect, starts: date, unit: str) -> Texts | None:
    """What changed, after what, compared with what; None where nothing is said."""
    if found.change is None or found.years is None:
        return None
    said = {}
    for language, text in _SENTENCE.items():
        years = _YEARS[language].format(n=found.years, s="s" if found.years > 1 else "")
        said[language] = text.format(
            change=amount(found.change, unit, language), day=starts, n=len(found.change.months), years=years
        )
        if found.control is not None:
            months = len(found.control.months)
            said[language] += (_ONLY_CONTROL if found.beside is None else _BESIDE)[language].format(
                over=_OVER[language].format(n=months) if months < len(found.change.months) else "",
                control=amount(found.control, unit, language),
                beside="" if found.beside is None else amount(found.beside, unit, language),
            )
        if found.finding == "not_shown":
            still = found.decisive is None or found.decisive.verdict == "not_shown"
            said[language] += (_NOT_SHOWN if still else _MOVED_TOO)[language]
    return said


def warning(caution: Caution, x: object = "") -> dict[str, object]:
    """A caution for programs and for people; `x` by language where it is a mapping."""
    told = {
        language: text.format(x=x[language] if isinstance(x, Mapping) else x)
        for language, text in WARNINGS[caution].items()
    }
    return {"code": caution, "text": told}


def cautions(found: Effect, unit: str) -> list[dict[str, object]]:
    """What the numbers themselves warn of."""
    if found.change is None or found.decisive is None:
        return []
    said: list[dict[str, object]] = []
    months = found.decisive.months
    if found.beside is None:
        said.append(warning("no_control"))
    elif len(found.controls) == 1:
        said.append(warning("one_control"))
    present = sorted({month % WHOLE_YEAR + 1 for month in months})
    if len(present) < WHOLE_YEAR:
        said.append(warning("part_of_year", ", ".join(f"{month:02}" for month in present)))
    if len(months) <= WHOLE_YEAR:
        said.append(warning("one_year"))
    if found.decisive.decisive.dependence > 0:
        r = f"{found.decisive.decisive.dependence:.2f}"
        said.append(warning("dependent_months", {language: written(r, language) for language in ("en", "nb")}))
    said += _by_itself(found, found.decisive, unit)
    if found.dropped:
        said.append(warning("places_dropped", ", ".join(slug for _, slug in found.dropped)))
    return said


def _by_itself(found: Effect, decisive: Change, unit: str) -> list[dict[str, object]]:
    """What moved, too, though nothing was done: the time before, and control sites."""
    said: list[dict[str, object]] = []
    moved = decisive.verdict != "not_shown"
    if found.placebo is None:
        said.append(warning("no_placebo"))
    elif found.placebo.verdict != "not_shown" or (moved and found.moved_before):
        amounts = {language: amount(found.placebo, unit, language) for language in ("en", "nb")}
        said.append(warning("placebo_moved", amounts))
    if moved and found.restless:
        said.append(warning("control_moved", ", ".join(slug for _, slug in found.restless)))
    return said


def shown(change: Change | None) -> dict[str, object] | None:
    """A change as the API answers."""
    if change is None:
        return None
    ratio = change.ratio
    return {
        "verdict": change.verdict,
        "n": len(change.months),
        "months": [month_name(month) for month in change.months],
        "before": change.before,
        "after": change.after,
        **_bounds("difference", change.difference),
        "percent": None if ratio is None else percent(ratio.value),
        "percent_low": None if ratio is None else percent(ratio.low),
        "percent_high": None if ratio is None else percent(ratio.high),
        "p": change.decisive.p,
        "exact": change.decisive.exact,
        "dependence": change.decisive.dependence,
    }


def _bounds(name: str, found: Shift | None) -> dict[str, object]:
    value, low, high = (None, None, None) if found is None else (found.value, found.low, found.high)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def left_out(found: Effect) -> Sequence[dict[str, object]]:
    """Months that do not count, by place and why."""
    grouped: dict[tuple[str, str, tuple[Code, ...]], list[str]] = {}
    for one in found.left_out:
        grouped.setdefault((*one.place, one.codes), []).append(month_name(one.month))
    return [
        {"scope_kind": kind, "scope": slug, "codes": list(codes), "months": sorted(months)}
        for (kind, slug, codes), months in grouped.items()
    ]
