"""Runs a command of ours with a clock that is wrong by the seconds in a file: `python -m tests.chaos.stepped`.

Everything of ours asks `bypuls.clock`, so that is where the time is changed. (libfaketime 0.9.10 would step what Python
sleeps by too: `time.sleep` of Python 3.11 then fails with EINVAL.)
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bypuls.clock

_FILE = Path(os.environ["BYPULS_CHAOS_CLOCK"])


def stepped() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(_FILE.read_text()))


bypuls.clock.utc_now = stepped  # before anything else imports it

from bypuls.__main__ import main  # noqa: E402

if __name__ == "__main__":
    main()
