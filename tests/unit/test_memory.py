"""What decoding remembers: tentative until stored, bounded."""

from ingest.memories import Memories, Noted
from ingest.memory import Memory


def test_a_change_is_seen_at_once_and_taken_back_with_its_batch():
    memory = Memory({"a": {"n": 1}})
    memory.put("a", {"n": 2})
    memory.put("b", {"n": 3})
    memory.forget("a")
    assert (memory.get("a"), memory.get("b")) == (None, {"n": 3})
    memory.rollback()
    assert (memory.get("a"), memory.get("b")) == ({"n": 1}, None)


def test_the_same_again_is_no_change():
    memory = Memory({"a": {"n": 1}})
    memory.put("a", {"n": 1})
    memory.forget("b")
    assert memory.changes() == {}
    assert memory.fresh() == {}


def test_the_changes_of_one_message_are_told_apart():
    memory = Memory()
    memory.put("a", {"n": 1})
    assert memory.fresh() == {"a": {"n": 1}}
    memory.put("b", {"n": 2})
    assert memory.fresh() == {"b": {"n": 2}}
    assert memory.changes() == {"a": {"n": 1}, "b": {"n": 2}}


def test_only_what_was_written_is_kept():
    memories = Memories()
    memory = memories.of("s")
    memory.put("a", {"n": 1})
    first = memories.noted("s", 0)
    memory.put("b", {"n": 2})
    assert memories.noted("s", 1) == [Noted("s", "b", {"n": 2}, 1)]
    memories.settle(first)
    assert (memory.get("a"), memory.get("b")) == ({"n": 1}, None)


def test_the_oldest_go_when_there_are_too_many():
    memory = Memory({str(n): {} for n in range(5)}, most=5)
    memory.put("1", {"n": 1})
    memory.put("new", {})
    assert memory.commit() == ["0"]
    assert memory.get("1") == {"n": 1}


def test_what_was_asked_for_is_known():
    memory = Memory({"a": {}, "b": {}})
    memory.get("a")
    memory.get("c")
    assert memory.used() == {"a"}
    assert memory.used() == set()
    memory.expire(["a", "x"])
    assert memory.get("a") is None


def test_what_another_message_of_the_batch_noted_is_noted_again():
    memories = Memories()
    memory = memories.of("s")
    memory.put("a", {"n": 1})
    memories.noted("s", 0)  # that message turns out not to be storable
    memory.put("a", {"n": 1})
    second = memories.noted("s", 1)
    memories.settle(second)
    assert memory.get("a") == {"n": 1}


def test_few_large_notes_are_too_many_as_well():
    memory = Memory({"a": {"text": "x" * 40}, "b": {"text": "x" * 40}}, most_characters=150)
    memory.put("c", {"text": "x" * 40})
    assert memory.commit() == ["a"]
    memory.put("d", {"text": "x" * 200})
    assert memory.commit() == ["b", "c", "d"]
    memory.put("e", {"text": "x" * 40})
    assert memory.commit() == []
