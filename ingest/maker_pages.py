"""docs/makers/: a page per maker profile, made from the profile itself, with an example that is really read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from bypuls.properties import Properties
from ingest.check import check_decode, render
from ingest.profile_schema import Document, LoRaWAN, MappingOf, Part, TopicRule, UnitAt, Value
from ingest.sources import ANY
from ingest.topics import matches

_LONGEST_EXAMPLE = 1500
_MOSTLY_THE_SAME = 0.8
_PREFIX = "bypuls/v1/<city>/<device>"


class Example(NamedTuple):
    """A message of the maker's, composed by us: topic, payload as it is shown, payload as it is sent."""

    topic: str
    shown: str
    sent: bytes
    received_at: datetime


def example_of(folder: Path) -> Example | None:
    """The first golden case of a profile that has readings and is short enough to be shown."""
    for path in sorted(folder.glob("*/message.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        expected = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))
        if not expected.get("accepted") or expected.get("refused") or "before" in document:
            continue
        if "payload" in document:
            shown, sent = json.dumps(document["payload"], ensure_ascii=False), json.dumps(document["payload"]).encode()
        elif "payload_text" in document:
            shown, sent = document["payload_text"], document["payload_text"].encode()
        else:
            continue
        if len(shown) <= _LONGEST_EXAMPLE:
            return Example(document["topic"], shown, sent, datetime.fromisoformat(document["received_at"]))
    return None


def maker_page(profile: Document, properties: Properties, example: Example | None) -> str:
    """One profile's page."""
    parts = [f"# {profile.title}", f"<!-- Generated from bypuls/catalogue/profiles/{profile.id}.yaml; do not edit. -->"]
    facts = [("Profile", f"`{profile.id}`"), ("Maker", profile.maker), ("Models", ", ".join(profile.models))]
    parts.append("\n".join(f"- {name}: {said}" for name, said in facts if said))
    parts += [profile.about.strip()] if profile.about else []
    parts += ["## Set up the device", profile.setup.strip()] if profile.setup else []
    parts += ["## Tell Bypuls", *_source(profile)]
    parts += ["## Try it", *_example(profile, example)] if example else []
    if profile.topics:
        rows = (_topic_row(rule) for rule in profile.topics)
        parts += ["## Topics", _table(("topic", "what is read"), rows)]
    if profile.lorawan is not None:
        parts += ["## How a network server's message finds this profile", *_lorawan(profile.lorawan)]
    parts += ["## What is read", *_mappings(profile, properties)]
    parts += _left_out(profile)
    if profile.documentation:
        parts += ["## Documentation", profile.documentation.strip()]
    return "\n\n".join(parts) + "\n"


def index_page(profiles: Iterable[Document]) -> str:
    """docs/makers/README.md."""
    rows = (
        (f"[{profile.title}]({profile.id}.md)", profile.maker, _first_sentence(profile.about))
        for profile in sorted(profiles, key=lambda one: one.title.casefold())
    )
    return (
        "# Makers\n\nGenerated from `bypuls/catalogue/profiles`; do not edit. A device that is not here: "
        "[draft a profile from one of its messages](../how-to/add-a-maker.md).\n\n"
        f"{_table(('maker or model', 'by', 'what it sends'), rows)}\n"
    )


def _source(profile: Document) -> Iterator[str]:
    if profile.lorawan is not None and not profile.topics:
        yield (
            "Its messages come through a LoRaWAN network server: one source for the server, nothing per device "
            "([The Things Stack](../how-to/connect-the-things-stack.md)). Where the message does not tell the maker, "
            f"the city's file does (`profile: {profile.id}` of the device); or the source, if all its devices are of "
            f"this maker (`profiles: [{profile.id}]` beside its `format`)."
        )
        return
    read = [rule.topic for rule in profile.topics if rule.mapping]
    filters = _widest([_filter(topic) for topic in read if not topic.startswith("**")])
    wanted = filters[0] if filters else "#"
    yield "One file, then `bypuls source add FILE` ([all keys](../how-to/add-a-source.md)):"
    if _PREFIX in profile.setup:
        yield from _behind_prefix(profile, wanted)
        return
    yield (f'```yaml\nname: {profile.id}\ntopic_filter: "{wanted}"\ncity: my-city\nprofile: {profile.id}\n```')
    if wanted[0] in "#+":
        yield (
            "Its topics are what somebody set: write the ones you use instead of this filter, which takes all, also "
            "what a source whose name comes later is to read."
        )
    if len(filters) > 1:
        others = ", ".join(f"`{one}`" for one in filters[1:])
        yield f"It reads these too, each by a source of its own: {others}."
    if any(topic.startswith("**") for topic in read):
        yield "Any prefix may stand before the topics (`**`), such as the one that the broker's access rules enforce."


def _behind_prefix(profile: Document, own: str) -> Iterator[str]:
    """The source of devices that are set up to send behind the prefix that the broker's rules give each of them."""
    after = profile.setup.partition(_PREFIX)[2]
    named = re.match(r"/(\w+)", after)
    start = "**/{device}/"
    rules = sorted((rule for rule in profile.topics if rule.mapping or rule.events), key=lambda rule: not rule.mapping)
    read = [rule.topic.removeprefix(start) for rule in rules if rule.topic.startswith(start)]
    levels = [named[1]] if named else [topic.split("/")[0] for topic in read]
    filters = [f"bypuls/v1/+/+/{level}/#" for level in dict.fromkeys(levels)]
    yield (
        f"```yaml\nname: {profile.id}\ntopic_filter: {filters[0]}\n"
        f"identity: bypuls/v1/{{city}}/{{device}}/#         # as set up above: the topic names city and device\n"
        f"profile: {profile.id}\n```"
    )
    if len(filters) > 1:
        yield f"It reads these too, each by a source of its own: {', '.join(f'`{one}`' for one in filters[1:])}."
    instead = f"`topic_filter: {own}`" if own != "#" else "a `topic_filter` that takes them"
    yield f"Devices that keep topics of their own: {instead} and `city: my-city`, in place of filter and identity."


def _example(profile: Document, example: Example) -> Iterator[str]:
    formats = ("profile",) if profile.topics else ANY.formats
    source = replace(ANY, formats=formats, profiles=(profile.id,), city="my-city")
    entries = check_decode(example.topic, example.sent, source, now=example.received_at)
    yield f"`bypuls check decode --topic {example.topic} --file message.json --profile {profile.id}` with"
    yield f"```json\n{example.shown}\n```"
    yield f"reads\n\n```\n{render(entries)}\n```"


def _topic_row(rule: TopicRule) -> tuple[str, str]:
    if rule.events:
        told = ", ".join(f"{text} → {kind}" for text, kind in rule.events.items())
        return f"`{rule.topic}`", f"events: {told}"
    if rule.ignore:
        return f"`{rule.topic}`", f"nothing ({rule.ignore.replace('_', ' ')})"
    only = f", where it has {', '.join(rule.keys)}" if rule.keys else ""
    return f"`{rule.topic}`", f"{rule.mapping}{only}"


def _lorawan(choice: LoRaWAN) -> Iterator[str]:
    said = (
        ("brand", choice.brands),
        ("model", choice.models),
        ("EUI begins with", choice.eui),
        ("device profile's name", choice.device_profiles),
        ("port", choice.f_ports),
        ("object with the members", choice.keys),
    )
    yield "\n".join(f"- {name}: {', '.join(f'`{value}`' for value in values)}" for name, values in said if values)


def _mappings(profile: Document, properties: Properties) -> Iterator[str]:
    several = len(profile.mappings) > 1
    for name, mapping in profile.mappings.items():
        if several:
            yield f"### {name}"
        yield from _parts(mapping, properties)


def _parts(mapping: MappingOf, properties: Properties) -> Iterator[str]:
    first: list[tuple[str, ...]] = []
    ignored: list[str] = []
    for part in mapping.parts:
        heading = _of_part(part)
        if heading:
            yield heading
        rows = [_value_row(key, value, properties) for key, value in _values(part)]
        # Kinds of one maker's devices differ in a few members: the long table stands once.
        different = [row for row in rows if row not in first]
        if first and len(rows) - len(different) > len(rows) * _MOSTLY_THE_SAME:
            yield "Members as in the first table" + (", but:" if different else ".")
            rows = different
        elif not first:
            first = rows
        if rows:
            yield _table(("member", "property", "channel", "unit", "remarks"), rows)
        if part.ignore and part.ignore != ignored:
            yield f"Known and not read: {', '.join(f'`{key}`' for key in part.ignore)}."
            ignored = part.ignore


def _values(part: Part) -> Iterator[tuple[str, Value]]:
    yield from part.values.items()
    if part.long is not None:
        yield from part.long.words.items()


def _of_part(part: Part) -> str:
    said = []
    if part.each:
        said.append(f"Each object at `{part.each}`")
    if part.when:
        said.append(
            ("where " if said else "Where ")
            + " and ".join(f"`{path}` is {_shown(value)}" for path, value in part.when.items())
        )
    if part.event:
        said.append(f"is the event {part.event}")
    if part.device:
        said.append(f"device: `{part.device}`")
    if part.time:
        said.append(f"time: {_shown(part.time)}")
    if part.interval:
        said.append(f"values of {_shown(part.interval)}, stamped at the {part.stamp}")
    return f"{'; '.join(said)}." if said else ""


def _value_row(key: str, value: Value, properties: Properties) -> tuple[str, ...]:
    said = value.property or key
    found = properties.find(said)
    named = f"`{found[0].id}`" if found else f"`{said}`"
    channel = value.channel or (found[1] if found else "")
    return f"`{key}`", named, channel and f"`{channel}`", _unit(value.unit), _remarks(value)


def _unit(unit: str | UnitAt | None) -> str:
    if isinstance(unit, UnitAt):
        return f"at `{unit.at}`" + (f", else `{unit.default}`" if unit.default else "")
    return f"`{unit}`" if unit else "not documented"


def _remarks(value: Value) -> str:
    said = []
    if value.sentinels:
        said.append("no value: " + ", ".join(f"{number:g}" for number in value.sentinels))
    if value.map:
        said.append(", ".join(f"{text} = {number:g}" for text, number in value.map.items()))
    if value.scale:
        said.append(f"times {value.scale:g}")
    if value.interval:
        said.append(f"of {_shown(value.interval)}")
    return "; ".join(said)


def _left_out(profile: Document) -> list[str]:
    sentinels: list[float] = getattr(profile, "sentinels", [])
    if not sentinels:
        return []
    return [f"Numbers that say *no value*, refused as `sentinel`: {', '.join(f'{number:g}' for number in sentinels)}."]


def _filter(template: str) -> str:
    """The MQTT filter that takes what a topic template takes."""
    levels = []
    for level in template.split("/"):
        if "...}" in level or level == "#":
            levels.append("#")
            break
        levels.append("+" if "{" in level else level)
    return "/".join(levels)


def _widest(filters: list[str]) -> list[str]:
    """Without those that take anybody's messages, and those that another one takes too."""
    every = list(dict.fromkeys(one for one in filters if one.strip("+#/")))
    return [one for one in every if not any(other != one and _takes(other, one) for other in every)]


def _takes(wide: str, narrow: str) -> bool:
    if wide.endswith("#"):
        return narrow.startswith(wide[:-1])
    return matches(narrow, wide)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", else ".join(_shown(one) for one in value)
    if value is True:
        return "there"
    if value is False:
        return "not there"
    return f"`{value.at if hasattr(value, 'at') else value}`"


def _first_sentence(text: str) -> str:
    line = " ".join(text.split())
    end = line.find(". ")
    return line if end < 0 else line[: end + 1]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines)
