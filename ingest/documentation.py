"""The parts of docs/ that say what the code knows: observed properties, units, reasons.

`python -m ingest.documentation` writes them; a test fails when that was forgotten.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bypuls.properties import ObservedProperty, Properties, Thresholds
from bypuls.units import Units
from ingest.decoding import Decoder
from ingest.maker_pages import example_of, index_page, maker_page
from ingest.reasons import IGNORED, REASONS
from ingest.validation import Catalogue

DOCS = Path(__file__).parents[1] / "docs"
MAKERS = DOCS / "makers"
_GOLDEN = DOCS.parent / "tests" / "golden" / "profiles"
_OWN_FORMATS = frozenset({"own_json", "senml", "device_event"})  # docs/formats.md is theirs
DOMAINS = ("air", "weather", "traffic", "energy", "noise", "water", "building", "waste", "radiation", "device")


def properties_page(properties: Properties) -> str:
    """docs/properties.md."""
    parts = ["# Observed properties", _INTRODUCTION]
    for domain in DOMAINS:
        entries = [entry for entry in properties.values() if entry.domain == domain]
        parts += [f"## {domain.capitalize()}", _table(_PROPERTY_HEAD, (_property_row(entry) for entry in entries))]
        notes = [f"- `{entry.id}`: {entry.note}" for entry in entries if entry.note]
        parts += ["\n".join(notes)] if notes else []
    tests = [row for entry in properties.values() for row in _test_rows(entry)]
    parts += ["## Quality tests and their sources", _GAP, _table(("property", "test", "thresholds", "source"), tests)]
    return "\n\n".join(parts) + "\n"


_PROPERTY_HEAD = (
    "id",
    "name",
    "norsk",
    "unit",
    "over time",
    "fail outside",
    "suspect outside",
    "other words",
    "channels",
)
_INTRODUCTION = (
    "Generated from `bypuls/catalogue/properties.yaml`; do not edit. Every value is stored in the property's unit "
    "(UCUM; in brackets and braces ours). A device may call a property by its id or by any of the other words, "
    "without regard to case, with `-`, space and `.` for `_`; `<word>_<channel>` and `<word>.<channel>` name a "
    "channel. Values outside the fail span get QARTOD flag 4, outside the suspect span 3; both are kept and left "
    "out of indicators. Which units a property may be sent in: [formats](formats.md#units)."
)
_GAP = (
    "Flag 3 beyond *suspect*, 4 beyond *fail*, in the property's unit. Spike, rate of change and flat line compare "
    "neighbours that are at most 15 minutes apart; hourly means of reference networks get the gross range test only. "
    "*unverified*: our own choice."
)


def _property_row(entry: ObservedProperty) -> tuple[str, ...]:
    return (
        f"`{entry.id}`",
        entry.names["en"],
        entry.names["nb"],
        f"`{entry.unit}`",
        entry.aggregation.value.replace("_", " "),
        _span(entry.qc.gross_fail),
        _span(entry.qc.gross_suspect),
        ", ".join(entry.aliases),
        ", ".join(entry.channels),
    )


def _span(span: tuple[float, float] | None) -> str:
    return "" if span is None else f"{span[0]:g} … {span[1]:g}"


def _test_rows(entry: ObservedProperty) -> Iterable[tuple[str, ...]]:
    for test, source in entry.qc.sources.items():
        yield f"`{entry.id}`", test.replace("_", " "), _limits(test, entry.qc), source


def _limits(test: str, qc: Thresholds) -> str:
    if test == "gross_range":
        fail, suspect = _span(qc.gross_fail), _span(qc.gross_suspect)
        return ", ".join(part for part in (fail and f"fail {fail}", suspect and f"suspect {suspect}") if part)
    if test == "flat_line":
        hours = ((name, seconds) for name, seconds in (("suspect", qc.flat_suspect), ("fail", qc.flat_fail)) if seconds)
        return f"within {qc.flat_tolerance:g}: " + ", ".join(f"{name} {seconds / 3600:g} h" for name, seconds in hours)
    limits = (qc.spike_suspect, qc.spike_fail) if test == "spike" else (qc.rate_suspect, qc.rate_fail)
    per = "" if test == "spike" else "/s"
    given = ((name, limit) for name, limit in zip(("suspect", "fail"), limits, strict=True) if limit is not None)
    return ", ".join(f"{name} {limit:g}{per}" for name, limit in given)


def units_table(units: Units) -> str:
    """Which spellings are read as which unit, by dimension."""
    by_unit: dict[tuple[str, str], list[str]] = {}
    for spelling, unit in units.exact.items():
        by_unit.setdefault((unit.dimension, unit.ucum), []).append(spelling)
    rows = (
        (dimension.replace("_", " "), f"`{ucum}`", " ".join(f"`{_cell(spelling)}`" for spelling in spellings))
        for (dimension, ucum), spellings in sorted(by_unit.items())
    )
    return _table(("dimension", "unit", "spellings"), rows)


def reasons_table() -> str:
    """Every reason code, what it means and how to mend it; then what is ignored."""
    refused = _table(
        ("code", "what", "how to mend it"), ((f"`{code}`", why.what, why.hint) for code, why in REASONS.items())
    )
    ignored = _table(("ignored as", "why"), ((f"`{code}`", why) for code, why in IGNORED.items()))
    return f"{refused}\n\n{ignored}"


def with_parts(page: str, parts: dict[str, str]) -> str:
    """A page with the text between `<!-- name -->` and `<!-- /name -->` renewed."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"
    return page


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def other_formats_page(decoders: Mapping[str, Decoder]) -> str:
    """docs/other-formats.md: what each decoder's module says of its format."""
    return "\n\n".join(["# Formats of others", _OTHERS, *_format_sections(decoders)]) + "\n"


_OTHERS = """\
Generated from the decoders in `ingest/decoders`; do not edit. A [source](how-to/add-a-source.md) names the formats
that it may be read as (`formats: [tts_v3]`), and none is tried on it that it does not name. What a maker's message
means is in [its profile](makers/README.md); our own JSON and SenML are in [formats](formats.md).
`bypuls check decode --topic T --file F` tells what any message would be read as."""


def _format_sections(decoders: Mapping[str, Decoder]) -> Iterator[str]:
    for name, decoder in sorted(decoders.items()):
        if name in _OWN_FORMATS:
            continue
        text = inspect.getdoc(sys.modules[decoder.decode.__module__]) or ""
        types = ", ".join(f"`{content_type}`" for content_type in decoder.content_types)
        yield f"## {name}"
        if types:
            yield f"MQTT 5 content type: {types}."
        yield text


def pages() -> dict[Path, str]:
    """What the generated pages have to say now."""
    formats = DOCS / "formats.md"
    catalogue = Catalogue.load()
    parts = {"reasons": reasons_table(), "units": units_table(catalogue.units)}
    profiles = [profile.document for profile in catalogue.profiles.values()]
    makers = {
        MAKERS / f"{profile.id}.md": maker_page(profile, catalogue.properties, example_of(_GOLDEN / profile.id))
        for profile in profiles
    }
    return {
        DOCS / "properties.md": properties_page(catalogue.properties),
        DOCS / "other-formats.md": other_formats_page(catalogue.decoders),
        MAKERS / "README.md": index_page(profiles),
        **makers,
        formats: with_parts(formats.read_text(encoding="utf-8"), parts),
    }


def main() -> None:
    """Write the generated pages."""
    MAKERS.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
