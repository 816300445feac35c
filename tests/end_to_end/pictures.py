"""Compares what a page looks like with a stored picture: as an eye across the room would.

Both are made small and soft, so that the edges of letters do not matter; then counted in squares. A line of text that
changed by some letters passes, a number, a chip, a line or a panel that is missing does not.
`pytest tests/end_to_end/test_pictures.py --renew-pictures` stores what the pages look like now.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

FOLDER = Path(__file__).parent / "pictures"
SHRINK = 2
_SQUARE = 4
"""A square is 8 by 8 pixels of the page."""
_WINDOW = 8
_DIFFERENT = 14
"""Of 255: more than the edge of a letter, less than a letter that is gone."""
_MOST_IN_WINDOW = 0.17
_MOST_AT_ALL = 0.01
_HEIGHT = 0.01


@dataclass(frozen=True)
class Difference:
    at_all: float
    """Share of the squares that differ."""
    worst: float
    """The same in the window where most do."""
    where: tuple[int, int]
    """Left and top of that window, in pixels of the page."""
    other_size: str = ""

    @property
    def same(self):
        return not self.other_size and self.worst <= _MOST_IN_WINDOW and self.at_all <= _MOST_AT_ALL

    def __str__(self):
        return self.other_size or (
            f"{self.at_all:.2%} of it differ, around {self.where[0]}, {self.where[1]} {self.worst:.0%}"
        )


def small(screenshot: bytes) -> Image.Image:
    """A screenshot as it is stored."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    return image.resize((image.width // SHRINK, image.height // SHRINK), Image.Resampling.LANCZOS)


def store(image: Image.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, optimize=True)


def difference(seen: Image.Image, stored: Image.Image) -> Difference:
    if seen.width != stored.width or abs(seen.height - stored.height) > _HEIGHT * stored.height:
        return Difference(1, 1, (0, 0), f"{seen.size} instead of {stored.size} (each halved)")
    height = min(seen.height, stored.height) // _SQUARE * _SQUARE
    width = seen.width // _SQUARE * _SQUARE
    one, other = (_squares(image.convert("RGB").crop((0, 0, width, height))) for image in (seen, stored))
    differ = (np.abs(one - other).max(axis=2) > _DIFFERENT).astype(float)
    window = min(_WINDOW, *differ.shape)
    sums = np.lib.stride_tricks.sliding_window_view(differ, (window, window)).mean(axis=(2, 3))
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    pixels = SHRINK * _SQUARE
    return Difference(float(differ.mean()), float(sums.max()), (int(left) * pixels, int(top) * pixels))


def _squares(image):
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)), dtype=float)
    height, width, colours = soft.shape
    return soft.reshape(height // _SQUARE, _SQUARE, width // _SQUARE, _SQUARE, colours).mean(axis=(1, 3))
