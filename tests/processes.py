"""Whether processes still run, asked without stumbling over one that ends meanwhile."""

from __future__ import annotations

import psutil


def is_gone(process: psutil.Process) -> bool:
    """Ended, or a zombie that nobody has collected yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
