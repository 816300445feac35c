"""Which values of a KPI, city and period are wanted: sites and starts, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processors.windows import Seconds, distinct

_SITE = 40  # seconds since 1970 need fewer bits


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry per value: `site` counts into `slugs`, `start` is seconds since 1970. Entries may repeat."""

    slugs: Sequence[str]
    site: Seconds
    start: Seconds

    def __len__(self) -> int:
        return len(self.site)

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, int]]) -> Wanted:
        """From (slug, start)."""
        slugs = sorted({slug for slug, _ in pairs})
        index = {slug: number for number, slug in enumerate(slugs)}
        site = np.array([index[slug] for slug, _ in pairs], dtype=np.int64)
        return cls(slugs, site, np.array([start for _, start in pairs], dtype=np.int64))

    def of_sites(self, slugs: set[str]) -> Wanted:
        """Those at these sites."""
        keep = np.array([slug in slugs for slug in self.slugs], dtype=bool)[self.site]
        return self if keep.all() else Wanted(self.slugs, self.site[keep], self.start[keep])

    def everywhere(self, slugs: set[str]) -> Wanted:
        """All that is wanted of sites that are none of these, wanted of each of these."""
        known = np.array([slug in slugs for slug in self.slugs], dtype=bool)[self.site]
        starts, here = distinct(self.start[~known]), sorted(slugs)
        own = self.of_sites(slugs)
        back = np.array([here.index(slug) if slug in slugs else -1 for slug in own.slugs], dtype=np.int64)
        site = np.concatenate([back[own.site], np.repeat(np.arange(len(here)), len(starts))])
        return Wanted(here, site, np.concatenate([own.start, np.tile(starts, len(here))]))

    def in_order(self) -> Wanted:
        """Each once, sorted by slug, then start; `slugs` are those that any entry names."""
        order = sorted(range(len(self.slugs)), key=self.slugs.__getitem__)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        keys = distinct((rank[self.site] << _SITE) + self.start)
        there = distinct(keys >> _SITE)
        site = np.searchsorted(there, keys >> _SITE)
        return Wanted([self.slugs[order[one]] for one in there.tolist()], site, keys & ((1 << _SITE) - 1))
