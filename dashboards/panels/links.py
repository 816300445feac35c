"""Where a click leads: to the next board with time and choices kept, to a site, to a value's evidence, to the API."""

from __future__ import annotations

from dashboards.parts import ADDRESS
from dashboards.text import Text

KEEP = "${__url_time_range}&${__all_variables}"
Link = tuple[Text, str]


def board(uid: str, title: Text) -> Link:
    """Another board, with time and variables."""
    return title, f"/d/{uid}?{KEEP}"


def board_of_city(uid: str, title: Text) -> Link:
    """Another board from one without variables: the city stands in the column `scope` of the row."""
    return title, f"/d/{uid}?{KEEP}&var-city=${{__data.fields.scope}}"


def site() -> Link:
    """The site of a row on the built-in page, with every series and the last messages."""
    title = Text("Site: its series and messages", "Målested: serier og meldinger")
    return title, f"{ADDRESS}/site/${{__data.fields.site}}?{KEEP}"


def evidence() -> Link:
    """Which sensors, which formula, what was left out: of a row with city, kpi, scope_kind, scope, period, start."""
    return EVIDENCE, (
        f"{ADDRESS}/evidence/${{__data.fields.kpi}}?city=${{__data.fields.city}}&scope_kind=${{__data.fields.scope_kind}}"
        f"&scope=${{__data.fields.scope}}&period=${{__data.fields.period}}&start=${{__data.fields.start}}&{KEEP}"
    )


EVIDENCE = Text("Evidence: sensors, formula, what was left out", "Grunnlag: sensorer, formel, hva som er utelatt")


def api(path: str) -> Link:
    """The same as data."""
    return Text("The same as data (API)", "Det samme som data (API)"), f"{ADDRESS}{path}"


def boards() -> list[Link]:
    """The row of links at the top of every board."""
    return [
        board("city-now", Text("City now", "Byen nå")),
        board("air", Text("Air", "Luft")),
        board("traffic", Text("Traffic", "Trafikk")),
        board("energy-noise", Text("Energy and noise", "Energi og støy")),
        board("fleet", Text("Devices and quarantine", "Enheter og karantene")),
        board("platform", Text("Platform", "Plattform")),
    ]
