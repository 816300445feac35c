"""The wheel's geometry, and that nobody needs to tell its colours apart."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.reports.front import _segments, wheel_figure
from processors.reports.wheel import (
    CENTRE,
    LABELS_FROM,
    LABELS_TO,
    LOOKS,
    SIZE,
    Segment,
    Wheel,
    arcs,
    cut,
    text_width,
    wheel_svg,
    wrap,
)
from processors.reports.wording import Wording
from tests.city_snapshot import assessment, mixed

SVG = "{http://www.w3.org/2000/svg}"


def wheel(*segments):
    return Wheel("Storvik", "2025", "Wheel", "A wheel", tuple(segments))


def leaf(name="A", state="gte_95"):
    return Segment(name, state, "4")


trees = st.recursive(
    st.builds(leaf),
    lambda parts: st.builds(
        lambda inner: Segment("G", "66_95", "66 %", parts=tuple(inner)), st.lists(parts, min_size=1)
    ),
    max_leaves=40,
)


@settings(max_examples=40)
@given(st.lists(trees, min_size=1, max_size=5))
def test_rings_are_whole_and_nothing_overlaps(segments):
    placed = arcs(wheel(*segments))
    inner = [arc for arc in placed if arc.ring == 0]
    assert sum(arc.end - arc.start for arc in inner) == pytest.approx(360)
    leaves = [arc for arc in placed if not arc.segment.parts]
    assert sum(arc.end - arc.start for arc in leaves) == pytest.approx(360)
    for ring in {arc.ring for arc in placed}:
        ordered = [arc for arc in placed if arc.ring == ring]
        assert all(left.end <= right.start + 1e-9 for left, right in itertools.pairwise(ordered))


@settings(max_examples=40)
@given(st.lists(trees, min_size=1, max_size=4))
def test_parts_lie_within_what_they_are_of(segments):
    placed = arcs(wheel(*segments))
    for arc in placed:
        inside = [
            other for other in placed
            if other.ring == arc.ring + 1 and arc.start - 1e-9 <= other.start and other.end <= arc.end + 1e-9
        ]  # fmt: skip
        if arc.segment.parts:
            assert sum(other.end - other.start for other in inside) == pytest.approx(arc.end - arc.start)


def test_every_data_point_is_a_segment_of_one_width():
    """112 data points: the catalogue's own count."""
    placed = _arcs_of_the_catalogue()
    outer = [arc for arc in placed if arc.ring == 2]
    assert len(outer) == 112
    assert {round(arc.end - arc.start, 6) for arc in outer} == {round(360 / 112, 6)}
    assert len([arc for arc in placed if arc.ring == 0]) == 3


def _arcs_of_the_catalogue():
    return arcs(wheel(*_segments(assessment(mixed), Wording("en"))))


@pytest.mark.parametrize("segments", [(leaf(),), (Segment("D", "lt_33", "25 %", parts=(leaf(),)),), ()])
def test_a_single_piece_is_a_whole_ring_and_none_is_an_empty_wheel(segments):
    drawn = ET.fromstring(wheel_svg(wheel(*segments)))  # noqa: S314 - our own
    paths = [path.get("d") for path in drawn.iter(f"{SVG}path") if (path.get("id") or "").count("-") == 1]
    assert all(path.count("A") == 4 for path in paths), "two halves, each with an inner and an outer arc"


@pytest.mark.parametrize("language", ["en", "nb"])
def test_labels_end_inside_the_picture(language):
    figure = wheel_figure(assessment(mixed), "Storvik", 2025, Wording(language))
    drawn = ET.fromstring(figure.svg)  # noqa: S314
    outer = [
        group for group in drawn.iter(f"{SVG}g")
        if (text := group.find(f"{SVG}text")) is not None and abs(_distance(text) - LABELS_FROM) < 15
        and group.get("text-anchor") in {"start", "end"}
    ]  # fmt: skip
    assert len(outer) == 112
    for group in outer:
        text, size = group.find(f"{SVG}text").text, float(group.get("font-size"))
        assert text_width(text, size) <= LABELS_TO - LABELS_FROM + 0.5, text
        assert size >= 8.5, text
    assert LABELS_TO <= SIZE / 2


def _distance(text):
    return ((float(text.get("x")) - CENTRE) ** 2 + (float(text.get("y")) - CENTRE) ** 2) ** 0.5


def test_no_state_is_told_by_colour_alone():
    """Bands carry their points; the two other states a pattern of their own."""
    figure = wheel_figure(assessment(mixed), "Storvik", 2025, Wording("en"))
    drawn = ET.fromstring(figure.svg)  # noqa: S314
    assert {look.pattern for state, look in LOOKS.items() if state in {"no_target", "unreported"}} == {"dots", "hatch"}
    tips = [title.text for title in drawn.iter(f"{SVG}title")]
    assert sum("95 % or more of the target" in tip for tip in tips) > 0
    marks = [text.text for group in drawn.iter(f"{SVG}g") if group.get("font-weight") for text in group]
    points = [kpi.points for kpi in (p for k in assessment(mixed).kpis() for p in k.data_points) if kpi.points]
    assert sorted(map(int, marks)) == sorted(points)


def test_it_is_read_out_instead():
    figure = wheel_figure(assessment(lambda _: "unreported"), "Storvik", 2025, Wording("nb"))
    drawn = ET.fromstring(figure.svg)  # noqa: S314
    assert drawn.get("role") == "img"
    assert drawn.find(f"{SVG}title").text == "Målhjulet for Storvik, 2025"
    assert "112 er ikke rapportert" in drawn.find(f"{SVG}desc").text
    assert "112 er ikke rapportert" in figure.alt


def test_text_on_each_fill_is_readable():
    """WCAG 2.2, 1.4.3: at least 4.5:1, computed as it says."""
    for state, look in LOOKS.items():
        assert _contrast(look.fill, look.text) >= 4.5, state


def _contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_names_are_escaped():
    assert "&lt;b&gt; &amp; Co" in wheel_svg(wheel(leaf("<b> & Co")))


def test_cut_and_wrap():
    assert cut("Short", 1000, 10) == "Short"
    assert cut("A much too long name", 60, 10).endswith("…")
    assert text_width(cut("A much too long name", 60, 10), 10) <= 60
    assert wrap("Public Space and Nature", 70, 10) == ["Public Space", "and Nature"]


def test_the_same_is_drawn_twice():
    draw = lambda: wheel_figure(assessment(mixed), "Storvik", 2025, Wording("en")).svg  # noqa: E731
    assert draw() == draw()
