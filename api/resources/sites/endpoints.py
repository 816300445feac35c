"""Sites."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Admin, check_city
from api.context import Using
from api.listing import CSV_RESPONSES, CitySlug, Listed, Question, answer, conditions, in_city, single
from api.resources.sites.changes import change_site
from api.resources.sites.queries import NAMED, SITES
from api.resources.sites.schemas import Site, SiteChange, SitesWanted

router = APIRouter(tags=["Cities and places"])


@router.get("/sites", response_model=Listed[Site], responses=CSV_RESPONSES, summary="Sites of a city")
def list_sites(request: Request, context: Using, wanted: Annotated[SitesWanted, Query()]) -> Response:
    """The places of one city where something is measured."""
    parameters = wanted.filters()
    in_city(context, wanted.city, {"area": wanted.area})
    return answer(request, context, wanted, Question(SITES, conditions(parameters, NAMED), parameters))


@router.get("/sites/{site}", response_model=Site, summary="One site")
def get_site(context: Using, site: str, city: CitySlug) -> Response:
    """One site of one city."""
    in_city(context, city, {"site": site})
    return single(context, Question(SITES, [NAMED["where_site"]], {"city": city, "site": site}))


@router.patch("/sites/{site}", response_model=Site, summary="Change a site")
def patch_site(context: Using, holder: Admin, site: str, city: CitySlug, change: SiteChange) -> Response:
    """Change name, kind, class or attributes of a site. Needs an admin token; leaves an audit row."""
    check_city(holder, city)
    in_city(context, city, {"site": site})
    with context.writing() as connection:
        change_site(connection, city, site, change, holder.name)
    return get_site(context, site, city)
