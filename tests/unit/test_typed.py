"""Typed objects from any thread: what msgspec alone does not stand."""

import subprocess
import sys

import msgspec
import pytest

from bypuls.typed import convert, read_json

MANY_THREADS_AT_NEW_TYPES = """
import sys
import threading
import msgspec
from bypuls import typed

sys.setswitchinterval(1e-6)
for number in range(100):
    inner = [msgspec.defstruct(f"I{n}", [(f"f{i}", "int | None", None) for i in range(20)], namespace={}) for n in "ab"]
    outer = msgspec.defstruct(f"O{number}", [("a", inner[0] | None, None), ("b", inner[1] | None, None)])
    together = threading.Barrier(8)
    found = []

    def look():
        together.wait()
        found.append(typed.convert({"a": {"f1": 1}, "b": {"f2": 2}}, outer).b.f2)

    threads = [threading.Thread(target=look) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == [2] * 8, found
"""


def test_threads_that_first_meet_a_type_together_do_not_end_the_process():
    ended = subprocess.run(
        [sys.executable, "-c", MANY_THREADS_AT_NEW_TYPES], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


class Point(msgspec.Struct):
    x: int


def test_values_become_objects_or_are_refused():
    assert convert({"x": 1}, Point) == Point(1)
    assert convert({"x": "1"}, Point, strict=False) == Point(1)
    assert read_json(b'[{"x": 2}]', list[Point]) == [Point(2)]
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str`"):
        convert({"x": "1"}, Point)
    with pytest.raises(msgspec.DecodeError):
        read_json(b"{", Point)
