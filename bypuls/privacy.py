"""Personal energy: which sums over households may be published. Pure.

A household's own use tells when somebody is at home. So what its meter measures is published in fixed groups only, and
for whole months and years. One sum of five meters is no safeguard where another of six stands beside it: groups are
checked together, over all that were ever published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

PERSONAL_KIND = "household"
"""Kind of the sites whose measurements are personal data."""

LEAST_METERS = 5
GROUP_PERIODS = frozenset({"P1M", "P1Y"})
"""Periods a group has values for. Days of few homes still tell of holidays."""


def atoms(groups: Mapping[str, Collection[str]]) -> dict[frozenset[str], frozenset[str]]:
    """The finest parts that sums over these groups can tell apart: names of groups -> sites in exactly those.

    Whatever is added to or subtracted from the groups' sums is a combination of the sums of these parts, so nothing
    smaller than the smallest of them can be learned.

    >>> sorted(map(len, atoms({"street": "abcde", "house": "abc"}).values()))
    [2, 3]
    """
    membership: dict[str, set[str]] = {}
    for name, sites in groups.items():
        for site in sites:
            membership.setdefault(site, set()).add(name)
    parts: dict[frozenset[str], set[str]] = {}
    for site, names in membership.items():
        parts.setdefault(frozenset(names), set()).add(site)
    return {names: frozenset(sites) for names, sites in parts.items()}


def faults(groups: Mapping[str, Collection[str]]) -> list[str]:
    """Why these groups may not be published together; nothing when they may."""
    found = [
        f"household group {name!r} has {len(set(sites))} meters: it needs {LEAST_METERS}"
        for name, sites in sorted(groups.items())
        if len(set(sites)) < LEAST_METERS
    ]
    if found:
        return found
    for names, sites in sorted(atoms(groups).items(), key=lambda part: sorted(part[0])):
        if len(sites) < LEAST_METERS:
            inside, outside = sorted(names), sorted(groups.keys() - names)
            apart = f" but not in {', '.join(outside)}" if outside else ""
            which = f"those in {', '.join(inside)}{apart}"
            found.append(
                f"household groups together give away {len(sites)} of their meters ({which}): such a difference "
                f"needs none, or {LEAST_METERS}; make groups that do not overlap"
            )
    return found
