"""Which format a file of history is in, and opening it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bypuls.errors import SettingsError
from ingest.decoding import Source
from ingest.importing.columns import Given
from ingest.validation import Catalogue

if TYPE_CHECKING:
    from ingest.importing.run import HistoryFile

Format = Literal["csv", "parquet", "senml"]
_ENDINGS: dict[str, Format] = {
    ".parquet": "parquet", ".pq": "parquet", ".json": "senml", ".jsonl": "senml", ".ndjson": "senml", ".senml": "senml",
    ".senmlj": "senml",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        form: of all files; None: by name and first bytes.
        zone: IANA name, of times without one.
    """

    given: Given = field(default_factory=Given)
    form: Format | None = None
    zone: str | None = None
    encoding: str = "utf-8"
    decimal_comma: bool = False


def open_file(path: Path, reading: Reading, source: Source, catalogue: Catalogue, arrival: datetime) -> HistoryFile:
    """Open a file and understand its header.

    Raises:
        SettingsError: it cannot be read, or lacks a column.
    """
    from ingest.importing.csv_files import CsvFile
    from ingest.importing.parquet_files import ParquetFile
    from ingest.importing.senml_files import SenmlFile

    form = reading.form or _form(path)
    if form == "senml":
        return SenmlFile(path, reading.given, source, catalogue.profiles, arrival)

    def known(word: str) -> bool:
        return catalogue.properties.find(word) is not None

    if form == "parquet":
        return ParquetFile(path, reading.given, known, zone=reading.zone)
    return CsvFile(
        path, reading.given, known, zone=reading.zone, encoding=reading.encoding, decimal_comma=reading.decimal_comma
    )


def _form(path: Path) -> Format:
    try:
        with path.open("rb") as file:
            first = file.read(4)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    if first == b"PAR1":
        return "parquet"
    endings = [ending for ending in path.suffixes if ending != ".gz"]
    return _ENDINGS.get(endings[-1].lower() if endings else "", "csv")
