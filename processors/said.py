"""What calculators say of many cells in words or objects, as columns: of a year computed again few are written out.

Both kinds stand wherever a list of the same might: they are sequences of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from processors.content import Marks, folded, made_by, mark_of, marks_of

_One = TypeVar("_One")
_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coded(Sequence[Any]):
    """One of a few for each cell: `codes` count into `table`."""

    codes: _Integers
    table: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, at: Any) -> Any:
        return self.table[self.codes[at]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.table.__getitem__, self.codes.tolist())

    def take(self, rows: _Integers) -> Coded:
        """Those rows."""
        return Coded(self.codes[rows], self.table)

    def marks(self) -> Marks:
        """The mark of what each says."""
        return marks_of(self.table, len(self.table))[self.codes]


@dataclass(frozen=True, slots=True)
class Made(Sequence[Any]):
    """Something of its own for each cell: `make(*given, *numbers of the row)`, called when the row is written out.

    The mark is that of the numbers, of what is given (which JSON can say) and of the code: what else `make` looks at
    must follow from these.
    """

    make: Callable[..., Any]
    given: tuple[Any, ...]
    columns: tuple[npt.NDArray[Any], ...]

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, at: Any) -> Any:
        return self.make(*self.given, *(column[at].item() for column in self.columns))

    def __iter__(self) -> Iterator[Any]:
        for row in zip(*(column.tolist() for column in self.columns), strict=True):
            yield self.make(*self.given, *row)

    def take(self, rows: _Integers) -> Made:
        """Those rows."""
        return Made(self.make, self.given, tuple(column[rows] for column in self.columns))

    def marks(self) -> Marks:
        """The mark of what each says."""
        said = mark_of(made_by(self.make.__module__), self.make.__qualname__, self.given)
        return folded(np.full(len(self), said, dtype=np.uint64), *self.columns)


def everywhere(one: Any, count: int) -> Coded:
    """The same of all cells."""
    return Coded(np.zeros(count, dtype=np.int64), [one])


def coded(numbers: npt.NDArray[Any], say: Callable[[Any], Any]) -> Coded:
    """What is said of a number, each put into words once; None of NaN."""
    different, codes = np.unique(numbers, return_inverse=True)
    return Coded(codes.astype(np.int64), [None if one != one else say(one) for one in different.tolist()])  # noqa: PLR0124


def taken(said: Sequence[_One], rows: _Integers) -> Sequence[_One]:
    """Those rows of a list, or of one of the above."""
    return said.take(rows) if isinstance(said, (Coded, Made)) else [said[row] for row in rows.tolist()]


def marks_said(said: Sequence[object]) -> Marks:
    """The mark of what each entry of a list, or of one of the above, says."""
    return said.marks() if isinstance(said, (Coded, Made)) else marks_of(said, len(said))
