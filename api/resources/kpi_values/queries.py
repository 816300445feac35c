"""The lists of this noun."""

from datetime import datetime
from typing import LiteralString

from api.listing import Key, Listing
from bypuls.storage.queries import queries

NAMED = queries(__package__, "queries.sql")
_SERIES = tuple(Key(name, ("v", name), str) for name in ("kpi", "scope_kind", "scope", "period"))
_START = Key("start", ("v", "start"), datetime)
_LOCAL = frozenset({"start", "ends"})


def listing(*, latest: bool, then: bool, kpis: bool) -> Listing:
    """Values, or the latest of each (of every KPI, or of those named); as they stand, or as they stood at `as_of`."""
    query: LiteralString = NAMED["latest" if latest else "values"]
    said: LiteralString = NAMED["said_then" if then else "said_now"]
    series: LiteralString = NAMED["series_of_some" if kpis else "series_of_all"]
    composed = query.replace("{columns}", NAMED["columns"]).replace("{said}", said).replace("{series}", series)
    return Listing(composed, _SERIES if latest else (*_SERIES, _START), _LOCAL)
