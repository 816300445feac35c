"""How far devices' clocks are off."""

import pytest

from ingest.clocks import Clocks, in_words


def test_a_few_messages_say_nothing_and_one_that_is_late_does_not_matter():
    clocks, box = Clocks(), ("oslo", "box")
    for seconds in (1.0, 2.0, 3.0, 2.0):
        clocks.heard(box, seconds)
    assert clocks.offset(box) is None
    assert clocks.changed() == {}
    clocks.heard(box, 86_400.0)
    assert clocks.changed() == {box: 2.0}
    assert clocks.changed() == {}


def test_a_clock_that_was_set_is_right_after_a_while():
    clocks, box = Clocks(), ("oslo", "box")
    for _ in range(30):
        clocks.heard(box, -7200.0)
    assert clocks.newly_wrong(box, clocks.offset(box))
    assert not clocks.newly_wrong(box, clocks.offset(box))
    for _ in range(11):
        clocks.heard(box, 1.0)
    assert clocks.offset(box) == 1.0
    assert not clocks.newly_wrong(box, 1.0)
    assert clocks.newly_wrong(box, 61.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3600.2, "60 min ahead"), (-86_400 * 400, "400 d ahead"), (61.4, "61.4 s behind"), (-7200, "2 h ahead")],
)
def test_an_offset_for_people(seconds, text):
    assert in_words(seconds).startswith(text)
