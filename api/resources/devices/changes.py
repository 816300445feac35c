"""Activates, disables, retires and moves a device, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from api.audit import Deed, record
from api.recompute import mark_hours
from api.resources.devices.queries import NAMED
from api.resources.devices.schemas import DeviceChange
from bypuls.errors import NotFound
from bypuls.storage.database import Connection

_DEEDS = {"active": "device.activate", "disabled": "device.disable", "retired": "device.retire"}


def change_device(
    connection: Connection, city: str, device: str, change: DeviceChange, *, who: str, now: datetime
) -> None:
    """Apply a change with its audit row; one that changes nothing leaves none.

    Raises:
        NotFound: no such device in this city.
    """
    row = connection.execute(NAMED["lock"], {"city": city, "device": device}).fetchone()
    if row is None:
        message = f"no device {device!r} in city {city!r}: GET /v1/devices?city={city} lists them"
        raise NotFound(message)
    number, old_status, old_site = row
    status, site = change.status or old_status, change.site or old_site
    if (status, site) == (old_status, old_site):
        return
    connection.execute(NAMED["change"], {"id": number, "status": status, "site": site})
    first_site = old_site or site
    if first_site is not None and status == "active" and (old_site is None or old_status != "active"):
        _settle(connection, number, first_site)
    if old_site is not None and site != old_site:
        detail = Jsonb({"from": old_site, "to": site})
        connection.execute(NAMED["moved"], {"id": number, "now": now, "detail": detail})
    what = _DEEDS[status] if status != old_status else "device.move"
    before, after = {"status": old_status, "site": old_site}, {"status": status, "site": site}
    record(connection, Deed(who, what, device, city, before, after))


def _settle(connection: Connection, device: int, site: str) -> None:
    """The device has its first place: what it sent without one was measured there."""
    settled = [found for (found,) in connection.execute(NAMED["settle"], {"id": device, "site": site})]
    connection.execute(NAMED["settle_class"], {"datastreams": settled})
    mark_hours(connection, settled)
