"""Finds plugins: one public module of a package is one plugin, no registration list is kept."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, TypeVar

from bypuls.errors import CatalogueError

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")


def discover(package: ModuleType, contract: type[T], attribute: str) -> dict[str, T]:
    """Import every public module of `package` and collect its `attribute`, keyed by the module's name.

    Raises:
        CatalogueError: a module without `attribute`, or with one that is not a `contract`.
    """
    found: dict[str, T] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        plugin = getattr(module, attribute, None)
        if not isinstance(plugin, contract):
            message = f"{module.__name__} is no plugin: it must define {attribute} as a {contract.__name__}"
            raise CatalogueError(message)
        found[info.name] = plugin
    return found
