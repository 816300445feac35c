"""Loads named SQL: a `.sql` file holds queries, each behind a line `-- name: the_name` and a describing comment."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

from bypuls.errors import CatalogueError

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(package: str, file: str) -> dict[str, LiteralString]:
    """All queries of `file` in `package`, by name.

    >>> sorted(queries("bypuls.storage.sql", "registry.sql"))[0]
    'active_sources'

    Raises:
        CatalogueError: the file is missing or names a query twice.
    """
    try:
        text = files(package).joinpath(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"SQL file {package}/{file} is missing: reinstall the package"
        raise CatalogueError(message) from None
    parts = _NAME.split(text)[1:]
    found: dict[str, LiteralString] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            message = f"SQL file {package}/{file} names {name} twice"
            raise CatalogueError(message)
        # Ours, shipped in the package, never composed from input: that is what LiteralString stands for.
        found[name] = cast("LiteralString", body.strip().rstrip(";"))
    return found
