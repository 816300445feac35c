"""What keeps a value from being taken, or should be looked at, in English and Norwegian."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "another_than_verified": (
            "the number is another than the verifier saw: is this one verified, too? Leave it empty if not",
            "tallet er et annet enn det verifikatøren så: er også dette verifisert? La feltet stå tomt om ikke",
        ),
        "verified_by_another": (
            "'verified' is not taken with the number: somebody who did not enter it gives the file in again",
            "«verifisert» tas ikke inn sammen med tallet: en annen sier det ved å levere filen inn på nytt",
        ),
        "yes_or_no_alone": (
            "the answer is yes or no: write it as the result alone",
            "svaret er ja eller nei: skriv det som resultatet alene",
        ),
        "no_denominator": (
            "this is a number of its own, without a denominator: leave it empty",
            "dette er et tall for seg selv, uten nevner: la feltet stå tomt",
        ),
        "zero_denominator": (
            "the denominator is 0, so the value is not defined: write NR, or correct it",
            "nevneren er 0, så verdien er ikke definert: skriv NR, eller rett den",
        ),
        "prefilled": ("the denominator is the city's {fact}: {number}", "nevneren er kommunens {fact_nb}: {number}"),
        "needs_denominator": (
            "a numerator needs its denominator ({denominator}); or give the result alone",
            "en teller trenger nevneren sin ({denominator}); eller oppgi bare resultatet",
        ),
        "not_a_percentage": (
            "it is written as a percentage, and the unit is {unit}: write the number as it is",
            "det er skrevet som prosent, og enheten er {unit}: skriv tallet som det er",
        ),
        "parts_in_unit": (
            "numerator and denominator are read in {unit}: leave the unit so, or give the result alone",
            "teller og nevner leses i {unit}: la enheten stå, eller oppgi bare resultatet",
        ),
        "not_of_its_parts": (
            "the result {typed} is not numerator / denominator, which is {computed}: mend one, or leave the result out",
            "resultatet {typed} er ikke teller / nevner, som er {computed}: rett ett, eller utelat resultatet",
        ),
        "no_value": (
            "no value can be worked out: give the result, or both its parts",
            "ingen verdi kan regnes ut: oppgi resultatet, eller både teller og nevner",
        ),
        "converted": (
            "{typed} {given} is stored as {number} {unit}",
            "{typed} {given} lagres som {number} {unit}",
        ),
        "less_than_a_hundredth": (
            "{typed} % is less than one in a hundred: if {number} % is meant, write {number}",
            "{typed} % er mindre enn én av hundre: skriv {number} om {number} % er ment",
        ),
        "wrong_unit": (
            "unit '{given}' is not read here: {unit} is expected{hint}",
            "enheten «{given}» leses ikke her: {unit} er ventet{hint}",
        ),
        "round_closed": (
            "the collection round of {year} is closed: open it again first",
            "innsamlingsrunden for {year} er avsluttet: åpne den igjen først",
        ),
        "signed": (
            "the KPI is signed: reopen it, with a reason, before another value is entered",
            "indikatoren er signert: åpne den igjen, med en begrunnelse, før en annen verdi føres inn",
        ),
        "of_another_year": (
            "the file is of {given}, not of {year}: name its year, or correct the file",
            "filen gjelder {given}, ikke {year}: velg året dens, eller rett filen",
        ),
        "of_another_city": (
            "the file is of '{given}', not of {city}: name its city, or correct the file",
            "filen gjelder «{given}», ikke {city}: velg byen dens, eller rett filen",
        ),
        "twice": (
            "this data point stands twice: see {first}; keep one row",
            "dette datapunktet står to ganger: se {first}; behold én rad",
        ),
    }
)
FACTS: Mapping[str, str] = MappingProxyType({"population": "folketall", "households": "husholdninger"})

_DECIMAL = re.compile(r"-?\d+\.\d+(e[+-]\d+)?")


def both(name: str, **values: str) -> tuple[str, str]:
    """A sentence in English and Norwegian; numbers among `values` get the language's decimal mark.

    >>> both("converted", typed="1.5", given="MWh", number="1500", unit="kWh")[1]
    '1,5 MWh lagres som 1500 kWh'
    """
    english, norwegian = SENTENCES[name]
    commas = {key: text.replace(".", ",") if _DECIMAL.fullmatch(text) else text for key, text in values.items()}
    return english.format(**values), norwegian.format(**commas)
