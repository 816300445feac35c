"""The town's streets and its 40 sites, as data: where, what kind, whose, and what the formulas need to know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.city.traffic import Street

STREETS: dict[str, Street] = {
    street.name: street
    for street in (
        Street("Fjordbrua", 14200, 2, 50, heavy=0.07, shape="ring"),
        Street("Strandgata", 11800, 2, 40, heavy=0.07, shape="city", capacity=750),
        Street("Elgesetergata", 16400, 2, 50, heavy=0.08, shape="city", capacity=850),
        Street("Ringveien", 21500, 4, 60, heavy=0.09, shape="ring", capacity=950, delay=0.4),
        Street("E39", 13600, 2, 70, heavy=0.13, shape="ring", capacity=1000, delay=0.4),
        Street("Havnevegen", 6400, 2, 50, heavy=0.22, shape="harbour"),
        Street("Skolevegen", 5200, 2, 40, heavy=0.03, shape="city", capacity=600),
        Street("Sjøgata", 7800, 2, 40, heavy=0.10, shape="harbour"),
    )
}


@dataclass(frozen=True, slots=True)
class Place:
    """A site.

    Attributes:
        east, north: metres from the square. attributes: as the city file has them.
        stoves: wood smoke against a district of houses. share: of the street's traffic that passes here.
        kerb: metres to the street; 0: no street is near.
        height: metres above the sea. use: one of `energy.USES`.
    """

    slug: str
    name: str
    kind: str
    area: str
    east: float
    north: float
    instruments: str = "unknown"
    street: str | None = None
    share: float = 1.0
    kerb: float = 0.0
    stoves: float = 0.6
    height: float = 10.0
    use: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


def _road(slug: str, name: str, area: str, at: tuple[float, float], street: str, share: float = 1.0) -> Place:
    given = STREETS[street]
    attributes = {"street": street, "lanes": given.lanes, "free_flow_speed": given.free_flow_speed}
    return Place(slug, name, "road", area, *at, street=street, share=share, kerb=10.0, attributes=attributes)


def _building(slug: str, name: str, area: str, at: tuple[float, float], use: str, floor: float) -> Place:
    attributes = {"owner": "municipal", "floor_area": floor, "heated_area": round(0.94 * floor)}
    return Place(slug, name, "building", area, *at, use=use, attributes=attributes)


def _household(number: int, area: str, at: tuple[float, float], floor: float) -> Place:
    attributes = {"owner": "private", "floor_area": floor, "heated_area": floor}
    return Place(f"bolig-{number:02}", f"Bolig {number}", "household", area, *at, attributes=attributes)


PLACES: tuple[Place, ...] = (
    # Air: reference and equivalent instruments, then low-cost sensors.
    Place("torget", "Torget", "background", "sentrum", 0, 80, "reference", stoves=0.5),
    Place("strandgata", "Strandgata", "traffic", "sentrum", 60, -150, "reference", "Strandgata", kerb=5, stoves=0.5),
    Place("elgeseter", "Elgesetra", "traffic", "nordre", -60, 1260, "equivalent", "Elgesetergata", kerb=6, stoves=0.7),
    Place("aasen-skole", "Åsen skole", "background", "aasen", 1250, 1350, "reference", stoves=1.0, height=110),
    Place("havna-kai", "Havnekaia", "industrial", "havna", 760, -980, "equivalent", "Havnevegen", kerb=30, stoves=0.2),
    Place("parken", "Vestparken", "background", "vestre", -1500, 1200, "indicative", stoves=0.9),
    Place("barnehagen", "Solkroken barnehage", "background", "nordre", 150, 1900, "indicative", stoves=1.1, height=60),
    Place("fjellveien", "Fjellveien", "background", "aasen", 1750, 1500, "indicative", stoves=1.2, height=150),
    Place("ringveien-midt", "Ringveien midt", "traffic", "soerbyen", 1750, 100, "indicative", "Ringveien", kerb=12),
    Place("sjoegata", "Sjøgata", "traffic", "havna", 500, -700, "indicative", "Sjøgata", kerb=6, stoves=0.3),
    # Roads.
    _road("brua", "Fjordbrua", "nordre", (-330, 900), "Fjordbrua"),
    _road("strandgata-vest", "Strandgata vest", "sentrum", (-380, 160), "Strandgata", 0.92),
    _road("strandgata-oest", "Strandgata øst", "sentrum", (330, -330), "Strandgata", 1.06),
    _road("elgesetra-veg", "Elgesetergata ved Elgesetra", "nordre", (-110, 1450), "Elgesetergata"),
    _road("ringveien-nord", "Ringveien nord", "soerbyen", (1650, 480), "Ringveien", 1.05),
    _road("ringveien-soer", "Ringveien sør", "soerbyen", (1700, -950), "Ringveien", 0.9),
    _road("e39-vest", "E39 vest", "vestre", (-1950, 1450), "E39"),
    _road("e39-oest", "E39 øst", "soerbyen", (2500, -500), "E39", 0.86),
    _road("havnevegen", "Havnevegen", "havna", (930, -1150), "Havnevegen"),
    _road("skolevegen", "Skolevegen", "aasen", (950, 1050), "Skolevegen"),
    # Weather.
    Place("vaerstasjonen", "Værstasjonen", "weather", "sentrum", 420, 260),
    Place("vaer-aasen", "Værstasjon Åsen", "weather", "aasen", 1500, 1800, height=180),
    # The municipality's buildings.
    _building("raadhuset", "Rådhuset", "sentrum", (40, 210), "office", 9800),
    _building("biblioteket", "Biblioteket", "sentrum", (-190, 330), "culture", 4200),
    _building("kulturhuset", "Kulturhuset", "sentrum", (210, 20), "culture", 7600),
    _building("fjordvik-skole", "Fjordvik skole", "nordre", (-420, 1560), "school", 8900),
    _building("vestre-skole", "Vestre skole", "vestre", (-1330, 980), "school", 6400),
    _building("aasen-ungdomsskole", "Åsen ungdomsskole", "aasen", (1120, 1620), "school", 7300),
    _building("solbakken", "Solbakken omsorgssenter", "soerbyen", (2150, 200), "nursing", 8100),
    _building("idrettshallen", "Idrettshallen", "soerbyen", (1950, -1500), "sports", 5600),
    _building("svoemmehallen", "Svømmehallen", "nordre", (260, 1640), "pool", 3900),
    _building("brannstasjonen", "Brannstasjonen", "havna", (990, -860), "fire", 2300),
    # Households that share their meter's data.
    _household(1, "vestre", (-1850, 1250), 168),
    _household(2, "vestre", (-1150, 1350), 142),
    _household(3, "nordre", (-300, 2050), 96),
    _household(4, "nordre", (350, 2150), 121),
    _household(5, "aasen", (1550, 1250), 187),
    _household(6, "aasen", (1850, 1150), 154),
    _household(7, "soerbyen", (2500, 600), 133),
    _household(8, "soerbyen", (2300, -1250), 78),
)

PLACE = {place.slug: place for place in PLACES}
