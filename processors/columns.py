"""Values of one KPI, city and period as columns: what most of them say stands already, so few are ever written out.

A row becomes a `Value`, with its evidence, only where it is asked for. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bypuls.kpi import KpiDefinition
from processors.calculation import Cells, Detail, Floats, Integers, Outcome
from processors.content import Marks, folded, made_by, mark_of
from processors.evidence import Beyond, Facts, add_beyond, evidence_of, marks_beyond
from processors.preparation import Booleans
from processors.readings import Records
from processors.said import Coded, marks_said
from processors.values import Value, minimum_band

_MAKERS = tuple(f"processors.{name}" for name in ("evidence", "columns", "sites", "attestation"))
"""What says in the evidence of a site's value what it is made of: after a change of it no mark stands, once."""

QUALITIES = ("ok", "insufficient", "undefined")
_EPSILON = 1e-9


@dataclass(slots=True)
class Run:
    """What a calculator gave for its cells, and what that rests on."""

    definition: KpiDefinition
    city: str
    cells: Cells
    outcome: Outcome
    facts: Facts
    records: Records
    series: pd.DataFrame
    beyond: Beyond | None

    def coverage(self) -> Floats:
        """Share of each window that is valid, by which its quality is judged.

        A running month or year is judged by what is over; an hour or a day needs its share of the whole (18 of 24).
        """
        cells, outcome = self.cells, self.outcome
        if cells.period == "PT1H" and outcome.covered is None:
            return self.facts.share
        expected = cells.expected_over if cells.period in {"P1M", "P1Y"} else cells.expected
        covered = self.facts.valid_hours if outcome.covered is None else outcome.covered
        of = expected if outcome.expected is None else outcome.expected
        return np.minimum(1.0, covered / np.maximum(of, 1))

    def qualities(self) -> Integers:
        """Row of `QUALITIES` for each cell."""
        enough = self.coverage() >= self.definition.needed_coverage(self.cells.period) - _EPSILON
        undefined = np.isnan(self.outcome.value)
        if self.outcome.undefined is not None:
            undefined |= np.array([words is not None for words in self.outcome.undefined], dtype=bool)
        return np.where(undefined, 2, np.where(enough, 0, 1))

    def bands(self) -> tuple[Integers, list[str | None]]:
        """The band of each cell, as a row of the names given with it."""
        definition, value = self.definition, self.outcome.value
        if isinstance(self.outcome.band, Coded):
            codes, names = self.outcome.band.codes + 1, [None, *self.outcome.band.table]
        elif self.outcome.band is not None:
            names = [None, *sorted({band for band in self.outcome.band if band is not None})]
            index = {name: number for number, name in enumerate(names)}
            codes = np.fromiter(map(index.__getitem__, self.outcome.band), dtype=np.int64, count=len(value))
        elif definition.bands is not None and "minimum" in definition.bands:
            names = [None, "enough", "too_little"]
            codes = np.where(np.isnan(value), 0, np.where(value >= definition.bands["minimum"], 1, 2))
        else:
            return np.zeros(len(value), dtype=np.int64), [None]
        # A law is not judged by what is only indicative.
        return (np.where(self.facts.indicative, 0, codes) if definition.judges_law else codes), names

    def marks(self) -> Marks:
        """The mark of what each cell's value would say."""
        definition, cells, outcome, facts = self.definition, self.cells, self.outcome, self.facts
        of_sites = [mark_of(made_by(*_MAKERS), self.city, definition.id, definition.version, site, cells.period)
                    for site in cells.sites]  # fmt: skip
        marks = np.array(of_sites, dtype=np.uint64)[cells.site]
        # Small numbers in one column: each step goes over all of it.
        counts = facts.datastreams << 40 | facts.valid_hours << 16 | facts.classes << 8 | facts.origins << 2
        bad = facts.suspect << 32 | facts.fail
        codes, names = self.bands()
        bands = np.array([mark_of(name) for name in names], dtype=np.uint64)[codes]
        kinds = self.qualities() << 1 | (facts.indicative if definition.judges_law else 0)
        marks = folded(
            marks, cells.start, cells.end, outcome.value, np.round(self.coverage(), 9), facts.marks, counts, bad,
            cells.expected << 3 | kinds,
        )  # fmt: skip
        if outcome.band is not None or len(names) > 1:
            marks = folded(marks, bands)
        if cells.period in {"P1M", "P1Y"}:
            marks = folded(marks, np.where(cells.elapsed < cells.hours, cells.expected_over, -1))
        if outcome.counted != "hours" and outcome.covered is not None and outcome.expected is not None:
            marks = folded(marks, outcome.covered, outcome.expected)
        for said in (outcome.detail, outcome.undefined, outcome.evidence):
            if said is not None:
                marks = folded(marks, marks_said(said))
        if self.beyond is not None:
            marks = folded(marks, marks_beyond(self.beyond, cells, self.records, self.series))
        return marks

    def take(self, rows: Integers) -> Run:
        """Of those cells."""
        if len(rows) == len(self.cells) and bool((rows == np.arange(len(rows))).all()):
            return self
        beyond = self.beyond
        if beyond is not None:
            beyond = Beyond(beyond.since[:, rows], beyond.until[:, rows], beyond.weather)
        return Run(
            self.definition, self.city, self.cells.take(rows), self.outcome.take(rows), self.facts.take(rows),
            self.records, self.series, beyond,
        )  # fmt: skip

    def values(self) -> list[Value]:
        """All of them, written out."""
        cells, outcome, definition = self.cells, self.outcome, self.definition
        evidences = evidence_of(definition, self.city, cells, outcome, self.facts)
        if self.beyond is not None:
            add_beyond(evidences, self.beyond, cells, self.records, self.series)
        coverage = self.coverage()
        suffices = (coverage >= definition.needed_coverage(cells.period) - _EPSILON).tolist()
        nothing: list[None] = [None] * len(cells)
        columns = zip(
            (cells.sites[site] for site in cells.site.tolist()),
            cells.start.tolist(),
            cells.end.tolist(),
            outcome.value.tolist(),
            outcome.band or nothing,
            outcome.detail or nothing,
            outcome.undefined or nothing,
            np.round(coverage, 9).tolist(),
            suffices,
            evidences,
            strict=True,
        )
        values: list[Value] = []
        for site, start, end, number, band, detail, words, share, enough, evidence in columns:
            value = None if number != number else number  # noqa: PLR0124 - NaN is the one number unlike itself
            reason: str | None
            if words is not None:
                detail = {**(detail or {}), "why": words}  # noqa: PLW2901
                quality, reason = "undefined", "not_defined"
            elif value is None:
                quality, reason = "undefined", _why_nothing(evidence)
            else:
                quality, reason = ("ok", None) if enough else ("insufficient", "low_coverage")
            if "indicative" in evidence:
                band = None  # noqa: PLW2901 - a law is not judged by it
            elif outcome.band is None:
                band = minimum_band(definition, value)  # noqa: PLW2901
            values.append(
                Value(
                    definition, self.city, "site", site, cells.period, start, end, value, band, detail, quality,
                    reason, share, evidence,
                )
            )  # fmt: skip
        return values


