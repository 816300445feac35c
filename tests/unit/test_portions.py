"""What is not of now is taken in portions that keep what is of now waiting for a second, not for a batch."""

from __future__ import annotations

from processors.portions import Portion, Portions


def limit(portions, *, living=True):
    with portions.taken(living=living) as portion:
        return portion.limit


def test_a_portion_that_took_long_is_followed_by_a_smaller_one_and_a_quick_full_one_by_a_larger():
    portions = Portions(5000)
    assert limit(portions) == 500
    portions.learn(Portion(500, 500), 0.1)
    assert limit(portions) == 1000
    portions.learn(Portion(1000, 1000), 0.7)
    assert limit(portions) == 1000
    portions.learn(Portion(1000, 1000), 1.2)
    assert limit(portions) == 500
    for _ in range(10):
        portions.learn(Portion(limit(portions), 10), 9)
    assert limit(portions) == 100
    for _ in range(10):
        portions.learn(Portion(limit(portions), limit(portions)), 0.1)
    assert limit(portions) == 5000


def test_a_portion_that_was_not_full_says_nothing_of_a_larger_one():
    portions = Portions(5000)
    portions.learn(Portion(500, 0), 0.0)
    assert limit(portions) == 500


def test_where_nothing_of_now_comes_everything_is_taken_at_once():
    portions = Portions(5000)
    assert limit(portions, living=False) == 5000
    portions.learn(Portion(500, 500), 2)
    assert limit(portions, living=False) == 5000
    assert limit(Portions(1)) == 1
