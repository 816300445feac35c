"""Devices."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, Payloads, check_city
from api.context import Context, Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, several, the_row
from api.payloads import SHOWN_BYTES
from api.resources.devices.changes import change_device
from api.resources.devices.queries import DEVICES, NAMED, RECENT_MESSAGES
from api.resources.devices.schemas import Device, DeviceChange, DeviceDetail, DevicesWanted
from api.tables import json_bytes

router = APIRouter(tags=["Devices"])

_RING = 20
"""How many messages ingest keeps of a device."""


@router.get("/devices", response_model=Listed[Device], responses=CSV_RESPONSES, summary="Devices of a city")
def list_devices(request: Request, context: Using, wanted: Annotated[DevicesWanted, Query()]) -> Response:
    """The devices of one city; `status=pending` lists those that nobody has taken in yet."""
    parameters = wanted.filters()
    in_city(context, wanted.city, {"site": wanted.site, "area": wanted.area})
    return answer(request, context, wanted, Question(DEVICES, conditions(parameters, NAMED), parameters))


@router.get("/devices/{device:path}", response_model=DeviceDetail, summary="One device and its last messages")
def get_device(context: Using, payloads: Payloads, device: str, city: CitySlug) -> Response:
    """One device with its last 20 messages and what became of each.

    Payloads may hold personal data: from another machine they need a token.
    """
    in_city(context, city, {"device": device})
    shows = payloads.granted and payloads.city in (None, city)
    return _detail(context, city, device, payloads=shows)


@router.patch(
    "/devices/{device:path}", response_model=DeviceDetail, summary="Take in, move, disable or retire a device"
)
def patch_device(context: Using, holder: Admin, device: str, city: CitySlug, change: DeviceChange) -> Response:
    """Change status or site of a device. Needs an admin token; leaves an audit row.

    A device that gets its first site takes what it sent before along: its hours are computed again, and the KPIs of the
    site follow. A device that moves leaves what it sent where it was measured.
    """
    check_city(holder, city)
    in_city(context, city, {"device": device, "site": change.site})
    with context.writing() as connection:
        change_device(connection, city, device, change, who=holder.name, now=context.clock())
    return _detail(context, city, device, payloads=True)


def _detail(context: Context, city: str, device: str, *, payloads: bool) -> Response:
    parameters: dict[str, Any] = {"city": city, "device": device}
    found = the_row(context, Question(DEVICES, [NAMED["where_device"]], parameters))
    shown = parameters | {"payloads": payloads, "shown_bytes": SHOWN_BYTES}
    messages = several(context, Question(RECENT_MESSAGES, [NAMED["where_device"]], shown), _RING)
    return Response(json_bytes(found | {"recent_messages": messages}), media_type="application/json")
