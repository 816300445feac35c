"""What is said about values, in both languages: plausibility questions with their source, reasons, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Severity = Literal["wrong", "query"]

_MANUAL = "U4SSC KPIs Verification Manual (2022) p."
_OURS = "Bypuls: no rule of U4SSC"

_WRONG: dict[str, tuple[str, str, str]] = {
    "not_a_number": (_OURS, "the value is not a number", "verdien er ikke et tall"),
    "not_yes_or_no": (
        f"{_MANUAL}93",
        "the answer is yes (1) or no (0), not {value}",
        "svaret er ja (1) eller nei (0), ikke {value}",
    ),
    "negative": (_OURS, "{value} is below zero", "{value} er under null"),
    "over_100_percent": (_OURS, "{value} % is over 100 % of the whole", "{value} % er over 100 % av helheten"),
    "denominator_is_zero": (
        _OURS,
        "the denominator is 0: the value is not defined",
        "nevneren er 0: verdien er ikke definert",
    ),
    "numerator_above_denominator": (
        _OURS,
        "the numerator {numerator} is larger than the denominator {denominator} that it is part of",
        "telleren {numerator} er større enn nevneren {denominator} som den er en del av",
    ),
    "value_is_not_of_its_parts": (
        f"{_MANUAL}162",
        "the value {value} is not numerator / denominator, which gives {computed}",
        "verdien {value} er ikke teller / nevner, som gir {computed}",
    ),
    "air_not_in_ug_m3": (
        f"{_MANUAL}32",
        "air quality is reported in µg/m3, not in {unit}; ppm x 1900 (NO2), x 2620 (SO2), x 1960 (O3)",
        "luftkvalitet rapporteres i µg/m3, ikke i {unit}; ppm x 1900 (NO2), x 2620 (SO2), x 1960 (O3)",
    ),
    "does_not_total": (
        f"{_MANUAL}32",
        "the parts add up to {total} %, not to {expected} % (±{within})",
        "delene blir {total} % til sammen, ikke {expected} % (±{within})",
    ),
    "above_the_step_before": (
        f"{_MANUAL}32",
        "{value} % is more than the {before} % of the step before ({step})",
        "{value} % er mer enn de {before} % i trinnet foran ({step})",
    ),
    "not_divided_by_100_000": (
        f"{_MANUAL}31",
        "the denominator {denominator} looks like the {fact} itself; per 100 000 it is {expected}",
        "nevneren {denominator} ser ut som selve tallet ({fact}); per 100 000 er den {expected}",
    ),
    "under_its_least": (
        f"{_MANUAL}82",
        "{value} is under {least}: peak travel is not faster than free flow",
        "{value} er under {least}: reisen i rushet er ikke raskere enn fri flyt",
    ),
}
_QUERY: dict[str, tuple[str, str, str]] = {
    "over_20_percent_unreported": (
        f"{_MANUAL}32",
        "{missing} of {total} KPIs ({share} %) have no value: more than 20 %, so the verifier asks the city",
        "{missing} av {total} KPI-er ({share} %) har ingen verdi: over 20 %, så verifikatøren spør kommunen",
    ),
    "prefilled_changed": (
        f"{_MANUAL}31",
        "the prefilled denominator ({fact}) was changed: {denominator} instead of {expected}",
        "den forhåndsutfylte nevneren ({fact}) er endret: {denominator} i stedet for {expected}",
    ),
    "prefilled_apart_by_5_percent": (
        f"{_MANUAL}31",
        "the denominator {denominator} ({fact}) differs by more than 5 % from {expected}",
        "nevneren {denominator} ({fact}) avviker med over 5 % fra {expected}",
    ),
    "denominators_disagree": (
        f"{_MANUAL}28",
        "the denominator {denominator} ({name}) differs by more than 10 % from {others} in the other KPIs",
        "nevneren {denominator} ({name}) avviker med over 10 % fra {others} i de andre KPI-ene",
    ),
    "other_unit": (
        _OURS,
        "the unit is given as {unit}, the KPI's is {expected}",
        "enheten er oppgitt som {unit}, KPI-ens er {expected}",
    ),
    "jump": (
        _OURS,
        "{value} differs by more than half from last year's {before}",
        "{value} avviker med over halvparten fra fjorårets {before}",
    ),
    "above_the_wider_kpi": (
        f"{_MANUAL}68",
        "{value} % is more than the {other} % of the wider KPI {wider}",
        "{value} % er mer enn de {other} % i den videre KPI-en {wider}",
    ),
    "unusually_low": (
        "page of the KPI in the U4SSC manuals (see the catalogue's rules)",
        "{value} % is unusually low: {usual} % or more is normal",
        "{value} % er uvanlig lavt: {usual} % eller mer er normalt",
    ),
    "unusually_high": (
        f"{_MANUAL}56",
        "{value} % is unusually high: below {usual} % is normal",
        "{value} % er uvanlig høyt: under {usual} % er normalt",
    ),
    "usually_all_or_nothing": (
        "page of the KPI in the U4SSC manuals (see the catalogue's rules)",
        "{value} % is unusual: most cities report 0 % or 100 %, because an audit programme exists or not",
        "{value} % er uvanlig: de fleste kommuner oppgir 0 % eller 100 %, fordi et tilsyn finnes eller ikke",
    ),
}
_SEVERITIES: tuple[tuple[Severity, dict[str, tuple[str, str, str]]], ...] = (("wrong", _WRONG), ("query", _QUERY))

SENTENCES: Mapping[str, tuple[Severity, dict[str, str]]] = {
    rule: (severity, {"en": en, "nb": nb}) for severity, rules in _SEVERITIES for rule, (_, en, nb) in rules.items()
}
SOURCES: Mapping[str, str] = {rule: source for _, rules in _SEVERITIES for rule, (source, _, _) in rules.items()}

REASONS: Mapping[str, dict[str, str]] = {
    "not_reported": {
        "en": "NR: nothing was reported and no register was read",
        "nb": "NR: ingenting er rapportert, og ingen registerdata er lest inn",
    },
    "stated_not_reported": {
        "en": "NR: the city states that it has no value{comment}",
        "nb": "NR: kommunen oppgir at den ikke har noen verdi{comment}",
    },
    "stated_in_other_unit": {
        "en": "stated in {unit}: air quality counts in µg/m3 only",
        "nb": "oppgitt i {unit}: luftkvalitet teller bare i µg/m3",
    },
    "not_computed": {
        "en": "our KPI {kpi} has no value for the whole city and this year",
        "nb": "vår KPI {kpi} har ingen verdi for hele byen og dette året",
    },
    "insufficient": {
        "en": "our KPI {kpi} rests on too little data: {reason}, coverage {coverage} %",
        "nb": "vår KPI {kpi} hviler på for lite data: {reason}, dekning {coverage} %",
    },
    "undefined": {
        "en": "our KPI {kpi} is not defined for this year: {reason}",
        "nb": "vår KPI {kpi} er ikke definert for dette året: {reason}",
    },
    "other_unit": {
        "en": "our KPI {kpi} is in {unit}, not in {expected}: it cannot be converted here",
        "nb": "vår KPI {kpi} er i {unit}, ikke i {expected}: den kan ikke regnes om her",
    },
    "fact_unknown": {
        "en": "the city's {fact} at the end of the year is not known (fact {fact} in the city's file)",
        "nb": "byens {fact} ved utgangen av året er ikke kjent (fact {fact} i byens fil)",
    },
    "share_unknown": {
        "en": "which share of the city the meters cover is not stated (fact {fact}): their sum is not the city's",
        "nb": "hvilken andel av byen målerne dekker er ikke oppgitt (fact {fact}): summen av dem er ikke byens",
    },
    "share_too_low": {
        "en": "the meters cover {share} % of the city, {needed} % are needed: a sum over them is not the city's",
        "nb": "målerne dekker {share} % av byen, {needed} % trengs: en sum over dem er ikke byens",
    },
}
"""Why a data point has no value, or a candidate is none."""

WON: Mapping[str, dict[str, str]] = {
    "only": {"en": "the only value there is", "nb": "den eneste verdien som finnes"},
    "verified": {
        "en": "a reported value that an approved verifier has verified comes first",
        "nb": "en rapportert verdi som en godkjent verifikatør har verifisert går foran",
    },
    "measured": {
        "en": "a complete measured year with its evidence comes before register and unverified reports",
        "nb": "et fullstendig målt år med sin dokumentasjon går foran register og uverifisert rapportering",
    },
    "register": {
        "en": "official statistics come before what is reported without verification and before part-years",
        "nb": "offisiell statistikk går foran uverifisert rapportering og foran ufullstendige år",
    },
    "reported": {
        "en": "what the city reports comes before part-years and simulated or modelled data",
        "nb": "det kommunen rapporterer går foran ufullstendige år og simulerte eller modellerte data",
    },
    "part_year": {
        "en": "part of a year, or simulated or modelled: nothing better is there",
        "nb": "del av et år, eller simulert eller modellert: noe bedre finnes ikke",
    },
}
"""Why one of several candidates is the value; in this order."""

NOTES: Mapping[str, dict[str, str]] = {
    "provisional": {
        "en": "provisional: the year is not over or not closed; it rests on the part that is",
        "nb": "foreløpig: året er ikke over eller ikke avsluttet; verdien hviler på den delen som er det",
    },
    "simulated": {
        "en": "made of {origins} data, not of measurements",
        "nb": "laget av data som er {origins}, ikke av målinger",
    },
    "indicative": {
        "en": "measured with instruments of class {classes}: an estimate",
        "nb": "målt med instrumenter av klasse {classes}: et anslag",
    },
    "unverified": {
        "en": "definition not fully verified: {fields} not read in an ITU document",
        "nb": "definisjonen er ikke fullt verifisert: {fields} er ikke lest i et ITU-dokument",
    },
    "no_benchmark_in_u4ssc": {
        "en": "U4SSC itself publishes this without a benchmark: the target is the city's own",
        "nb": "U4SSC publiserer denne uten referanseverdi: målet er byens eget",
    },
    "against_direction": {
        "en": "the target lies against the KPI's direction ({direction})",
        "nb": "målet ligger mot KPI-ens retning ({direction})",
    },
    "direction_not_stated": {
        "en": "U4SSC states no direction for this: the benchmark decides what is better",
        "nb": "U4SSC oppgir ingen retning for denne: referanseverdien avgjør hva som er bedre",
    },
}

_FACTS = {"nb": {"population": "folketall", "households": "husholdninger", "live_births": "levendefødte"}}


def fill(text: str, language: str, values: Mapping[str, float | str]) -> str:
    """A sentence with its numbers, written as the language writes them.

    >>> fill("{value} %", "nb", {"value": 97.25})
    '97,25 %'
    """
    written = {
        name: _FACTS.get(language, {}).get(value, value) if isinstance(value, str) else _number(value, language)
        for name, value in values.items()
    }
    return text.format(**written)


def sentence(texts: Mapping[str, str], **values: float | str) -> dict[str, str]:
    """A text in every language, with its numbers."""
    return {language: fill(text, language, values) for language, text in texts.items()}


def _number(value: float, language: str) -> str:
    text = f"{round(value, 2):,.10g}" if abs(value) >= 1 else f"{value:.4g}"
    return text.replace(",", " ").replace(".", ",") if language == "nb" else text
