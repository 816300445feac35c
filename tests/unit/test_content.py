"""Marks of what values say."""

import numpy as np
import pytest

from processors.content import as_stored, folded, folded_number, from_stored, made_by, marks_of, mixed, mixed_number

# The first five numbers of splitmix64 seeded with 1234567: https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
PUBLISHED = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)
GOLDEN = 0x9E3779B97F4A7C15


def test_steps_are_those_of_splitmix64():
    states = [(1234567 + number * GOLDEN) % 2**64 for number in range(5)]
    assert tuple(mixed(np.array(states, dtype=np.uint64)).tolist()) == PUBLISHED
    assert tuple(map(mixed_number, states)) == PUBLISHED


def test_a_number_is_folded_as_a_column_is():
    column = np.array([0, 7, -1, 2**62], dtype=np.int64)
    marks = folded(np.full(4, 11, dtype=np.uint64), column)
    assert marks.tolist() == [folded_number(11, number) for number in column.tolist()]
    assert len(set(marks.tolist())) == 4


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (np.nan, np.float64(np.nan) * -1)])
def test_equal_numbers_have_one_mark(one, other):
    start = np.zeros(1, dtype=np.uint64)
    assert folded(start, np.array([one])) == folded(start, np.array([other]))


def test_nothing_differs_from_words_that_say_nothing():
    assert len(set(marks_of([None, "", {}, "no traffic"], 4).tolist())) == 4


@pytest.mark.parametrize("one", [None, "no traffic", {"x": 1}])
def test_a_mark_does_not_depend_on_what_is_said_beside(one):
    assert marks_of([one], 1)[0] == marks_of([one, {"x": 2}], 2)[0]


@pytest.mark.parametrize("mark", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_mark_comes_back_from_the_database(mark):
    assert -(2**63) <= as_stored(mark) < 2**63
    assert from_stored(as_stored(mark)) == mark


def test_a_change_of_the_code_changes_its_fingerprint(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "a_maker_of_marks.py").write_text("ONE = 1\n")
    before = made_by("a_maker_of_marks")
    (tmp_path / "a_maker_of_marks.py").write_text("ONE = 2\n")
    made_by.cache_clear()
    assert made_by("a_maker_of_marks") != before
    with pytest.raises(ModuleNotFoundError, match="a_maker_of_nothing"):
        made_by("a_maker_of_nothing")