Turned = Callable[[Value, int], Value]
"""A run's value and the start of its row in the columns -> what the columns say of it."""


@dataclass(slots=True)
class Columns:
    """The values of one KPI, city and period: a row for each.

    Attributes:
        site: counts into `sites`.
        quality: counts into `QUALITIES`; `band` into `bands`.
        marks: of all that a row says; `always`: whether what it says cannot be told from its mark.
        run, row: which run gave the row, and which row of it.
    """

    definition: KpiDefinition
    city: str
    period: str
    sites: Sequence[str]
    site: Integers
    start: Integers
    end: Integers
    value: Floats
    quality: Integers
    band: Integers
    bands: list[str | None]
    datastreams: Integers
    marks: Marks
    always: Booleans
    runs: list[Run]
    run: Integers
    row: Integers
    turned: Turned | None = None

    def __len__(self) -> int:
        return len(self.site)

    @classmethod
    def of(cls, cells: Cells, runs: list[Run], rows: list[Integers], turned: Turned | None = None) -> Columns:
        """From runs, each of which gave these rows of the cells."""
        first, count = runs[0], len(cells)
        made = cls(
            first.definition, first.city, cells.period, cells.sites, cells.site, cells.start, cells.end,
            value=np.empty(count), quality=np.empty(count, np.int64), band=np.empty(count, np.int64), bands=[None],
            datastreams=np.empty(count, np.int64), marks=np.empty(count, np.uint64), always=np.zeros(count, bool),
            runs=runs, run=np.empty(count, np.int64), row=np.empty(count, np.int64), turned=turned,
        )  # fmt: skip
        for number, (run, here) in enumerate(zip(runs, rows, strict=True)):
            codes, names = run.bands()
            made.bands += [name for name in names if name not in made.bands]
            back = np.array([made.bands.index(name) for name in names], dtype=np.int64)
            made.value[here], made.quality[here], made.band[here] = run.outcome.value, run.qualities(), back[codes]
            made.datastreams[here] = run.facts.datastreams
            made.marks[here], made.run[here], made.row[here] = run.marks(), number, np.arange(len(here))
        if turned is not None:
            made.marks = folded(made.marks, made.start)
        return made

    def where(self, keep: Booleans) -> Columns:
        """Those rows."""
        if keep.all():
            return self
        return Columns(
            self.definition, self.city, self.period, self.sites, self.site[keep], self.start[keep], self.end[keep],
            self.value[keep], self.quality[keep], self.band[keep], self.bands, self.datastreams[keep],
            self.marks[keep], self.always[keep], self.runs, self.run[keep], self.row[keep], self.turned,
        )  # fmt: skip

    def values(self, rows: Integers) -> list[Value]:
        """These rows, written out, in their order."""
        found: list[Value | None] = [None] * len(rows)
        for number, run in enumerate(self.runs):
            places = np.flatnonzero(self.run[rows] == number)
            if len(places):
                for place, value in zip(places.tolist(), run.take(self.row[rows[places]]).values(), strict=True):
                    found[place] = value
        made = [value for value in found if value is not None]
        if self.turned is not None:
            made = [self.turned(value, start) for value, start in zip(made, self.start[rows].tolist(), strict=True)]
        for value, mark in zip(made, self.marks[rows].tolist(), strict=True):
            value.content = mark
        return made

    def touch(self, datastream: int, since: int, until: int) -> Booleans:
        """Whether each row may rest on hours of that datastream in that time."""
        found = np.zeros(len(self), dtype=bool)
        for number, run in enumerate(self.runs):
            sites = run.series["site_index"].to_numpy(np.int64)[run.series["id"].to_numpy(np.int64) == datastream]
            everywhere = run.beyond is not None and datastream in run.beyond.weather["id"].tolist()
            begin, end = run.cells.start, run.cells.end
            if run.beyond is not None:
                begin, end = run.beyond.since.min(axis=0), run.beyond.until.max(axis=0)
            touched = (begin < until) & (end > since) & (np.isin(run.cells.site, sites) | everywhere)
            mine = self.run == number
            found[mine] = touched[self.row[mine]]
        return found


def _why_nothing(evidence: Detail) -> str:
    if any(evidence["left_out"].values()):
        return "flagged"
    return "low_coverage" if evidence["datastreams"] else "silent"
