"""How an estimate is marked: in the evidence of every value that rests on a factor rather than a measurement."""

from __future__ import annotations

from collections.abc import Mapping

from bypuls.standards import Rules
from processors.calculation import Detail, Inputs


def marked(why: Mapping[str, str], standard: Rules | None = None, **more: object) -> Detail:
    """Evidence that says that a value is an estimate, why (in each language), and by whose numbers."""
    said: Detail = {"estimate": True, "estimate_why": dict(why), **more}
    if standard is not None:
        said["standard"] = standard.id
        if standard.status != "verified":
            said["standard_status"] = standard.status
    return said


def elsewhere(inputs: Inputs) -> str | None:
    """Why factors of one country (parameter `country`) say nothing of this city; None where they do."""
    country = inputs.definition.parameters.get("country")
    if country is None or inputs.place.country in {None, country}:
        return None
    return f"the factors are those of {country}, the city is in {inputs.place.country}"
