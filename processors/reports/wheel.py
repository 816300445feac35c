"""The benchmarking wheel: a sunburst from the city's name outwards to the data points, as SVG. Pure and deterministic.

Every segment has its band's colour and, since not everybody tells the colours apart, its points (1 to 4), its percent
or a pattern: hatched where nothing was reported, dotted where no target is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Literal

State = Literal["gte_95", "66_95", "33_66", "lt_33", "no_target", "unreported"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn: fill and text are of the control room's tokens (docs/control-room.md)."""

    fill: str
    text: str
    pattern: Literal["hatch", "dots"] | None = None


LOOKS: Mapping[State, Look] = MappingProxyType(
    {
        "gte_95": Look("#5fb7a8", "#1b2733"),
        "66_95": Look("#f4d94e", "#1b2733"),
        "33_66": Look("#ee8434", "#1b2733"),
        "lt_33": Look("#c22f4b", "#ffffff"),
        "no_target": Look("#a6dcef", "#1b2733", "dots"),
        "unreported": Look("#e3e8ec", "#3c4854", "hatch"),
    }
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a ring; what lies outside of it are its `parts`.

    Attributes:
        mark: a word or two drawn in it beside the name: points or percent.
        tip: what it says in full.
    """

    name: str
    state: State
    mark: str = ""
    tip: str = ""
    parts: tuple[Segment, ...] = ()

    @property
    def leaves(self) -> int:
        """How many outermost pieces it spans."""
        return sum(part.leaves for part in self.parts) if self.parts else 1


@dataclass(frozen=True, slots=True)
class Arc:
    """Where a segment lies: ring 0 is the innermost; angles in degrees clockwise from the top."""

    segment: Segment
    ring: int
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Its bisecting angle."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Wheel:
    """What is drawn: `title` and `description` are read out in the picture's stead."""

    centre: str
    under: str
    title: str
    description: str
    segments: tuple[Segment, ...]
    legend: tuple[tuple[State, str], ...] = ()


SIZE = 1000.0
CENTRE = SIZE / 2
RADII = (72.0, 128.0, 240.0, 270.0)  # edges of dimensions, categories and data points
LABELS_FROM, LABELS_TO = 276.0, 497.0
FONT = "Liberation Sans, Arimo, Arial, Helvetica, sans-serif"
INK, OUTLINE = "#1b2733", "#55636f"


def arcs(wheel: Wheel) -> list[Arc]:
    """Every segment's place: outermost pieces are of one width, the others as wide as what they span."""
    total = sum(segment.leaves for segment in wheel.segments)
    return list(_arcs(wheel.segments, 0, 0, total)) if total else []


def _arcs(segments: Sequence[Segment], ring: int, before: int, total: int) -> Iterator[Arc]:
    for segment in segments:
        after = before + segment.leaves
        yield Arc(segment, ring, 360 * before / total, 360 * after / total)
        yield from _arcs(segment.parts, ring + 1, before, total)
        before = after


def wheel_svg(wheel: Wheel) -> str:
    """The picture as an SVG document without scripts, styles or references to elsewhere."""
    placed = arcs(wheel)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE:.0f} {SIZE:.0f}" role="img"'
        f' aria-labelledby="wheel-title wheel-description" font-family="{FONT}">'
        f'<title id="wheel-title">{escape(wheel.title)}</title>'
        f'<desc id="wheel-description">{escape(wheel.description)}</desc>'
    )
    parts = [head, _patterns()]
    parts += [_piece(arc, number) for number, arc in enumerate(placed)]
    parts += [_label(arc, number) for number, arc in enumerate(placed)]
    parts += [_middle(wheel), *_legend(wheel.legend)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _patterns() -> str:
    hatch, dots = LOOKS["unreported"], LOOKS["no_target"]
    return (
        '<defs><pattern id="wheel-hatch" width="7" height="7" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="7" height="7" fill="{hatch.fill}"/>'
        '<rect width="1.3" height="7" fill="#b3bec8"/></pattern>'
        '<pattern id="wheel-dots" width="7" height="7" patternUnits="userSpaceOnUse">'
        f'<rect width="7" height="7" fill="{dots.fill}"/><circle cx="3.5" cy="3.5" r="0.9" fill="#3f86a3"/>'
        "</pattern></defs>"
    )


def _piece(arc: Arc, number: int) -> str:
    look = LOOKS[arc.segment.state]
    fill = f"url(#wheel-{look.pattern})" if look.pattern else look.fill
    tip = f"<title>{escape(arc.segment.tip)}</title>" if arc.segment.tip else ""
    outline = _outline(RADII[arc.ring], RADII[arc.ring + 1], arc.start, arc.end)
    return f'<path id="wheel-{number}" d="{outline}" fill="{fill}" stroke="{OUTLINE}" stroke-width="0.8">{tip}</path>'


def _outline(inner: float, outer: float, start: float, end: float) -> str:
    """A ring's piece; a whole ring is two halves, because an arc that ends where it starts is none."""
    if end - start > 359.999:  # noqa: PLR2004 - a whole turn but for rounding
        return _outline(inner, outer, start, start + 180) + _outline(inner, outer, start + 180, start + 360)
    large = int(end - start > 180)  # noqa: PLR2004 - half a turn, as SVG's flag says
    return (
        f"M{_at(inner, start)}L{_at(outer, start)}A{outer:.0f} {outer:.0f} 0 {large} 1 {_at(outer, end)}"
        f"L{_at(inner, end)}A{inner:.0f} {inner:.0f} 0 {large} 0 {_at(inner, start)}Z"
    )


def _at(radius: float, angle: float) -> str:
    x, y = CENTRE + radius * math.sin(math.radians(angle)), CENTRE - radius * math.cos(math.radians(angle))
    return f"{x:.2f} {y:.2f}"


def _label(arc: Arc, number: int) -> str:
    if arc.ring == 0:
        return _along(arc, number)
    return _across(arc) if arc.segment.parts else _outside(arc)


def _along(arc: Arc, number: int) -> str:
    """A dimension's name and percent follow its ring; in the lower half they run the other way, to stay upright."""
    upper = not 90 < arc.middle < 270  # noqa: PLR2004 - the half above the centre
    radii = (102.0, 84.0) if upper else (97.0, 115.0)
    colour = LOOKS[arc.segment.state].text
    room = math.radians(arc.end - arc.start) * radii[0] - 8
    size = _fitting(arc.segment.name, room, 15.0, 9.0)
    lines = [(cut(arc.segment.name, room, size), size, "bold"), (arc.segment.mark, 12.0, "normal")]
    drawn = []
    for line, ((text, height, weight), radius) in enumerate(zip(lines, radii, strict=True)):
        first, last = (arc.start, arc.end) if upper else (arc.end, arc.start)
        large = int(arc.end - arc.start > 180)  # noqa: PLR2004
        last = last - 0.01 if upper else last + 0.01  # a whole ring would have no length
        path = f"M{_at(radius, first)}A{radius:.0f} {radius:.0f} 0 {large} {int(upper)} {_at(radius, last)}"
        drawn.append(
            f'<path id="wheel-{number}-{line}" d="{path}" fill="none"/>'
            f'<text font-size="{height:.1f}" font-weight="{weight}" fill="{colour}" text-anchor="middle">'
            f'<textPath href="#wheel-{number}-{line}" startOffset="50%">{escape(text)}</textPath></text>'
        )
    return "".join(drawn)


def _across(arc: Arc) -> str:
    """A category's name from the ring's outer edge inwards, in as many lines as it is wide."""
    inner, outer = RADII[1] + 5, RADII[2] - 5
    room = outer - inner
    width = math.radians(arc.end - arc.start) * (outer - room / 2)
    lines, size = _lines(arc.segment.name, room, width)
    if arc.segment.mark and (len(lines) + 1) * size * 1.15 <= width:
        lines.append(arc.segment.mark)
    colour = LOOKS[arc.segment.state].text
    return _radial(lines, arc.middle, (inner + outer) / 2, size, "middle", colour)


def _lines(name: str, room: float, width: float) -> tuple[list[str], float]:
    """The largest size at which the name fits in lines of whole words; cut off only where none does."""
    for size in (11.5, 10.5, 9.5, 8.5):
        lines = wrap(name, room, size)
        if len(lines) * size * 1.15 <= width + 2 and all(text_width(line, size) <= room for line in lines):
            return lines, size
    return [cut(name, room, 8.0)], 8.0


def _outside(arc: Arc) -> str:
    """A data point's mark in its piece, its name outside of it."""
    leaf_width = math.radians(arc.end - arc.start) * LABELS_FROM
    size = min(12.5, max(8.5, leaf_width * 0.82))
    name = cut(
        arc.segment.name, LABELS_TO - LABELS_FROM, _fitting(arc.segment.name, LABELS_TO - LABELS_FROM, size, 9.0)
    )
    size = _fitting(name, LABELS_TO - LABELS_FROM, size, 9.0)
    colour = LOOKS[arc.segment.state].text
    mark = _radial([arc.segment.mark], arc.middle, (RADII[2] + RADII[3]) / 2, 12.0, "middle", colour, bold=True)
    right = arc.middle < 180  # noqa: PLR2004
    return mark + _radial([name], arc.middle, LABELS_FROM, size, "start" if right else "end", INK)


def _radial(
    lines: Sequence[str], angle: float, radius: float, size: float, anchor: str, colour: str, *, bold: bool = False
) -> str:
    """Lines of text along a radius, upright on both sides."""
    turn = angle - 90 if angle < 180 else angle + 90  # noqa: PLR2004
    x, y = _at(radius, angle).split()
    weight = ' font-weight="bold"' if bold else ""
    first = size * 0.35 - (len(lines) - 1) * size * 1.15 / 2
    spans = "".join(
        f'<text x="{x}" y="{float(y) + first + number * size * 1.15:.2f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
        if line
    )
    return (
        f'<g transform="rotate({turn:.2f} {x} {y})" font-size="{size:.1f}" text-anchor="{anchor}"'
        f' fill="{colour}"{weight}>'
        f"{spans}</g>"
    )


def _middle(wheel: Wheel) -> str:
    size = _fitting(wheel.centre, 2 * RADII[0] - 18, 24.0, 9.0)
    return (
        f'<circle cx="{CENTRE:.0f}" cy="{CENTRE:.0f}" r="{RADII[0]:.0f}" fill="#ffffff" stroke="{OUTLINE}"/>'
        f'<text x="{CENTRE:.0f}" y="{CENTRE:.0f}" font-size="{size:.1f}" font-weight="bold" fill="{INK}"'
        f' text-anchor="middle">{escape(cut(wheel.centre, 2 * RADII[0] - 18, size))}</text>'
        f'<text x="{CENTRE:.0f}" y="{CENTRE + 22:.0f}" font-size="15" fill="{INK}" text-anchor="middle">'
        f"{escape(wheel.under)}</text>"
    )


_POINTS: Mapping[State, str] = MappingProxyType({"gte_95": "4", "66_95": "3", "33_66": "2", "lt_33": "1"})


def _legend(entries: Sequence[tuple[State, str]]) -> Iterator[str]:
    """In the lower left corner, which no label reaches."""
    top = SIZE - 8 - 19 * len(entries)
    for number, (state, text) in enumerate(entries):
        look, y = LOOKS[state], top + 19 * number
        fill = f"url(#wheel-{look.pattern})" if look.pattern else look.fill
        yield (
            f'<rect x="6" y="{y:.0f}" width="20" height="15" fill="{fill}" stroke="{OUTLINE}" stroke-width="0.8"/>'
            f'<text x="16" y="{y + 11.5:.1f}" font-size="11" font-weight="bold" fill="{look.text}"'
            f' text-anchor="middle">{_POINTS.get(state, "")}</text>'
            f'<text x="32" y="{y + 11.5:.1f}" font-size="11.5" fill="{INK}">{escape(text)}</text>'
        )


# Widths of Helvetica and its metric relatives, thousandths of the size (Adobe's AFM), in groups; others as an "n".
_WIDTHS = {
    width: set(letters)
    for width, letters in {
        222: "ijl'|",
        278: " ,.:;/!ft[]I\\",
        333: "()-r`",
        500: "cksvxyzJ",
        611: "FTZ",
        667: "ABEKPSVXYÆ&",
        722: "CDHNRUw",
        778: "GOQØ",
        833: "Mm",
        889: "æ%",
        944: "W",
    }.items()
}
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}


def text_width(text: str, size: float) -> float:
    """How wide a line is at a font size, in the same unit."""
    return sum(_WIDTH_OF.get(letter, 556) for letter in text) * size / 1000


def cut(text: str, room: float, size: float) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip(" -,/") + "…"


def wrap(text: str, room: float, size: float) -> list[str]:
    """Lines of whole words that fit, as far as words allow."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _fitting(text: str, room: float, size: float, least: float) -> float:
    """The largest size up to `size` at which the text fits, `least` if none does."""
    # As it is printed, to a tenth, it still fits.
    return max(least, math.floor(10 * min(size, size * room / text_width(text, size))) / 10) if text else size
