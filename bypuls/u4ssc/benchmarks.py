"""Benchmarks as a file: what 0 and 100 percent of target are for a city's data points, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import msgspec
import yaml

from bypuls.errors import SettingsError
from bypuls.typed import convert


@dataclass(frozen=True, slots=True)
class BenchmarkSetting:
    """What 0 and 100 percent of target are for a data point, from a day on."""

    code: str
    data_point: str
    valid_from: date
    start: float
    target: float
    source: str


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    start: float
    target: float
    source: Annotated[str, msgspec.Meta(pattern=r"\S")]
    valid_from: date
    data_point: str = ""


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    city: str
    benchmarks: Annotated[list[_Entry], msgspec.Meta(min_length=1)]


def read_benchmarks(content: bytes, where: str) -> tuple[str, list[BenchmarkSetting]]:
    """The city and the benchmarks of a file.

    Raises:
        SettingsError: what is wrong in it.
    """
    try:
        found = convert(yaml.safe_load(content), _Document)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        message = f"benchmarks {where}: {str(error).splitlines()[0]}"
        raise SettingsError(message) from None
    return found.city, [
        BenchmarkSetting(one.code, one.data_point, one.valid_from, one.start, one.target, one.source)
        for one in found.benchmarks
    ]
