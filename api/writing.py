"""A change of what plans hold: its transaction, its author, and what it is refused with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api.context import Context
from api.problems import InvalidParameter
from api.tokens import Holder
from bypuls.errors import Conflict, SettingsError
from bypuls.storage.database import Connection
from bypuls.storage.plans import Author, MeasureLocked


@contextmanager
def authored(context: Context, holder: Holder, city: str) -> Iterator[tuple[Connection, Author]]:
    """A connection that may write, and the token's holder as author.

    Raises:
        Conflict: the measure is locked.
        InvalidParameter: what is sent does not fit the city or the catalogue.
    """
    try:
        with context.writing() as connection:
            yield connection, Author(holder.name, city)
    except MeasureLocked as error:
        raise Conflict(str(error)) from None
    except SettingsError as error:
        raise InvalidParameter(str(error)) from None
