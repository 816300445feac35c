"""The last chapters: what is missing, data notes, next steps, method and versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bypuls.snapshot import Content, Missing, Snapshot, U4sscAssessment, Versions
from processors.reports.document import Block, Cell, Column, Heading, Items, Paragraph, Table
from processors.reports.front import point_name, state_of
from processors.reports.results import benchmark_of, every_point, result_of
from processors.reports.wording import Wording


def missing(content: Content, words: Wording) -> Iterator[Block]:
    """Data points without a value, and who could fill them."""
    yield Heading(2, words("missing"), "missing")
    if not content.missing:
        yield Paragraph(words("missing_none"))
        return
    columns = (Column(words("kpi_or_point"), 3), Column(words("who"), 1.2), Column(words("how"), 3.4))
    rows = tuple(
        (
            Cell(f"{entry.code.replace(' ', '')} {words.text(entry.name)}"),
            Cell(_who(entry, words)),
            Cell(words.text(entry.how)),
        )
        for entry in content.missing
    )
    yield Table(words("missing_caption", count=len(rows)), columns, rows)


def _who(entry: Missing, words: Wording) -> str:
    if entry.who is None:
        return words("nobody")
    return words("until", who=entry.who, date=words.day(entry.deadline)) if entry.deadline else entry.who


def notes(content: Content, words: Wording) -> Iterator[Block]:
    """What a reader must know of the data."""
    yield Heading(2, words("notes"), "notes")
    if not content.notes:
        yield Paragraph(words("notes_none"))
        return
    columns = (Column(words("subject"), 1.6), Column(words("note"), 4), Column(words("source"), 1.6))
    rows = tuple(
        (
            Cell(note.subject),
            Cell(f"{words(f'note.{note.kind}').capitalize()}: {words.text(note.text)}"),
            Cell(note.source or ""),
        )
        for note in content.notes
    )
    yield Table(words("notes_caption"), columns, rows)


def next_steps(assessment: U4sscAssessment, gaps: Sequence[Missing], words: Wording) -> Iterator[Block]:
    """As U4SSC's reports say: the two lowest bands first, then what is not reported, then collecting again."""
    yield Heading(2, words("next_steps"), "next-steps")
    yield Paragraph(words("next_steps_intro"))
    points = list(every_point(assessment))
    low = [pair for band in ("lt_33", "33_66") for pair in points if pair[1].band == band]
    if low:
        columns = (Column(words("kpi_or_point"), 3), Column(words("result"), 1.5, "right"),
                   Column(words("benchmark"), 3))  # fmt: skip
        rows = tuple(
            (
                Cell(f"{kpi.code.replace(' ', '')} {point_name(kpi, point, words)}"),
                Cell(result_of(point, words)),
                Cell(benchmark_of(point, words), state_of(point)),
            )
            for kpi, point in low
        )
        yield Table(words("next_caption"), columns, rows)
    else:
        yield Paragraph(words("next_none"))
    sensors = sum(entry.sensors for entry in gaps)
    steps = [words("next_unreported", count=len(gaps), sensors=sensors)] if gaps else []
    without = sum(state_of(point) == "no_target" for _, point in points)
    if without:
        steps.append(words("next_no_target", count=without))
    yield Items((*steps, words("next_again")))


def versions(snapshot: Snapshot, words: Wording) -> Iterator[Block]:
    """Method, facts, versions and the hash."""
    content = snapshot.content
    yield Heading(2, words("method"), "method")
    yield Items(tuple(words.text(text) for text in content.method))
    if content.city.facts:
        of_facts = (Column(words("fact"), 2), Column(words("value"), 1.4, "right"), Column(words("since"), 1),
                   Column(words("source"), 2.5))  # fmt: skip
        rows = tuple(
            (
                Cell(words(f"fact.{fact.name}") if words.has(f"fact.{fact.name}") else fact.name.replace("_", " ")),
                Cell(words.quantity(fact.value, fact.unit)),
                Cell(words.day(fact.valid_from)),
                Cell(fact.source + (f" ({_status(fact.status, words)})" if fact.status else "")),
            )
            for fact in content.city.facts
        )
        yield Table(words("facts_caption"), of_facts, rows)
    yield Heading(2, words("versions"), "versions")
    used = content.versions
    entries = [(words("program"), f"Bypuls {used.program}")]
    entries += [(words("catalogue"), used.u4ssc_catalogue)] if used.u4ssc_catalogue else []
    entries += [
        (words("standard", name=name), _edition(used, name)) for name in sorted({*used.standards, *used.numbers})
    ]
    entries += [(words("definition", name=name), version) for name, version in sorted(used.definitions.items())]
    entries += [(words("method_hash"), used.method)] if used.method else []
    entries.append((words("hash"), snapshot.hash))
    columns = (Column(words("what"), 2), Column(words("version"), 3))
    yield Table(words("versions_caption"), columns, tuple((Cell(name), Cell(short(text))) for name, text in entries))


def _edition(used: Versions, name: str) -> str:
    """Edition and status, and the fingerprint of the numbers; one of the two where only one is known."""
    said, numbers = used.standards.get(name), used.numbers.get(name)
    return " · ".join([part for part in (said, short(numbers) if numbers else None) if part])


def _status(status: str, words: Wording) -> str:
    return words(f"note.{status}") if words.has(f"note.{status}") else status


def short(version: str) -> str:
    """A hash as people compare it: its first 16 digits; anything else as it is."""
    return f"{version[:23]}…" if version.startswith("sha256:") else version
