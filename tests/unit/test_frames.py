"""LoRaWAN frames: none is taken twice, none is taken for a repeated one, and every missing one is counted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoding import Frame
from ingest.frames import LONGEST_GAP, WINDOW, Frames, Judged
from ingest.memory import Memory

BEGIN = datetime(2026, 3, 4, 6, tzinfo=UTC)
NEW, REPEATED = Judged(duplicate=False), Judged(duplicate=True)


def judge(memory, counter, session="s1", seconds=None, device="a"):
    sent_at = None if seconds is None else BEGIN + timedelta(seconds=seconds)
    return Frames.judge(memory, Frame(device, session, counter, "70B3D57ED0061A2C", sent_at))


def traffic(memory, device="a"):
    found = Frames.traffic(memory, device)
    return (found.received, found.lost, found.duplicates, found.restarts)


def test_frames_in_order_are_new():
    memory = Memory()
    assert [judge(memory, counter) for counter in range(5)] == [NEW] * 5
    assert traffic(memory) == (5, 0, 0, 0)
    assert Frames.traffic(memory, "a").eui == "70B3D57ED0061A2C"
    assert Frames.traffic(memory, "b") is None


def test_the_first_frame_that_is_heard_misses_none():
    memory = Memory()
    assert judge(memory, 4711) == NEW
    assert traffic(memory) == (1, 0, 0, 0)


def test_a_gap_is_counted_and_a_late_frame_makes_it_smaller():
    memory = Memory()
    judge(memory, 10)
    assert judge(memory, 14) == Judged(duplicate=False, lost=3)
    assert judge(memory, 12) == NEW
    assert judge(memory, 12) == REPEATED
    assert traffic(memory) == (3, 2, 1, 0)


def test_a_late_frame_from_before_the_first_takes_nothing_off_the_lost():
    memory = Memory()
    judge(memory, 10)
    judge(memory, 12)
    assert judge(memory, 8) == NEW
    assert traffic(memory) == (3, 1, 0, 0)


def test_another_session_counts_anew():
    memory = Memory()
    judge(memory, 10)
    assert judge(memory, 10, session="s2") == NEW
    assert judge(memory, 10, session="s2") == REPEATED
    assert traffic(memory) == (2, 0, 1, 1)


def test_after_a_join_the_count_begins_anew_even_in_the_same_session():
    memory = Memory()
    judge(memory, 3)
    Frames.joined(memory, "a")
    Frames.joined(memory, "never heard of")
    assert judge(memory, 3) == NEW
    assert judge(memory, 3) == REPEATED


def test_sixteen_bits_wrap():
    memory = Memory()
    assert [judge(memory, counter) for counter in (65_533, 65_535, 1)] == [
        NEW,
        Judged(duplicate=False, lost=1),
        Judged(duplicate=False, lost=1),
    ]
    assert judge(memory, 65_535) == REPEATED
    assert judge(memory, 65_534) == NEW
    assert judge(memory, 0) == NEW
    assert traffic(memory) == (5, 0, 1, 0)


def test_a_device_that_lost_its_power_is_told_from_a_repeated_frame_by_the_time():
    memory = Memory()
    judge(memory, 20, seconds=0)
    judge(memory, 21, seconds=600)
    assert judge(memory, 21, seconds=601) == REPEATED  # over another server, a second later
    assert judge(memory, 20, seconds=0) == REPEATED  # delivered again, with its own time
    assert judge(memory, 20, seconds=1200) == NEW
    assert traffic(memory)[3] == 1


def test_without_a_time_a_counter_far_behind_began_anew():
    memory = Memory()
    judge(memory, 5000)
    assert judge(memory, 5000 - WINDOW) == NEW
    assert traffic(memory)[3] == 1


def test_what_the_broker_hands_over_again_after_a_crash_is_no_restart_of_the_counter():
    memory = Memory()
    for counter in range(1, 201):
        judge(memory, counter, seconds=60 * counter)
    again = [judge(memory, counter, seconds=60 * counter) for counter in range(1, 201)]
    assert again[:136] == [NEW] * 136  # further back than is remembered: stored once more, which changes nothing
    assert again[136:] == [REPEATED] * 64
    assert traffic(memory) == (200, 0, 64, 0)
    assert judge(memory, 201, seconds=60 * 201) == NEW


def test_a_leap_is_no_loss():
    memory = Memory()
    judge(memory, 1)
    assert judge(memory, 2 + LONGEST_GAP) == NEW
    assert traffic(memory) == (2, 0, 0, 1)


def test_devices_do_not_mix():
    memory = Memory()
    judge(memory, 1)
    assert judge(memory, 1, device="b") == NEW


def test_what_a_failed_batch_noted_is_taken_back():
    memory = Memory()
    judge(memory, 1)
    memory.commit()
    judge(memory, 2)
    memory.rollback()
    assert judge(memory, 2) == NEW


@given(st.lists(st.integers(0, WINDOW - 1), max_size=200))
def test_within_the_window_a_frame_is_new_exactly_once(offsets):
    memory = Memory()
    judge(memory, 1000 + WINDOW)  # the newest: all others are late, in whatever order
    seen = {WINDOW}
    for offset in (offset + 1 for offset in offsets):
        assert judge(memory, 1000 + offset).duplicate is (offset in seen)
        seen.add(offset)
    assert Frames.traffic(memory, "a").received == len(seen)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(0, 65_535))
def test_received_and_lost_add_up(steps, first):
    memory = Memory()
    counter = first
    judge(memory, counter % 65_536)
    for step in steps:
        counter += step
        assert judge(memory, counter % 65_536).duplicate is (step == 0)
    found = Frames.traffic(memory, "a")
    assert found.received + found.lost == counter - first + 1
    assert found.duplicates == steps.count(0)
    assert found.restarts == 0


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(["", "s1", "s2"])), max_size=50))
def test_whatever_comes_the_note_stays_small_and_the_counts_positive(frames):
    memory = Memory()
    for counter, session in frames:
        judge(memory, counter, session=session)
        found = Frames.traffic(memory, "a")
        assert min(found.received, found.lost, found.duplicates, found.restarts) >= 0
        assert len(str(memory.get("frames/a"))) < 400
