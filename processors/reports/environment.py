"""The chapters from the city's own sensors: air against limits, traffic, energy, noise; trends; targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bypuls.kpi_trend import SENTENCES
from bypuls.snapshot import Content, KpiResult, TargetResult, TrendResult
from bypuls.targets import REASONS
from processors.reports.document import Block, Cell, Column, Heading, Paragraph, Table
from processors.reports.wheel import State
from processors.reports.wording import NOTHING, Wording

DOMAINS = ("air", "traffic", "energy", "noise", "weather", "water")
EXPECTED = ("air", "traffic", "energy", "noise")
"""Named even where a city has no value of them."""

COLUMNS = 4
"""Places that stand beside each other on a page."""

_VERDICTS: dict[str, State] = {"above": "lt_33", "within": "gte_95", "open": "unreported"}


def environment(content: Content, words: Wording) -> Iterator[Block]:
    """A section per domain: against limits, the city's values, the sites'."""
    yield Heading(2, words("environment"), "environment")
    if not content.kpis:
        yield Paragraph(words("environment_none"), "warning")
        return
    yield Paragraph(words("environment_intro"))
    for domain in DOMAINS:
        found = [result for result in content.kpis if result.domain == domain]
        if found or domain in EXPECTED:
            yield Heading(3, words(f"domain.{domain}"), f"domain-{domain}")
            yield from _domain(found, words) if found else [Paragraph(words("domain_none"))]


def _domain(results: Sequence[KpiResult], words: Wording) -> Iterator[Block]:
    name = words(f"domain.{results[0].domain}")
    judged = [result for result in results if result.limit is not None or result.allowed is not None]
    others = [result for result in results if result not in judged]
    wide = [result for result in judged if result.scope_kind == "city"]
    if wide:
        yield _limits(words("against_limits_caption", domain=name), wide, words)
    if any(result.scope_kind == "city" for result in others):
        rows = [result for result in others if result.scope_kind == "city"]
        yield _values(words("city_caption", domain=name), rows, words)
    for caption, group in (("site_limits_caption", judged), ("sites_caption", others)):
        places = [result for result in group if result.scope_kind != "city"]
        yield from _by_place(words(caption, domain=name), places, words)


def _limits(caption: str, results: Sequence[KpiResult], words: Wording) -> Table:
    columns = (
        Column(words("indicator"), 3.2),
        Column(words("site"), 1.4),
        Column(words("value"), 1.2, "right"),
        Column(words("allowed"), 1.1, "right"),
        Column(words("verdict"), 2),
        Column(words("coverage"), 1, "right"),
        Column(words("class"), 1.4),
    )
    return Table(caption, columns, tuple(_judged(result, words) for result in results))


def _judged(result: KpiResult, words: Wording) -> tuple[Cell, ...]:
    verdict, state = _verdict(result, words)
    # A count of days is compared with how many are allowed, a mean with the limit itself.
    allowed = result.allowed if result.unit in {"days", "hours"} else result.limit
    return (
        Cell(_title(result, words)),
        Cell(result.decided_by or result.scope_name),
        Cell(value_of(result, words)),
        Cell(NOTHING if allowed is None else words.quantity(allowed, result.unit)),
        Cell(verdict, state),
        Cell(_coverage(result, words)),
        Cell(_class([result], words)),
    )


def _values(caption: str, results: Sequence[KpiResult], words: Wording) -> Table:
    columns = (
        Column(words("indicator"), 3.2),
        Column(words("site"), 2),
        Column(words("value"), 1.7, "right"),
        Column(words("coverage"), 1, "right"),
        Column(words("class"), 1.6),
    )
    rows = tuple(
        (
            Cell(words.text(result.title)),
            Cell(result.decided_by or result.scope_name),
            Cell(value_of(result, words)),
            Cell(_coverage(result, words)),
            Cell(_class([result], words)),
        )
        for result in results
    )
    return Table(caption, columns, rows)


def _by_place(caption: str, results: Sequence[KpiResult], words: Wording) -> Iterator[Block]:
    """A row per indicator, a column per place; more places than a page is wide are further tables.

    Indicators that no place has enough data for are named below.
    """
    filled = {result.kpi for result in results if result.quality == "ok"}
    shown_results = [result for result in results if result.kpi in filled]
    places = sorted({(result.scope_kind, result.scope, result.scope_name) for result in shown_results})
    indicators: dict[str, dict[tuple[str, str], KpiResult]] = {}
    for result in shown_results:
        indicators.setdefault(result.kpi, {})[result.scope_kind, result.scope] = result
    for number, first in enumerate(range(0, len(places), COLUMNS)):
        some = places[first : first + COLUMNS]
        columns = [Column(words("indicator"), 2.6), Column(words("class"), 1.1)]
        columns += [Column(name, 1.4) for _, _, name in some]
        rows = []
        for found in indicators.values():
            here = [found.get((kind, slug)) for kind, slug, _ in some]
            shown = [result for result in here if result is not None]
            if shown:
                cells = (_at_place(result, words) for result in here)
                rows.append((Cell(_title(shown[0], words)), Cell(_class(shown, words)), *cells))
        if rows:
            yield Table(caption if number == 0 else f"{caption} ({number + 1})", tuple(columns), tuple(rows))

    empty = {result.kpi: _title(result, words) for result in results if result.kpi not in filled}
    if empty:
        yield Paragraph(words("nowhere", count=len(empty), names="; ".join(empty.values())), "note")


def _title(result: KpiResult, words: Wording) -> str:
    return words.text(result.title) + (" *" if result.standard_status == "unverified" else "")


def _at_place(result: KpiResult | None, words: Wording) -> Cell:
    if result is None:
        return Cell(NOTHING)
    said, state = value_of(result, words), None
    if result.limit is not None or result.allowed is not None:
        verdict, state = _verdict(result, words)
        short = f"short.{result.band}"
        said += f", {words(short) if words.has(short) and state else verdict}" if result.quality == "ok" else ""
    return Cell(said if result.coverage is None else f"{said} ({words.percent(result.coverage)})", state)


def value_of(result: KpiResult, words: Wording) -> str:
    """The value with its unit, or why there is none; provisional and revised are said."""
    if result.quality != "ok" or result.value is None:
        return words(f"quality.{result.quality}") if result.quality != "ok" else NOTHING
    said = words.quantity(result.value, result.unit)
    return said if result.status == "final" else f"{said} ({words(f'status.{result.status}')})"


def _verdict(result: KpiResult, words: Wording) -> tuple[str, State | None]:
    if result.indicative:
        return words("verdict.indicative"), None
    key = f"verdict.{result.band}"
    if result.quality != "ok" or result.band is None or not words.has(key):
        return words("verdict.open"), "unreported"
    return words(key), _VERDICTS.get(result.band)


def _coverage(result: KpiResult, words: Wording) -> str:
    return NOTHING if result.coverage is None else words.percent(result.coverage)


def _class(results: Sequence[KpiResult], words: Wording) -> str:
    """The classes of instruments behind values, and origins other than measured."""
    classes = sorted({name for result in results for name in result.classes})
    origins = sorted({name for result in results for name in result.origins if name != "measured"})
    return ", ".join([words(f"class.{name}") for name in classes] + [words(f"origin.{name}") for name in origins])


def trends(content: Content, words: Wording) -> Iterator[Block]:
    """How KPIs went over the years."""
    yield Heading(2, words("trends"), "trends")
    if not content.trends:
        yield Paragraph(words("trends_none"))
        return
    columns = (
        Column(words("indicator"), 3),
        Column(words("years"), 1.2),
        Column(words("slope"), 1.6, "right"),
        Column(words("verdict"), 2),
    )
    yield Table(words("trends_caption"), columns, tuple(_trend(trend, words) for trend in content.trends))


def _trend(trend: TrendResult, words: Wording) -> tuple[Cell, ...]:
    verdict = words(f"trend.{trend.verdict}")
    if trend.p is not None:
        verdict = words("with_p", verdict=verdict, p=words.number(trend.p, 3))
    why = SENTENCES.get(trend.reason or "") if trend.verdict == "refused" else None  # type: ignore[call-overload]
    if why:
        verdict += f": {words.text(why)}"
    years = f"{trend.years[0].year}{NOTHING}{trend.years[-1].year}" if trend.years else NOTHING
    slope = NOTHING if trend.slope is None else words.quantity(trend.slope, trend.unit)
    return Cell(f"{words.text(trend.title)} ({trend.scope})"), Cell(years), Cell(slope), Cell(verdict)


def targets(content: Content, words: Wording) -> Iterator[Block]:
    """Targets and the way there."""
    yield Heading(2, words("targets"), "targets")
    if not content.targets:
        yield Paragraph(words("targets_none"))
        return
    columns = (
        Column(words("indicator"), 2.6),
        Column(words("target"), 1.7, "right"),
        Column(words("required"), 1.3, "right"),
        Column(words("actual"), 1.3, "right"),
        Column(words("verdict"), 1.4),
        Column(words("source"), 1.8),
    )
    yield Table(words("targets_caption"), columns, tuple(_target(target, words) for target in content.targets))


def _target(target: TargetResult, words: Wording) -> tuple[Cell, ...]:
    required, actual = (
        NOTHING if value is None else words.quantity(value, target.unit) for value in (target.required, target.actual)
    )
    value = words.quantity(target.target_value, target.unit)
    verdict = words(f"target.{target.verdict}")
    if target.reason:
        known = REASONS.get(target.reason)  # type: ignore[call-overload]
        verdict += f": {words.text(known) if known else target.reason}"
    return (Cell(words.text(target.title)), Cell(words("target_by", value=value, year=target.target_year)),
            Cell(required), Cell(actual), Cell(verdict), Cell(target.source))  # fmt: skip
