"""What answers for one standard, and the inputs it is given."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import processors.vectors.rules
from bypuls.errors import CatalogueError
from bypuls.standards import Standards

Answer = Mapping[str, Any]


class InputError(Exception):
    """An input that is none: what, in one line."""


@dataclass(frozen=True, slots=True)
class Given:
    """The inputs of one case. What is absent or null is None."""

    values: Mapping[str, Any]

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def number(self, key: str, default: float | None = None) -> float | None:
        """A number.

        Raises:
            InputError: it is something else.
        """
        return default if key not in self.values else _number(key, self.values[key])

    def numbers(self, key: str) -> list[float | None]:
        """A list of numbers and nulls; empty where it is absent.

        Raises:
            InputError: it is something else.
        """
        return [_number(key, value) for value in self.items(key)]

    def known(self, key: str) -> list[float] | None:
        """A list of numbers, None where one is null or the list absent."""
        found = [number for number in self.numbers(key) if number is not None]
        return found if key in self and len(found) == len(self.items(key)) else None

    def array(self, key: str) -> npt.NDArray[np.float64]:
        """A list of numbers as an array, NaN for null."""
        return np.array([np.nan if number is None else number for number in self.numbers(key)], dtype=np.float64)

    def items(self, key: str) -> Sequence[Any]:
        """A list.

        Raises:
            InputError: it is none.
        """
        value = self.values.get(key)
        if value is not None and not isinstance(value, list):
            raise InputError(f"input {key} must be a list, not {value!r}")
        return value or []

    def text(self, key: str, default: str = "") -> str:
        """A text.

        Raises:
            InputError: it is none.
        """
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise InputError(f"input {key} must be a text, not {value!r}")
        return value

    def each(self, key: str) -> Mapping[str, float | None]:
        """Numbers by name.

        Raises:
            InputError: it is something else.
        """
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise InputError(f"input {key} must be an object, not {value!r}")
        return {name: _number(f"{key}.{name}", one) for name, one in value.items()}

    def rows(self, key: str) -> list[Given]:
        """A list of objects.

        Raises:
            InputError: it is something else.
        """
        found = self.items(key)
        if not all(isinstance(one, dict) for one in found):
            raise InputError(f"input {key} must be a list of objects")
        return [Given(one) for one in found]


@dataclass(frozen=True, slots=True)
class Rule:
    """What answers for the standard of that name.

    Attributes:
        inputs: the keys it knows; another one is refused, for it would silently not count.
        relative: whether tolerances are shares of the expected number.
    """

    name: str
    compute: Callable[[Standards, Given], Answer]
    inputs: frozenset[str]
    relative: bool = False


def rule(*inputs: str, relative: bool = False) -> Callable[[Callable[[Standards, Given], Answer]], Rule]:
    """Make a function answer for the standard it is named after."""

    def make(compute: Callable[[Standards, Given], Answer]) -> Rule:
        return Rule(compute.__name__, compute, frozenset(inputs), relative)

    return make


def find_rules() -> dict[str, Rule]:
    """Every rule of the modules in `processors.vectors.rules`, by name.

    Raises:
        CatalogueError: two answer for one standard.
    """
    found: dict[str, Rule] = {}
    package = processors.vectors.rules
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for one in vars(importlib.import_module(info.name)).values():
            if isinstance(one, Rule) and found.setdefault(one.name, one) is not one:
                raise CatalogueError(f"{info.name}: another rule answers for {one.name} already")
    return found


def _number(key: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"input {key} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise InputError(f"input {key} must be a finite number, not {value!r}")
    return value
