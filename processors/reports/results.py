"""The chapter of results: every KPI and data point of U4SSC with its value and band, or "Not reported"."""

from __future__ import annotations

from collections.abc import Iterator

from bypuls.snapshot import Category, DataPoint, Score, U4sscAssessment, U4sscKpi
from processors.reports.document import Block, Cell, Column, Heading, Paragraph, Table
from processors.reports.front import group_state, point_name, state_of
from processors.reports.wording import NOTHING, Wording


def results(assessment: U4sscAssessment, words: Wording) -> Iterator[Block]:
    """Scores first, then a table per category."""
    yield Heading(2, words("results"), "results")
    yield Paragraph(words("results_intro"))
    yield _scores(assessment, words)
    for number, dimension in enumerate(assessment.dimensions, start=1):
        yield Heading(3, words.text(dimension.name), f"dimension-{number}")
        for sub_dimension in dimension.sub_dimensions:
            for category in sub_dimension.categories:
                over, name = words.text(sub_dimension.name), words.text(category.name)
                yield _category(name if over == name else f"{over} {NOTHING} {name}", category, words)


def _scores(assessment: U4sscAssessment, words: Wording) -> Table:
    rows = []
    for dimension in assessment.dimensions:
        categories = [category for part in dimension.sub_dimensions for category in part.categories]
        rows.append(_score(words.text(dimension.name), dimension.score, categories, words, strong=True))
        rows += [_score(words.text(one.name), one.score, [one], words, strong=False) for one in categories]
    columns = (
        Column(words("group"), 3),
        Column(words("reported_of"), 1.1, "right"),
        Column(words("score"), 1.1, "right"),
        Column(words("benchmark"), 2.6),
    )
    return Table(words("scores_caption"), columns, tuple(rows))


def _score(name: str, score: Score, categories: list[Category], words: Wording, *, strong: bool) -> tuple[Cell, ...]:
    states = [state_of(point) for one in categories for kpi in one.kpis for point in kpi.data_points]
    state = group_state(score, states)
    filled = sum(state != "unreported" for state in states)
    obtained = words("score_of", points=score.points, possible=score.possible) if score.possible else NOTHING
    band = words(f"band.{state}")
    if score.percent is not None:
        band = f"{words.number(score.percent, 1)} %: {band}"
    return (
        Cell(name, strong=strong),
        Cell(words("score_of", points=filled, possible=len(states)), strong=strong),
        Cell(obtained, strong=strong),
        Cell(band, state, strong=strong),
    )


def _category(caption: str, category: Category, words: Wording) -> Table:
    rows = tuple(_row(kpi, point, words) for kpi in category.kpis for point in kpi.data_points)
    columns = (
        Column(words("kpi_or_point"), 3.2),
        Column(words("result"), 1.5, "right"),
        Column(words("benchmark"), 2.4),
        Column(words("state"), 1.2),
        Column(words("source"), 2),
    )
    return Table(caption, columns, rows)


def _row(kpi: U4sscKpi, point: DataPoint, words: Wording) -> tuple[Cell, ...]:
    state = state_of(point)
    name = f"{kpi.code.replace(' ', '')} {point_name(kpi, point, words)}"
    if state == "unreported":
        return (Cell(name), Cell(words("not_reported")), Cell(NOTHING, state), Cell(stand(point, words)), Cell(""))
    return (Cell(name), Cell(result_of(point, words)), Cell(benchmark_of(point, words), state),
            Cell(stand(point, words)), Cell(point.source or ""))  # fmt: skip


def stand(point: DataPoint, words: Wording) -> str:
    """A data point's state, and whether the year is still open."""
    return words(f"state.{point.state}") + (f", {words('provisional')}" if point.provisional else "")


def result_of(point: DataPoint, words: Wording) -> str:
    """The value as people write it; "Not reported" without one."""
    if point.text is not None:
        return words(point.text) if point.text in {"yes", "no"} else point.text
    if point.value is None:
        return words("not_reported")
    if point.unit.startswith("yes/no"):
        return words("yes" if point.value else "no")
    return words.quantity(point.value, point.unit)


def benchmark_of(point: DataPoint, words: Wording) -> str:
    """The band with its points, and the target with its source."""
    state, benchmark = state_of(point), point.benchmark
    if benchmark is None or point.points is None:
        return words(f"band.{state}")
    band = words("points_suffix", band=words(f"band.{state}"), points=point.points)
    target = words.number(benchmark.target)
    if benchmark.start is None:
        return f"{band}; {words('target_was', target=target, source=benchmark.source)}"
    start = words.number(benchmark.start)
    return f"{band}; {words('target_from', target=target, start=start, source=benchmark.source)}"


def every_point(assessment: U4sscAssessment) -> Iterator[tuple[U4sscKpi, DataPoint]]:
    """All data points with their KPI, in the catalogue's order."""
    for kpi in assessment.kpis():
        for point in kpi.data_points:
            yield kpi, point
