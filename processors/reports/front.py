"""Page one: how much there is, by state, and the wheel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from bypuls.snapshot import STATES, Content, DataPoint, Score, U4sscAssessment, U4sscKpi
from processors.reports.document import Block, Cell, Column, Figure, Heading, Paragraph, Table
from processors.reports.wheel import LOOKS, Segment, State, Wheel, wheel_svg
from processors.reports.wording import Wording


def at_a_glance(content: Content, words: Wording) -> Iterator[Block]:
    """The counts and the wheel, or that there is no assessment."""
    yield Heading(2, words("at_a_glance"), "glance")
    if content.u4ssc is None:
        yield Paragraph(words("no_assessment"), "warning")
        return
    yield _counts(content.u4ssc, words)
    yield wheel_figure(content.u4ssc, words.text(content.city.name), content.year, words)


def _counts(assessment: U4sscAssessment, words: Wording) -> Table:
    kpis, points = assessment.kpi_states, assessment.data_point_states
    rows: list[tuple[Cell, ...]] = [
        (Cell(words(f"state.{state}")), Cell(str(kpis.get(state, 0))), Cell(str(points.get(state, 0))))
        for state in STATES
        if state != "definition_unverified" or kpis.get(state) or points.get(state)
    ]
    totals = sum(kpis.values()), sum(points.values())
    rows.append((Cell(words("total"), strong=True), *(Cell(str(total), strong=True) for total in totals)))
    flagged = assessment.unverified_kpis, assessment.unverified_data_points
    rows.append((Cell(words("unverified_count")), *(Cell(str(number)) for number in flagged)))
    columns = (
        Column(words("state"), 4),
        Column(words("kpis"), 1, "right"),
        Column(words("data_points"), 1, "right"),
    )
    return Table(words("counts_caption", kpis=totals[0], points=totals[1]), columns, tuple(rows))


def wheel_figure(assessment: U4sscAssessment, city: str, year: int | str, words: Wording) -> Figure:
    """The wheel of an assessment, with what it shows in words."""
    states = Counter(state_of(point) for kpi in assessment.kpis() for point in kpi.data_points)
    total = sum(states.values())
    described = words(
        "wheel_description",
        total=total,
        scored=total - states["no_target"] - states["unreported"],
        no_target=states["no_target"],
        unreported=states["unreported"],
    )
    wheel = Wheel(
        centre=city,
        under=str(year),
        title=words("wheel_title", city=city, year=year),
        description=described,
        segments=tuple(_segments(assessment, words)),
        legend=tuple((state, words(f"band.{state}")) for state in LOOKS),
    )
    return Figure(wheel_svg(wheel), f"{wheel.title}. {described}", words("wheel_caption"))


def _segments(assessment: U4sscAssessment, words: Wording) -> Iterator[Segment]:
    for dimension in assessment.dimensions:
        categories = []
        for sub_dimension in dimension.sub_dimensions:
            for category in sub_dimension.categories:
                leaves = tuple(_leaf(kpi, point, words) for kpi in category.kpis for point in kpi.data_points)
                name = words.text(category.name)
                categories.append(_group(name, category.score, leaves, words))
        yield _group(words.text(dimension.name), dimension.score, tuple(categories), words)


def _group(name: str, score: Score, parts: tuple[Segment, ...], words: Wording) -> Segment:
    state = group_state(score, (part.state for part in parts))
    mark = ""
    if score.percent is not None:
        total = sum(part.leaves for part in parts)
        # With its decimal: 65.6 shown as 66 would seem to be in the band above.
        percent = words.number(score.percent, 0 if score.percent == round(score.percent) else 1) + "\u00a0%"
        mark = words("scored_of", percent=percent, scored=score.possible // 4, total=total)
    tip = f"{name}: {mark + ', ' if mark else ''}{words(f'band.{state}')}"
    return Segment(name, state, mark, tip, parts)


def group_state(score: Score, parts: Iterable[State]) -> State:
    """A group's band; without one, whether anything in it has a value."""
    if score.band is not None:
        return score.band
    return "unreported" if all(state == "unreported" for state in parts) else "no_target"


def _leaf(kpi: U4sscKpi, point: DataPoint, words: Wording) -> Segment:
    state, name = state_of(point), point_name(kpi, point, words)
    tip = f"{kpi.code} {name}: {words(f'band.{state}')}"
    return Segment(name, state, str(point.points or ""), tip)


def state_of(point: DataPoint) -> State:
    """What a data point's segment and cells show."""
    if point.band is not None:
        return point.band
    return "unreported" if point.value is None and point.text is None else "no_target"


def point_name(kpi: U4sscKpi, point: DataPoint, words: Wording) -> str:
    """The KPI's name, with the data point's where there are several; * marks an unverified definition."""
    name, own = words.text(kpi.name), words.text(point.name)
    star = " *" if point.unverified else ""
    return (f"{name}: {own}" if len(kpi.data_points) > 1 and own != name else name) + star
