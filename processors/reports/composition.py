"""The report of a snapshot: which chapters, in which order. Pure: the same content gives the same document."""

from __future__ import annotations

from bypuls.snapshot import FORMAT_VERSION, Snapshot
from processors.reports.document import Document
from processors.reports.effects import effects
from processors.reports.ending import missing, next_steps, notes, versions
from processors.reports.environment import environment, targets, trends
from processors.reports.front import at_a_glance
from processors.reports.results import results
from processors.reports.wording import Language, Wording


def compose(snapshot: Snapshot, language: Language) -> Document:
    """The whole report in one language."""
    words, content = Wording(language), snapshot.content
    city = words.text(content.city.name)
    label = words.text(content.u4ssc.label) if content.u4ssc else words("label")
    blocks = [
        *(results(content.u4ssc, words) if content.u4ssc else []),
        *(missing(content, words) if content.u4ssc else []),
        *environment(content, words),
        *trends(content, words),
        *targets(content, words),
        *effects(content, words),
        *notes(content, words),
        *(next_steps(content.u4ssc, content.missing, words) if content.u4ssc else []),
        *versions(snapshot, words),
    ]
    return Document(
        language=language,
        title=words("title", city=city, year=content.year),
        subtitle=words("subtitle"),
        label=label,
        mark=words("mark") if content.demonstration else "",
        page=words("page", n="{n}", m="{m}"),
        contents=words("contents"),
        identity=words("identity", hash=snapshot.hash, program=content.versions.program, format=FORMAT_VERSION),
        short=words("short", city=city, year=content.year, hash=snapshot.hash[7:19]),
        front=tuple(at_a_glance(content, words)),
        blocks=tuple(blocks),
    )
