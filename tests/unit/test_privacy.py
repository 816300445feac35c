"""Sums over households: what may stand beside what. The attacker is one who adds and subtracts published sums."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.city import read_city
from bypuls.errors import SettingsError
from bypuls.privacy import LEAST_METERS, atoms, faults

A, B, C = "abcde", "fghij", "klmno"


def test_groups_of_five_that_do_not_overlap_may_stand_together():
    assert faults({"north": A, "south": B}) == []
    assert faults({"north": A, "both": A + B, "all": A + B + C}) == []


@pytest.mark.parametrize(
    ("groups", "word"),
    [
        ({"few": "abcd"}, "'few' has 4 meters"),
        ({"few": "aaaaa"}, "'few' has 1 meters"),
        ({"five": A, "six": A + "f"}, "give away 1 of their meters (those in six but not in five)"),
        ({"one": "abcdefg", "other": "fghijkl"}, "give away 2 of their meters (those in one, other)"),
        # No two of them differ by fewer than five, but all three together do.
        ({"one": "abcde" + "x", "two": "fghij" + "x", "ten": "abcdefghij"}, "give away 1 of their meters"),
    ],
)
def test_groups_that_give_a_meter_away_are_refused(groups, word):
    assert word in faults(groups)[0]


@given(st.lists(st.sets(st.sampled_from("abcdefghijkl"), min_size=5), min_size=1, max_size=4))
def test_where_nothing_is_refused_no_combination_of_sums_isolates_fewer_than_five(sets):
    """Linear algebra knows nothing of atoms: a meter's use is learned when its unit vector lies in the rows' span."""
    groups = {str(number): members for number, members in enumerate(sets)}
    if faults(groups):
        return
    meters = sorted(set().union(*sets))
    rows = np.array([[meter in members for meter in meters] for members in sets], dtype=float)
    rank = np.linalg.matrix_rank(rows)
    for size in range(1, LEAST_METERS):
        for few in itertools.combinations(range(len(meters)), size):
            wanted = np.zeros(len(meters))
            wanted[list(few)] = 1
            assert np.linalg.matrix_rank(np.vstack([rows, wanted])) > rank, [meters[one] for one in few]


@given(st.lists(st.sets(st.sampled_from("abcdefghijkl")), max_size=4))
def test_atoms_divide_the_meters(sets):
    parts = atoms({str(number): members for number, members in enumerate(sets)}).values()
    assert sorted(itertools.chain(*parts)) == sorted(set().union(*sets))


CITY = """
city: x
name: X
time_zone: Europe/Oslo
sites:
{sites}
  - {{slug: school, name: School, kind: building}}
household_groups: [{{slug: g, name: {{en: G}}, sites: [{members}]}}]
"""


@pytest.mark.parametrize(
    ("members", "word"), [("h1, h2, h3, h4", "has 4 meters"), ("h1, h2, h3, h4, school", "'school', no site of kind")]
)
def test_a_citys_file_with_a_group_that_tells_too_much_is_refused(tmp_path, members, word):
    sites = "\n".join(f"  - {{slug: h{n}, name: H{n}, kind: household}}" for n in range(1, 7))
    file = tmp_path / "x.yaml"
    file.write_text(CITY.format(sites=sites, members=members))
    with pytest.raises(SettingsError, match=word):
        read_city(file)
    file.write_text(CITY.format(sites=sites, members="h1, h2, h3, h4, h5"))
    assert [group.sites for group in read_city(file).household_groups] == [["h1", "h2", "h3", "h4", "h5"]]
