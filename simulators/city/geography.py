"""The town's map: six districts that tile, as GeoJSON. Coast, river mouth and hills are made up.

The districts are given by named corners; each edge between two corners is bent in the same way for both districts that
share it, so that neither gaps nor overlaps can arise.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from simulators.city.randomness import key_of

LATITUDE, LONGITUDE = 61.45, 5.85
_METRES_PER_DEGREE = 111_320.0

Point = tuple[float, float]

# Corners: metres east and north of the square. c: coast; o: inland border; i: between districts.
CORNERS: dict[str, Point] = {
    "c0": (-2600, 1300), "c1": (-2100, 900), "c2": (-1600, 760), "c3": (-1100, 350), "c4": (-750, 300),
    "c5": (-450, -60), "c6": (-80, -300), "c7": (150, -750), "c8": (520, -900), "c9": (700, -1350),
    "c10": (1200, -1550), "c11": (1500, -2100), "c12": (2100, -2400),
    "o1": (2900, -1700), "o2": (3100, -600), "o3": (2800, 500), "o4": (2300, 1500), "o5": (1400, 2200),
    "o6": (300, 2500), "o7": (-900, 2400), "o8": (-1900, 2100),
    "i1": (750, -350), "i2": (850, 450), "i3": (100, 850), "i4": (-550, 800), "i5": (-950, 1500),
    "i6": (600, 1500), "i7": (1700, 750), "i8": (1400, -750),
}  # fmt: skip

DISTRICTS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "sentrum": ("Sentrum", 9100, ("c4", "c5", "c6", "c7", "i1", "i2", "i3", "i4")),
    "nordre": ("Nordre bydel", 15400, ("i4", "i3", "i6", "o6", "o7", "i5")),
    "vestre": ("Vestsida", 8200, ("c0", "c1", "c2", "c3", "c4", "i4", "i5", "o7", "o8")),
    "aasen": ("Åsen", 6900, ("i3", "i2", "i7", "o4", "o5", "o6", "i6")),
    "havna": ("Havna", 1300, ("c7", "c8", "c9", "c10", "i8", "i1")),
    "soerbyen": ("Søre bydel", 7300, ("i1", "i8", "c10", "c11", "c12", "o1", "o2", "o3", "o4", "i7", "i2")),
}
"""slug -> name, inhabitants, corners (counter-clockwise)."""


def place(east: float, north: float) -> tuple[float, float]:
    """Latitude and longitude of a point so many metres from the square."""
    latitude = LATITUDE + north / _METRES_PER_DEGREE
    longitude = LONGITUDE + east / (_METRES_PER_DEGREE * math.cos(math.radians(LATITUDE)))
    return round(latitude, 5), round(longitude, 5)


def boundary(district: str) -> dict[str, Any]:
    """A district's outline as a GeoJSON polygon (RFC 7946: longitude first, counter-clockwise, closed)."""
    corners = DISTRICTS[district][2]
    ring: list[list[float]] = []
    for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
        for point in _edge(start, end)[:-1]:
            latitude, longitude = place(*point)
            ring.append([longitude, latitude])
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _edge(start: str, end: str) -> list[Point]:
    """The bent line between two corners; the same points, in the other order, from the other side."""
    first, last = sorted((start, end))
    points = [CORNERS[first], CORNERS[last]]
    for depth in range(3):
        bent = [points[0]]
        for number, (here, there) in enumerate(pairwise(points)):
            bent += [_bend(here, there, f"{first} {last} {depth} {number}"), there]
        points = bent
    return points if first == start else points[::-1]


def _bend(here: Point, there: Point, name: str) -> Point:
    part = (key_of(0, "edge", name) % 2001 / 1000.0 - 1.0) * 0.09
    east, north = there[0] - here[0], there[1] - here[1]
    return (here[0] + east / 2 - part * north, here[1] + north / 2 + part * east)
