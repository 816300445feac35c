"""Changes a site, and what follows from it."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from api.audit import Deed, record
from api.recompute import mark_hours
from api.resources.sites.queries import NAMED
from api.resources.sites.schemas import SiteChange
from bypuls.errors import NotAllowed, NotFound
from bypuls.privacy import PERSONAL_KIND
from bypuls.storage.database import Connection


def change_site(connection: Connection, city: str, site: str, change: SiteChange, who: str) -> None:
    """Apply a change with its audit row; one that changes nothing leaves none.

    Raises:
        NotFound: no such site in this city.
        NotAllowed: it is a home and would be none: that would open what was measured there.
    """
    place = {"city": city, "site": site}
    row = connection.execute(NAMED["lock"], place).fetchone()
    if row is None:
        message = f"no site {site!r} in city {city!r}: GET /v1/sites?city={city} lists them"
        raise NotFound(message)
    before: dict[str, Any] = dict(zip(("name", "kind", "class", "attributes"), row, strict=True))
    asked = change.model_dump(by_alias=True, exclude_none=True, mode="json")
    if before["kind"] == PERSONAL_KIND != asked.get("kind", PERSONAL_KIND):
        message = f"site {site!r} is a home: another kind would open what was measured there; use another slug"
        raise NotAllowed(message)
    after = before | asked
    if change.attributes is not None:
        # As sent: a null among the attributes takes one away.
        merged = before["attributes"] | change.attributes
        after["attributes"] = {name: value for name, value in merged.items() if value is not None}
    differs = {name for name in before if before[name] != after[name]}
    if not differs:
        return
    connection.execute(NAMED["change"], place | after | {"attributes": Jsonb(after["attributes"])})
    if "class" in differs:
        followed = [found for (found,) in connection.execute(NAMED["reclassify"], place | {"class": after["class"]})]
        mark_hours(connection, followed)
        connection.execute(NAMED["registry_changed"])
    # That a home's attributes were changed is written down, not what they tell.
    told = {"attributes": "withheld"} if after["kind"] == PERSONAL_KIND else {}
    old, new = ({name: told.get(name, side[name]) for name in sorted(differs)} for side in (before, after))
    record(connection, Deed(who, "site.change", site, city, old, new))
