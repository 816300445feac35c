"""Health of a process that serves nobody: whether it holds its connections, `python -m bypuls.connected PORT …`.

Looks at process 1, as which a container's command runs. Being connected is what such a process loses first: both the
broker and the database may go away and come back, and it reconnects by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import psutil


def missing(pid: int, ports: Sequence[int]) -> list[int]:
    """The ports to which a process holds no TCP connection; all of them when there is no such process."""
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return list(ports)
    held = {one.raddr.port for one in found if one.status == psutil.CONN_ESTABLISHED and one.raddr}
    return [port for port in ports if port not in held]


if __name__ == "__main__":
    lost = missing(1, [int(port) for port in sys.argv[1:]])
    if lost:
        sys.exit(f"not connected to port {', '.join(map(str, lost))}")
