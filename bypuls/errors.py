"""The error family, on one page.

    BypulsError
    ├── SettingsError          a setting, file or command line that cannot be used
    ├── CatalogueError         a catalogue file that contradicts itself or its neighbours
    ├── DatabaseError          the database said no
    │   ├── DatabaseUnreachable    it does not answer: wait and try again
    │   ├── SchemaError            its schema is not the one this version works with
    │   └── NotStorable            this row cannot be stored: another one may
    ├── BrokerError            the MQTT broker said no
    ├── ServerError            an embedded server could not be started or stopped
    ├── Refusal                one reading or message that is not stored, with its reason code
    │   └── UnitError              its unit is unknown, missing or of another dimension
    ├── CalculationError       a KPI that cannot be computed as defined
    ├── NotFound               no such city, site, device, KPI …
    ├── Conflict               a change that contradicts what stands
    └── NotAllowed             no token, or not one for this

Every message is one line: what, where, how to mend. `bypuls` prints it and exits with `exit_code`; the API turns it
into problem details (RFC 9457). Drivers' own exceptions are translated once, at the border that called them.
"""

from __future__ import annotations

from typing import ClassVar


class BypulsError(Exception):
    """Anything this project raises on purpose."""

    exit_code: ClassVar[int] = 1


class SettingsError(BypulsError):
    """A setting, a file or a command line that cannot be used."""

    exit_code = 2


class CatalogueError(BypulsError):
    """A catalogue file that contradicts itself or its neighbours."""


class DatabaseError(BypulsError):
    """The database said no."""


class DatabaseUnreachable(DatabaseError):
    """The database does not answer (now): what was not committed can be tried again."""


class SchemaError(DatabaseError):
    """The database's schema is not the one this version works with."""


class NotStorable(DatabaseError):
    """The database refuses this very data; other data may go through."""


class BrokerError(BypulsError):
    """The MQTT broker cannot be reached or refuses."""


class ServerError(BypulsError):
    """An embedded server could not be started or stopped."""


class Refusal(BypulsError):
    """One reading, or one whole message, that is not stored.

    Attributes:
        code: reason code, one of `ingest.reasons.REASONS` (the same string in quarantine, API and dashboards).
        detail: what exactly, with the offending value.
        hint: how to mend it, for the person who made the device speak.
        field: path or key in the message; None when the whole message is meant.
    """

    def __init__(self, code: str, detail: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.hint = hint
        self.field = field


class UnitError(Refusal):
    """A unit that is unknown, missing or of another dimension than its property."""


class CalculationError(BypulsError):
    """A KPI that cannot be computed as it is defined."""


class NotFound(BypulsError):
    """No such city, site, device, datastream or KPI."""


class Conflict(BypulsError):
    """A change that contradicts what stands."""


class NotAllowed(BypulsError):
    """No token, or not one for this."""
