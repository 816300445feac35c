"""The documentation's wheel holds what the municipalities' reports print, and no invented benchmark."""

from __future__ import annotations

from processors.reports.front import state_of
from processors.reports.results import every_point
from tests.published_wheel import PAGE, PICTURE, TARGETS, assessed, page, picture, published


def test_page_and_picture_are_made_from_the_catalogue():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.published_wheel writes them anew"
    assert PICTURE.read_text(encoding="utf-8") == picture().svg


def test_some_values_as_the_reports_print_them():
    """notes: Verification Reports Karmøy (2020) p.14, Stavanger (2021) p.17, Asker and Kristiansund (2020) p.22."""
    known = published()
    assert [entry[:3] for entry in known["EC: I: WS: 3C", ""]] == [("Karmøy", 2020, 35.42)]
    assert [entry[:3] for entry in known["EC: P: EM: 1C", ""]] == [("Stavanger", 2021, 2.74), ("Ålesund", 2020, 2.16)]
    assert [entry[:3] for entry in known["SC: SH: SI: 2C", ""]] == [("Asker", 2020, 0.27), ("Kristiansund", 2020, 0.23)]
    assert not any(name in {"Riyadh", "Pully", "Bizerte"} for values in known.values() for name, *_ in values)


def test_only_targets_with_a_source_give_a_band():
    states = {(kpi.code, point.id): state_of(point) for kpi, point in every_point(assessed().assessment)}
    scored = {key for key, state in states.items() if state not in {"no_target", "unreported"}}
    assert scored == set(TARGETS)
    assert {key for key, state in states.items() if state == "no_target"} == set(published()) - set(TARGETS)
    assert all("SDG target" in source for _, source in TARGETS.values())


def test_bands_by_hand():
    """97.0 of 100 and 97.07 of 100 are 95 % or more; 0.64 of 1 lies between 33 and 66; no plan of 1 is under 33."""
    bands = {(kpi.code, point.id): (point.points, point.band) for kpi, point in every_point(assessed().assessment)}
    assert bands["EC: ICT: ICT: 1C", ""] == (4, "gte_95")
    assert bands["EC: I: WS: 2C", ""] == (4, "gte_95")
    assert bands["SC: SH: SI: 1C", ""] == (2, "33_66")
    assert bands["SC: SH: SA: 3A", ""] == (1, "lt_33")
