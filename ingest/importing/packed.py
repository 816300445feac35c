"""A file as it lies on the disk, and the text in it: the same, or what gzip packed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from bypuls.errors import SettingsError

_GZIP = b"\x1f\x8b"


class Opened:
    """Opens a file for the time of a `with` block: gives the file, to ask how far it is read, and its text.

    Raises:
        SettingsError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[BinaryIO, Text]:
        try:
            raw = self._raw = self._path.open("rb")
        except OSError as error:
            raise SettingsError(f"{self._path} cannot be read: {error.strerror}") from None
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        return raw, Text(self._path, gzip.GzipFile(fileobj=raw) if packed else raw)

    def __exit__(self, *_: object) -> None:
        self._raw.close()


class Text:
    """What is in a file; a packed file that is broken or cut off is said to be."""

    def __init__(self, path: Path, file: BinaryIO | gzip.GzipFile) -> None:
        self._path, self._file = path, file

    def read(self, size: int) -> bytes:
        """The next bytes, `size` at most; none at the end."""
        return self._got(self._file.read, size)

    def readline(self, size: int) -> bytes:
        """The rest of the line, `size` bytes at most; none at the end."""
        return self._got(self._file.readline, size)

    def _got(self, get: Callable[[int], bytes], size: int) -> bytes:
        try:
            return get(size)
        except (EOFError, OSError, zlib.error) as error:
            raise SettingsError(f"{self._path} is damaged or cut off: {error}") from None
