"""One sentence for a reason and its facts, in English and Norwegian."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.resources.why.reasons import Reason

_NUMBER = {"en": "There is a number.", "nb": "Det finnes et tall."}
_WORDS: Mapping[Reason, Mapping[str, str]] = {
    "silent": {
        "en": "Nothing came from {who}: last heard {last}.",
        "nb": "Det kom ingenting fra {who}: sist hørt {last}.",
    },
    "rejected": {
        "en": "{messages} of {who} came and could not be read ({code}): {hint}.",
        "nb": "{messages} fra {who} kom, men kunne ikke leses ({code}): {hint}.",
    },
    "late": {
        "en": "The next value of {who} is awaited: last heard {last}, not silent before {silent}.",
        "nb": "Neste verdi fra {who} er ventet: sist hørt {last}, ikke taus før {silent}.",
    },
    "flagged": {
        "en": "Quality control left out {bad} of {all} values ({suspect} suspect, {fail} failed).",
        "nb": "Kvalitetskontrollen utelot {bad} av {all} verdier ({suspect} mistenkelige, {fail} forkastet).",
    },
    "invalidated": {
        "en": "People left out {invalidated} of {all} values: {why}.",
        "nb": "Noen har utelatt {invalidated} av {all} verdier: {why}.",
    },
    "low_coverage": {
        "en": "Too little counts: {valid} of {expected} expected values.",
        "nb": "For lite teller: {valid} av {expected} ventede verdier.",
    },
    "not_computed": {
        "en": "It is not computed yet: {waiting}.",
        "nb": "Det er ikke beregnet ennå: {waiting}.",
    },
    "withheld": {
        "en": "It is not published: what a home's meter measures, or one that nobody has placed yet, is personal.",
        "nb": "Det publiseres ikke: det en måler i et hjem måler, eller en som ingen har plassert ennå, er personlig.",
    },
    "not_defined": {
        "en": "There is no such number here: {undefined}.",
        "nb": "Dette tallet finnes ikke her: {undefined}.",
    },
}
_LATE = {
    "en": "{late} values came after the number was computed, the last {arrived}; it is computed again.",
    "nb": "{late} verdier kom etter at tallet ble beregnet, den siste {arrived}; det beregnes på nytt.",
}

_THEN: Mapping[str, Mapping[str, str]] = {
    "silent": {"en": "Nothing had come by {then}.", "nb": "Ingenting var kommet per {then}."},
    "flagged": {
        "en": "Quality control had left out all that had come by {then} ({suspect} suspect, {fail} failed).",
        "nb": "Kvalitetskontrollen hadde utelatt alt som kom innen {then} ({suspect} mistenkelige, {fail} forkastet).",
    },
    "invalidated": {
        "en": "People had left out all that had come by {then} ({invalidated} values).",
        "nb": "Noen hadde utelatt alt som kom innen {then} ({invalidated} verdier).",
    },
    "low_coverage": {
        "en": "Too little counted by {then}: {valid} of {expected} hours.",
        "nb": "For lite talte per {then}: {valid} av {expected} timer.",
    },
    "not_computed": {"en": "Nothing had been said by {then}.", "nb": "Ingenting var sagt per {then}."},
}
"""Of what was said at a time: by its evidence, which counts hours that suffice, and values that were left out."""


def sentence(reason: Reason | None, facts: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """What to tell people; times in the city's own."""
    if reason is None:
        return dict(_NUMBER)
    words = _LATE if reason == "late" and facts.get("arrived") else _WORDS[reason]
    if facts.get("then"):
        words = _THEN.get(reason, words)
    return {language: text.format(**_filled(facts, language, zone)) for language, text in words.items()}


def _filled(facts: Mapping[str, Any], language: str, zone: ZoneInfo) -> dict[str, Any]:
    norwegian = language == "nb"

    def at(moment: datetime | None) -> str:
        if moment is None:
            return "aldri" if norwegian else "never"
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    messages = facts.get("messages", 0)
    many = ("melding" if messages == 1 else "meldinger") if norwegian else ("message" if messages == 1 else "messages")
    unknown = "ukjent antall" if norwegian else "an unknown number of"
    return {
        "who": facts.get("who") or ("sensoren" if norwegian else "the sensor"),
        "last": at(facts.get("last_time")),
        "silent": at(facts.get("silent_from")),
        "arrived": at(facts.get("arrived")),
        "then": at(facts.get("then")),
        "late": facts.get("late", 0),
        "messages": f"{messages} {many}",
        "code": facts.get("code", ""),
        "hint": str(facts.get("hint", "")).rstrip("."),
        "bad": facts.get("suspect", 0) + facts.get("fail", 0),
        "suspect": facts.get("suspect", 0),
        "fail": facts.get("fail", 0),
        "invalidated": facts.get("invalidated", 0),
        "all": sum(facts.get(name, 0) for name in ("valid", "suspect", "fail", "invalidated")),
        "why": str(facts.get("why") or ("uten begrunnelse" if norwegian else "no reason is kept")).rstrip("."),
        "valid": facts.get("valid", 0),
        "expected": facts["expected"] if facts.get("expected") is not None else unknown,
        "waiting": _waiting(facts, norwegian=norwegian),
        "undefined": str(facts.get("undefined", "")).rstrip("."),
    }


def _waiting(facts: Mapping[str, Any], *, norwegian: bool) -> str:
    if facts.get("not_begun"):
        return "tiden har ikke begynt" if norwegian else "the time has not begun"
    rows = facts.get("waiting", 0)
    if rows:
        return f"{rows} rader venter i køen" if norwegian else f"{rows} rows wait in the queue"
    return "verdiene er der, tallet følger" if norwegian else "the values are there, the number follows"
