"""How a process writes its log: for people a line, for machines one JSON object per line.

An event is named by its text as it stands in the code ("%s; trying again in %.1f s"): stable, whatever the numbers are.
What else a machine may want is handed over as `extra={"fields": {…}}`.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from bypuls.clock import isoformat
from bypuls.errors import BypulsError
from bypuls.settings import LogSettings

_LOG = logging.getLogger("bypuls")
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One object per event: time, level, process, logger, event, message; fields and error where there are any.

    Args:
        process: which of ours writes: ingest, process, serve, or another command.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        event: dict[str, Any] = {
            "time": isoformat(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "event": str(record.msg),
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if fields:
            event["fields"] = fields
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False, default=str)


def configure(process: str, settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send everything that is logged to standard error, in the format of the settings.

    For machines that is also what nobody caught, in any thread: it would be many lines.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(process) if settings.log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    if settings.log_format == "json":
        sys.excepthook = _uncaught
        threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def say_why_it_ends(error: BypulsError) -> None:
    """One line on standard error: for people as commands say it, else an event as the others."""
    if any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers):
        _LOG.critical("it ends: %s", error)
    else:
        print(f"bypuls: {error}", file=sys.stderr)  # noqa: T201 - this is the command line


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        _LOG.critical("nobody caught this", exc_info=(kind, error or kind(), trace))
