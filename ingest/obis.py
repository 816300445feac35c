"""OBIS codes of meters' telegrams: which observed property a code stands for (bypuls/catalogue/obis.yaml)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from bypuls.errors import CatalogueError
from bypuls.properties import find


class Meaning(NamedTuple):
    """What a code's number is; `unit` only where it is sent without one because it has none."""

    property: str
    channel: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class Codes:
    """The table."""

    electricity: Mapping[str, Meaning]
    mbus: Mapping[int, Mapping[str, Meaning]]
    readings: frozenset[str]
    mbus_type: str
    identifiers: Sequence[str]
    mbus_identifiers: Sequence[str]
    versions: frozenset[str]
    time: str
    not_measured: frozenset[str]

    def is_measured(self, code: str) -> bool:
        """Whether a code C.D.E is of a measurement, as far as is known.

        >>> codes().is_measured("1.8.0"), codes().is_measured("96.14.0"), codes().is_measured("32.36.0")
        (True, False, False)
        """
        if code in self.electricity:
            return True
        group, _, rest = code.partition(".")
        return not (group in self.not_measured or f"{group}.{rest.partition('.')[0]}" in self.not_measured)

    def of_mbus(self, kind: int, unit: str | None) -> Meaning | None:
        """What a meter of this type counts in this unit."""
        of_kind = self.mbus.get(kind)
        return None if of_kind is None else of_kind.get(unit or "*") or of_kind.get("*")


@cache
def codes() -> Codes:
    """The shipped table, read at the first call.

    Raises:
        CatalogueError: it names a property that there is not.
    """
    table = yaml.safe_load((files("bypuls") / "catalogue" / "obis.yaml").read_text(encoding="utf-8"))
    units = table["units"]
    return Codes(
        electricity={code: _meaning(word, units.get(code)) for code, word in table["electricity"].items()},
        mbus={kind: {unit: _meaning(word, None) for unit, word in of.items()} for kind, of in table["mbus"].items()},
        readings=frozenset(table["readings"]),
        mbus_type=table["mbus_type"],
        identifiers=table["identifiers"],
        mbus_identifiers=table["mbus_identifiers"],
        versions=frozenset(table["versions"]),
        time=table["time"],
        not_measured=frozenset(str(group) for group in table["not_measured"]),
    )


def _meaning(word: Any, unit: str | None) -> Meaning:
    name, _, channel = str(word).partition(".")
    if find(name) is None:
        raise CatalogueError(f"obis.yaml: {name!r} is no property of the catalogue")
    return Meaning(name, channel, unit)
