"""The chapter of measures: what was done, and what changed after it; never what made it change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bypuls.snapshot import Content
from bypuls.snapshot_effects import EffectResult, Shifted
from processors.reports.document import Block, Cell, Column, Heading, Items, Paragraph, Table
from processors.reports.wording import NO_BREAK, NOTHING, Wording


def effects(content: Content, words: Wording) -> Iterator[Block]:
    """A table of all measures, and what to keep in mind of each that something is said of."""
    yield Heading(2, words("effects"), "effects")
    if not content.effects:
        yield Paragraph(words("effects_none"))
        return
    yield Paragraph(words("effects_intro"), "warning")
    columns = (
        Column(words("measure"), 2.2),
        Column(words("indicator"), 1.8),
        Column(words("effect_levels"), 1.5, "right"),
        Column(words("effect_change"), 1.6, "right"),
        Column(words("effect_beside"), 1.6, "right"),
        Column(words("verdict"), 2),
    )
    names = {one.scope: one.scope_name for one in content.kpis if one.scope_kind == "site"}
    yield Table(words("effects_caption"), columns, tuple(_row(one, words) for one in content.effects))
    yield Paragraph(words("effects_method"), "note")
    known = {one.measure: words.text(one.title) for one in content.effects}
    said = [one for one in content.effects if one.change is not None]
    if said:
        yield Heading(3, words("effects_mind"), "effects-mind")
    for number, one in enumerate(said, start=1):
        yield Heading(4, f"{words.text(one.title)}: {words.text(one.kpi_title)}", f"effect-{number}")
        yield Items(tuple(_mind(one, names, known, words)))


def _row(one: EffectResult, words: Wording) -> tuple[Cell, ...]:
    since = words("since_day", day=words.day(one.starts)) if one.ends is None else (
        f"{words.day(one.starts)}{NO_BREAK}{NOTHING} {words.day(one.ends)}"
    )  # fmt: skip
    gone = f"; {words('withdrawn')}" if one.withdrawn else ""
    levels = NOTHING
    if one.change is not None and one.change.before is not None and one.change.after is not None:
        levels = f"{words.number(one.change.before)} → {words.quantity(one.change.after, one.unit)}"
    return (
        Cell(f"{words.text(one.title)} ({since}{gone})"),
        Cell(words.text(one.kpi_title) + ("" if one.primary else f" ({words('effect_second')})")),
        Cell(levels),
        Cell(_shift(one.change, one.unit, words)),
        Cell(_shift(one.beside, one.unit, words)),
        Cell(_finding(one, words), strong=one.finding in ("as_expected", "opposite")),
    )


def _finding(one: EffectResult, words: Wording) -> str:
    shift = one.beside or one.change
    if one.finding == "not_shown" and shift is not None and shift.verdict != "not_shown":
        return words("finding.moved_too")
    finding = words(f"finding.{one.finding}")
    return finding if one.refusal is None else f"{finding}: {words.text(one.sentence)}"


def _shift(shift: Shifted | None, unit: str, words: Wording) -> str:
    """In percent where there is a ratio, else in the unit; with its interval."""
    if shift is None:
        return NOTHING
    value, low, high = (
        (shift.percent, shift.percent_low, shift.percent_high)
        if shift.percent is not None
        else (shift.difference, shift.difference_low, shift.difference_high)
    )
    if value is None:
        return NOTHING
    decimals, sign = (1, "%") if shift.percent is not None else (None, words.unit(unit))
    said = _signed(value, decimals, words) + (f"{NO_BREAK}{sign}" if sign else "")
    if low is None or high is None:
        return f"{said} ({words('no_interval')})"
    ends = words("interval", low=_signed(low, decimals, words), high=_signed(high, decimals, words))
    return f"{said} ({ends.replace(' ', NO_BREAK)})"


def _signed(value: float, decimals: int | None, words: Wording) -> str:
    text = words.number(value, decimals)
    return text if value <= 0 or text.strip("0,.") == "" else f"+{text}"


def _mind(one: EffectResult, names: Mapping[str, str], known: Mapping[str, str], words: Wording) -> Iterator[str]:
    """What is counted, what was expected, what else changed, and what the numbers themselves warn of."""
    if one.change is not None and one.years_apart is not None:
        yield words(
            "effect_months", n=one.change.n, first=one.change.first_month, last=one.change.last_month,
            years=one.years_apart, places=_list(one.places, names),
        )  # fmt: skip
    if one.control is not None:
        yield words(
            "effect_control", sites=_list(one.control_sites, names), n=one.control.n,
            shift=_shift(one.control, one.unit, words),
        )  # fmt: skip
    if one.no_control is not None:
        yield f"{words('effect_no_control')}: {words.text(one.no_control)}"
    if one.expected is not None:
        yield _expected(one, words)
    for other in one.changed_too:
        days = f" {NOTHING} ".join(words.day(day) for day in (other.starts, other.ends) if day is not None)
        what = known.get(other.what, other.what)
        yield f"{words(f'too.{other.kind}')}: {what}" + (f" ({days})" if days else "")
    yield from (words.text(caution) for caution in one.cautions)


def _expected(one: EffectResult, words: Wording) -> str:
    expected = one.expected
    if expected is None:
        return ""
    if expected.percent is not None:
        said = f"{_signed(expected.percent, None, words)}{NO_BREAK}%"
    else:
        said = f"{_signed(expected.difference or 0.0, None, words)}{NO_BREAK}{words.unit(one.unit)}"
    held = {True: "expected_within", False: "expected_outside", None: "expected_open"}[expected.within]
    return words(held, expected=said)


def _list(slugs: list[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(slug, slug) for slug in slugs)
