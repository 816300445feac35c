"""Writes a drafted profile as YAML: each guess with its reason behind its line. `guesses` says what is guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from bypuls.clock import isoformat
from bypuls.errors import Refusal
from bypuls.units import Units
from ingest.drafting.already import Unwrapped, names
from ingest.drafting.guesses import Guess, Meant, device_level, meant, suggestion
from ingest.drafting.parts import MOST_VALUES, DraftedPart, Number, escaped, parts_of
from ingest.members import as_channel, as_number
from ingest.reasons import refusal, shortened
from ingest.strict_json import is_channel, is_name, printable
from ingest.written_times import read_any_time

_WIDEST = 100
_COMMENT = "\0"  # stands in no text that is written: only printable ones are
_SLUG = re.compile(r"[^a-z0-9]+")
_CAPTURES = re.compile(r"\{(part\d*)")
_NOTE = """# Drafted from one message. What is "likely" wants confirming, what is "open" filling in:
# docs/how-to/add-a-maker.md. Try it on more messages before it is used: the next may hold what this one does not."""


@dataclass
class Draft:
    """A drafted profile.

    Attributes:
        id: of the profile; its file is `<id>.yaml`.
        profile: its YAML.
        guesses: in the order in which they stand in it.
    """

    id: str
    profile: str
    guesses: list[Guess] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs: id, profile and guesses as plain values."""
        return {"id": self.id, "profile": self.profile, "guesses": [guess._asdict() for guess in self.guesses]}


@cache
def _units() -> Units:
    return Units.load()


class Writer:
    """Writes one draft.

    Args:
        topic: as published.
        document: what the message holds.
        now: its arrival.
        unwrapped: of a network server's envelope, where there is one.
        head: a line that stands before all others, as a comment; "" for none.
    """

    def __init__(self, topic: str, document: Any, now: datetime, unwrapped: Unwrapped | None, head: str) -> None:
        self._topic, self._document, self._now = topic, document, now
        self._unwrapped, self._head = unwrapped, head
        self._guesses: list[Guess] = []
        self._written = 0

    def draft(self) -> Draft:
        """The whole.

        Raises:
            Refusal: `empty` or `wrong_type`: the message holds nothing that a profile could read.
        """
        bare = isinstance(self._document, str | int | float) and as_number(self._document) is not None
        if not bare and not (isinstance(self._document, dict | list) and self._document):
            raise refusal("empty", f"{shortened(self._document)} holds no number that a profile could read")
        parts = [] if bare else parts_of(self._document)
        if not bare and not parts:
            raise refusal("wrong_type", "a list without objects: nothing says what its values are")
        note = [f"# {self._head}", _NOTE] if self._head else [_NOTE]
        if self._unwrapped is not None:
            return self._of_server(self._unwrapped, parts, note)
        levels = self._topic.split("/")
        slug = _SLUG.sub("-", self._topic.casefold()).strip("-")[:40] or "device"
        name = f"draft-{slug}"
        head = [*note, f"id: {name}", f"title: {_quoted('Draft: ' + self._topic)}", 'maker: ""', "models: []"]
        topics = self._bare_topic(levels) if bare else self._topics(levels, parts)
        body = self._bare_mapping(levels[-1]) if bare else [line for part in parts for line in self._part(part)]
        mapping = ["mappings:", "  message:"]
        mapping += ["    payload: value", '    name: "{$quantity}"'] if bare else []
        lines = [*head, "topics:", *topics, *_maps(parts), *mapping, "    parts:", *(body or ["      - {}"])]
        return Draft(name, "\n".join(_with_comments(lines)) + "\n", self._guesses)

    def _of_server(self, unwrapped: Unwrapped, parts: Sequence[DraftedPart], note: list[str]) -> Draft:
        """A profile of what network servers' codecs make of a kind of device's frames."""
        found, reason, kind = names(unwrapped)
        name = f"draft-{_SLUG.sub('-', kind.casefold()).strip('-')[:40].strip('-') or 'lorawan'}"
        head = [*note, f"id: {name}", f"title: {_quoted('Draft: ' + (kind or 'LoRaWAN device'))}"]
        head.append(f"maker: {_quoted(unwrapped.brand)}")
        head.append(f"models: [{_quoted(unwrapped.model) if unwrapped.model else ''}]")
        lorawan = [f"lorawan:{self._say('lorawan', kind, reason, 'likely' if found else 'open')}"]
        for member, texts in found.items():
            patterns = [_pattern(member, text) for text in texts]
            lorawan.append(f"  {member}: [{', '.join(map(_quoted, patterns))}]")
        lorawan.append("  mapping: uplink")
        body = [line for part in parts for line in self._part(part)]
        mapping = ["mappings:", "  uplink:", "    parts:", *(body or ["      - {}"])]
        return Draft(name, "\n".join(_with_comments([*head, *lorawan, *_maps(parts), *mapping])) + "\n", self._guesses)

    def _say(self, path: str, guess: str, reason: str, certainty: Any) -> str:
        """Note a guess; the comment for its line."""
        self._guesses.append(Guess(printable(path), guess, reason, certainty))
        return f"{_COMMENT}# {certainty}: {reason}"

    # -- topics ----------------------------------------------------------------------------------------------------

    def _topics(self, levels: list[str], parts: Sequence[DraftedPart]) -> list[str]:
        named = [str(value) for part in parts for _, value in part.devices]
        at, reason, certainty = device_level(levels, named)
        template = "/".join("{device}" if position == at else level for position, level in enumerate(levels))
        literal = any(position != at and level for position, level in enumerate(levels))
        rule = f"topic: {_quoted(template)}, mapping: message"
        if not literal:
            rule += ", named_only: true"
            reason += "; the topic could be anybody's, so the source or the registry has to name this profile"
        if at is None:
            own = any(part.devices for part in parts)
            if own:
                reason = "no level looks like a device; the message names it"
                comment = self._say("topic", template, reason, "likely")
            else:
                rule += f", device: {_quoted(self._topic.strip('/'))}"
                reason = "no level looks like a device: put {device} for the one that is, or name the device here"
                comment = self._say("topic", "", reason, "open")
            return [f"  - {{{rule}}}{comment}"]
        return [f"  - {{{rule}}}{self._say(f'topic level {at + 1}', 'device', reason, certainty)}"]

    def _bare_topic(self, levels: list[str]) -> list[str]:
        at, reason, certainty = device_level(levels[:-1], [])
        if at is None and len(levels) > 1:
            at, reason, certainty = (
                len(levels) - 2,
                "the level before the last: put {device} elsewhere if it is not",
                "likely",
            )
        shown = ["{device}" if position == at else level for position, level in enumerate(levels)]
        shown[-1] = "{quantity}"
        rule = f"topic: {_quoted('/'.join(shown))}, mapping: message"
        if len(levels) < 3:  # noqa: PLR2004
            rule += ", named_only: true"
        if at is None:
            rule += f", device: {_quoted(self._topic)}"
            return [f"  - {{{rule}}}{self._say('topic', '', 'one level only: name the device here', 'open')}"]
        return [f"  - {{{rule}}}{self._say(f'topic level {at + 1}', 'device', reason, certainty)}"]

    def _bare_mapping(self, last: str) -> list[str]:
        if not is_name(last):
            self._say("topic", "", "the topic's last level does not say what was measured", "open")
            return ["      - {}"]
        number = Number(escaped(last), last, self._document, ())
        lines = ["      - values:", *self._number(number, meter=False)]
        return lines if any(not line.lstrip().startswith("#") for line in lines[1:]) else ["      - {}", *lines[1:]]

    # -- parts -----------------------------------------------------------------------------------------------------

    def _part(self, part: DraftedPart) -> list[str]:
        if not (part.numbers or part.names or part.remarks):
            return []
        body: list[str] = []
        if part.each:
            where = "objects of a list" if part.each.endswith("[]") else "objects under names of their own"
            body.append(f"each: {_quoted(part.each)}{self._say(part.each, 'part', where, 'sure')}")
        if part.carried:
            inner = ", ".join(f"{capture}: {_quoted(path)}" for capture, path in part.carried.items())
            body.append(f"carry: {{{inner}}}")
        body += self._device(part) + self._time(part)
        meter = any(path.casefold() in {"meter", "meter_id", "meterid"} for path, _ in part.devices)
        body += self._long(part, meter=meter) if part.name is not None else self._values(part, meter=meter)
        body += self._rest(part)
        if not any(not line.lstrip().startswith("#") for line in body):
            return ["      - {}", *(f"        {line}" for line in body)]
        first = next(index for index, line in enumerate(body) if not line.lstrip().startswith("#"))
        body.insert(0, body.pop(first))
        return [f"      {'- ' if index == 0 else '  '}{line}" for index, line in enumerate(body)]

    def _device(self, part: DraftedPart) -> list[str]:
        if part.part_capture is not None and not part.devices:
            names = ", ".join(part.part_names[:3])
            alike = "have the same members" if len(part.part_names) > 1 else "looks like an id"
            reason = f"{printable(names)} {alike}; write `device: ${part.part_capture}` for devices of their own"
            captures = _CAPTURES.findall(part.each)
            channel = f"${captures[0]}" if len(captures) == 1 else _quoted(".".join(f"{{${one}}}" for one in captures))
            return [f"channel: {channel}{self._say(part.each, 'channel', reason, 'likely')}"]
        if self._unwrapped is not None:
            return self._channel_of_server(part)
        if part.devices:
            path, value = part.devices[0]
            shown = printable(str(value))
            if str(value).casefold() in {level.casefold() for level in self._topic.split("/")}:
                return []
            comment = self._say(path, "device", f"{shown!r} stands under a name that devices' ids have", "likely")
            return [f"device: {_quoted(path)}{comment}"]
        if part.inherited_device is not None and part.each:
            return [f"device: {_quoted(part.inherited_device)}"]
        return []

    def _channel_of_server(self, part: DraftedPart) -> list[str]:
        """The envelope names the device: what objects of a list name are its channels."""
        if not (part.devices and part.each):
            return []
        path, value = part.devices[0]
        reason = f"{printable(str(value))!r} tells objects of the list apart"
        return [f"channel: {_quoted(path)}{self._say(path, 'channel', reason, 'likely')}"]

    def _time(self, part: DraftedPart) -> list[str]:
        if part.times:
            path, value = part.times[0]
            try:
                time = read_any_time(value, None, path)
            except Refusal as refused:
                return self._odd_time(path, value, refused)
            how = "as Unix time" if as_number(value) is not None else "as it is written"
            reason = f"{shortened(value, 40)} is {isoformat(time)} {how}"
            certainty = "sure" if abs((time - self._now).days) < 3660 else "likely"  # noqa: PLR2004
            return [f"time: {_quoted(path)}{self._say(path, 'time', reason, certainty)}"]
        if part.inherited_time is not None and part.each:
            return [f"time: {_quoted(part.inherited_time)}"]
        if not part.each and self._unwrapped is not None:
            self._say("time", "envelope", "the time at which the network server's gateways heard it counts", "sure")
        elif not part.each:
            self._say("time", "arrival", "no member is a time: the time of arrival counts", "likely")
        return []

    def _odd_time(self, path: str, value: Any, refused: Refusal) -> list[str]:
        shown = shortened(value, 40)
        if refused.code == "time_without_zone":
            reason = (
                f"{shown} has no zone: set `zone: Europe/Oslo` in the time or in the registry, else the arrival counts"
            )
            return [f"time: {{at: {_quoted(path)}}}{self._say(path, 'time', reason, 'open')}"]
        try:
            read_any_time(value, "UTC", path, day_first=True)
        except Refusal:
            reason = f'{shown} is no time that can be read: `format: "%d.%m.%y %H:%M"` says how it is written'
            return [f"# time: {{at: {_quoted(path)}, format: ...}}{self._say(path, '', reason, 'open')}"]
        reason = f"{shown} may have its day or its month first: day_first is a guess"
        return [f"time: {{at: {_quoted(path)}, day_first: true}}{self._say(path, 'time', reason, 'open')}"]

    def _values(self, part: DraftedPart, *, meter: bool) -> list[str]:
        lines: list[str] = []
        for number in part.numbers:
            if self._written >= MOST_VALUES:
                lines.append(f"  # {len(part.numbers)} numbers; only the first {MOST_VALUES} are drafted")
                break
            lines += self._number(number, meter=meter)
        if any(not line.lstrip().startswith("#") for line in lines):
            return ["values:", *(line.removeprefix("        ") for line in lines)]
        return [line.strip() for line in lines]

    def _number(self, number: Number, *, meter: bool) -> list[str]:
        self._written += 1
        found = meant(number.key, number.value, number.parents, _units(), meter=meter)
        if found.observed is None:
            reason = f"{shortened(number.value, 20)}: {found.reason}; until then it is kept in quarantine"
            comment = self._say(number.place, "", reason, "open")
            if isinstance(number.value, str) or number.inner is not None:
                # A text is read as a number only where the profile names it.
                inner = "" if number.inner is None else f"value: {_quoted(number.inner)}"
                return [f"          {_quoted(number.place)}: {{{inner}}}{comment}"]
            return [f"          # {_quoted(number.place)}: {{property: ..., unit: ...}}{comment}"]
        rule, comment = self._rule(number.place, number.value, found, number.unit_at, number.inner)
        return [f"          {_quoted(number.place)}: {{{rule}}}{comment}"]

    def _rule(self, place: str, value: Any, found: Meant, unit_at: str | None, inner: str | None) -> tuple[str, str]:
        observed = found.observed
        if observed is None:
            return "", ""
        rule = f"property: {observed.id}"
        reason, certainty = found.reason, found.certainty
        if found.channel:
            rule += f", channel: {_quoted(found.channel)}"
        if inner is not None:
            rule += f", value: {_quoted(inner)}"
        if unit_at is not None:
            rule += f", unit: {{at: {_quoted(unit_at)}}}"
            reason += f"; {unit_at!r} gives its unit"
        elif found.unit is not None:
            rule += f", unit: {_quoted(found.unit)}"
        else:
            rule += ", unit: null"
            reason, certainty = f"{reason}; {suggestion(observed, value, _units())}", "open"
        if isinstance(value, str) and as_number(value) is None:
            rule += ", suffix: true"
        if found.sentinel:
            rule += f", sentinels: [{as_number(value):g}]"
            reason += f"; {as_number(value):g} is a code that sensors send for no value"
        return rule, self._say(
            place, f"{observed.id}{f' [{found.channel}]' if found.channel else ''}", reason, certainty
        )

    def _long(self, part: DraftedPart, *, meter: bool) -> list[str]:
        inner = [f"name: {_quoted(part.name or '')}", f"value: {_quoted(part.value or '')}"]
        if part.unit is not None:
            inner.append(f"unit: {_quoted(part.unit)}")
        reason = f"{part.name!r} names what {part.value!r} measured"
        comment = self._say(part.each or "the message", "one value per object", reason, "likely")
        lines = [f"long:{comment}", *(f"  {item}" for item in inner)]
        words: list[str] = []
        for name, (value, unit) in part.names.items():
            found = meant(name, value, (), _units(), meter=meter)
            if found.observed is None:
                note = self._say(name, "", f"{found.reason}; until then it is kept in quarantine", "open")
                words.append(f"    # {_quoted(escaped(name))}: {{property: ..., unit: ...}}{note}")
                continue
            given = found._replace(unit=found.unit or (unit if isinstance(unit, str) else None))
            rule, note = self._rule(name, value, given, None, None)
            if unit is not None:
                rule = rule.replace(f", unit: {_quoted(given.unit)}", "") if given.unit else rule
            words.append(f"    {_quoted(escaped(name))}: {{{rule}}}{note}")
        written = any(not line.lstrip().startswith("#") for line in words)
        return [*lines, "  words:" if written else "  words: {}", *words]

    def _rest(self, part: DraftedPart) -> list[str]:
        """What is left out, and why; what may be wanted after all."""
        lines = []
        ignored = [place for place, _ in part.remarks[:MOST_VALUES]]
        if ignored:
            self._say(ignored[0], "ignored", "its name tells of the sender, not of what was measured", "likely")
        for place, count in part.lists[:20]:
            reason = (
                f"a list of {count}: `order: newest_first` with `interval` reads a series; it is ignored until then"
            )
            self._say(place, "ignored", reason, "open")
            ignored.append(f"{place}[]")
        if ignored:
            shown = ", ".join(_quoted(place) for place in ignored)
            lines.append(f"ignore: [{shown}]  # what tells of the sender, and lists that nobody describes")
        for place, text in part.texts[:20]:
            reason = f"the text {printable(text)!r} is no reading; `map: {{{printable(text)}: 1}}` would make it one"
            lines.append(f"# {_quoted(place)}: ...{self._say(place, '', reason, 'open')}")
        return lines


def _maps(parts: Sequence[DraftedPart]) -> list[str]:
    """Names of parts as channels, where one of them cannot be one as it is."""
    names: dict[str, list[str]] = {}
    for part in parts:
        if part.part_capture is not None:
            names.setdefault(part.part_capture, []).extend(part.part_names)
    lines = []
    for capture, found in names.items():
        if all(is_channel(name) for name in found):
            continue
        channels = {name: as_channel(name) or f"part_{nth}" for nth, name in enumerate(found, 1)}
        inner = ", ".join(f"{_quoted(name)}: {_quoted(channel)}" for name, channel in channels.items())
        lines.append(f"  {capture}: {{{inner}}}")
    return ["maps:", *lines] if lines else []


def _with_comments(lines: Sequence[str]) -> list[str]:
    """A comment stands behind its line, or above it where the line would grow long."""
    written = []
    for line in lines:
        text, _, comment = line.partition(_COMMENT)
        if comment and len(text) + len(comment) > _WIDEST:
            indent = text[: len(text) - len(text.lstrip())]
            written += [f"{indent}{comment}", text]
        else:
            written.append(f"{text}  {comment}" if comment else text)
    return written


def _pattern(member: str, text: str) -> str:
    """A name of a network server as `lorawan:` writes it: some members are patterns, one of them of any part."""
    if member == "device_profiles":
        return f"^{re.escape(text)}$"
    return re.escape(text) if member == "models" else text


def _quoted(text: str) -> str:
    """A text as YAML writes it in double quotes; only printable letters come here."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
