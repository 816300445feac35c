"""Which format reads a message."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bypuls.errors import CatalogueError, Refusal
from ingest.choice import EVERY, Choice, formats_of
from ingest.decoding import Context, Decoded, Decoder, Message, Registered, Source
from ingest.memory import Memory
from ingest.profiles import Profiles
from ingest.validation import Catalogue, Reader

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def decoder(name, start, **more):
    return Decoder(name, lambda message: message.payload.startswith(start), lambda *_: Decoded(), **more)


DECODERS = {
    "curly": decoder("curly", b"{", content_types=("application/curly+json",)),
    "square": decoder("square", b"[", content_types=("application/square+json",)),
    "round": decoder("round", b"(", reads_empty=True),
    "known": Decoder(
        "known", lambda _: False, lambda *_: Decoded(), knows=lambda m, c: c.memory.get(m.topic) is not None
    ),
}


def chosen(payload, source, registered=None, content_type=None, memory=None, topic="plant/d"):
    choice = Choice(source, DECODERS, Profiles({}), (registered or {}).get)
    context = Context(memory or Memory(), Profiles({}), lambda _: None)
    return choice.decoder(Message(topic, payload, NOW, content_type=content_type), context).name


SOURCE = Source("s", "#", formats=("curly", "square", "round"), identity="plant/{device}")


def test_the_only_format_of_a_source_reads_all():
    assert chosen(b"x", replace(SOURCE, formats=("square",))) == "square"


def test_looks_decide_among_the_formats_of_the_source_alone():
    assert chosen(b"[", SOURCE) == "square"
    with pytest.raises(Refusal, match="unknown_format: '<' is in none of the formats curly, square, round"):
        chosen(b"<", SOURCE)
    with pytest.raises(Refusal, match="unknown_format"):
        chosen(b"[", replace(SOURCE, formats=("curly", "round")))


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("måling: 21 °C".encode(), "'måling: 21 °C'"),
        (b"\x00\x01 a", "'\\x00\\x01 a'"),
        (b"\xff\x00\xb2", "bytes ff00b2"),
        ("å".encode() * 300, "'" + "å" * 38 + "…"),
    ],
)
def test_what_is_in_no_format_is_shown_as_text(payload, shown):
    with pytest.raises(Refusal) as refused:
        chosen(payload, SOURCE)
    assert refused.value.detail == f"{shown} is in none of the formats curly, square, round"


def test_the_registry_decides_before_looks_and_content_type():
    said = {"d": Registered("round")}
    assert chosen(b"[", SOURCE, said) == "round"
    assert chosen(b"[", replace(SOURCE, content_types=True), said, "application/curly+json") == "round"
    assert chosen(b"[", SOURCE, {"d": Registered("of another source")}) == "square"


def test_the_content_type_decides_where_the_source_uses_it():
    five = replace(SOURCE, content_types=True)
    assert chosen(b"[", five, content_type="Application/Curly+JSON; charset=utf-8") == "curly"
    assert chosen(b"[", five, content_type="text/plain") == "square"
    assert chosen(b"[", SOURCE, content_type="application/curly+json") == "square"


def test_a_format_may_know_a_message_by_what_it_remembers():
    memory = Memory()
    memory.put("plant/d", {})
    source = replace(SOURCE, formats=("known", "square"))
    assert chosen(b"[", source, memory=memory) == "known"
    assert chosen(b"[", source) == "square"


def test_an_empty_message_is_for_formats_that_take_something_back():
    choice = Choice(SOURCE, DECODERS, Profiles({}), lambda _: None)
    assert choice.of_empty(Message("plant/d", b"", NOW)) is None


def test_every_format_is_asked_the_strict_ones_first():
    names = formats_of(Source("any", "#", formats=(EVERY,)), Catalogue.load().decoders)
    assert names[-5:] == ("senml", "profile", "json", "bare_value", "own_json")
    assert "device_event" not in names
    assert len(names) == len(set(names)) == len(Catalogue.load().decoders) - 1


@pytest.mark.parametrize(
    ("more", "complaint"),
    [({"formats": ("gone",)}, "no decoder gone; there are: "), ({"formats": ()}, "no decoder given"),
     ({"formats": ("profile",), "profiles": ("gone",)}, "no profile gone: set BYPULS_INGEST_PROFILES .* gone.yaml")],
)  # fmt: skip
def test_what_is_gone_is_said_at_the_start(more, complaint):
    with pytest.raises(CatalogueError, match=complaint):
        Reader(Source("s", "#", **more), Catalogue.load())
