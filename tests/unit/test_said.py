"""What is said as columns is what a list would say, row by row, and its mark changes with it."""

import numpy as np

from processors.content import marks_of
from processors.said import Coded, Made, coded, everywhere, marks_said, taken


def doubled(name, *numbers):
    return {name: [2 * number for number in numbers]}


def tripled(name, *numbers):
    return {name: [3 * number for number in numbers]}


CODED = Coded(np.array([2, 0, 1, 2]), [None, {"a": 1}, {"b": 2}])
MADE = Made(doubled, ("x",), (np.array([1, 2, 3]), np.array([0.5, 0.25, np.nan])))


def test_codes_stand_for_their_list():
    said = [{"b": 2}, None, {"a": 1}, {"b": 2}]
    assert (list(CODED), CODED[2], len(CODED)) == (said, {"a": 1}, 4)
    assert list(taken(CODED, np.array([3, 1]))) == [{"b": 2}, None] == list(taken(said, np.array([3, 1])))
    assert marks_said(CODED).tolist() == marks_of(said, 4).tolist() == marks_said(said).tolist()


def test_what_is_made_is_made_of_its_row():
    assert list(MADE)[:2] == [{"x": [2, 1.0]}, {"x": [4, 0.5]}] == [MADE[0], MADE[1]]
    assert list(taken(MADE, np.array([1]))) == [{"x": [4, 0.5]}]


def test_a_mark_follows_the_numbers_what_is_given_and_the_code():
    marks = MADE.marks()
    assert len(set(marks.tolist())) == 3
    assert MADE.take(np.array([2, 0])).marks().tolist() == marks[[2, 0]].tolist()
    for other in (
        Made(tripled, MADE.given, MADE.columns),
        Made(doubled, ("y",), MADE.columns),
        Made(doubled, MADE.given, (MADE.columns[0] + 1, MADE.columns[1])),
    ):
        assert not (other.marks() == marks).any()


def test_each_number_is_put_into_words_once():
    asked = []
    said = coded(np.array([2.0, np.nan, 1.0, 2.0, np.nan]), lambda number: asked.append(number) or f"no. {number:.0f}")
    assert list(said) == ["no. 2", None, "no. 1", "no. 2", None]
    assert asked == [1.0, 2.0]
    assert list(everywhere("all", 3)) == ["all"] * 3
