"""A nats-server with MQTT and JetStream: a broker that writes a message to its log before it acknowledges it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess

from bypuls.server_folder import LOOPBACK, free_port, wait_until

CONFIG = """
server_name: chaos
listen: "{loopback}:{client_port}"
jetstream {{ store_dir: "{folder}/jetstream" }}
# As many unacknowledged as ingest holds: its own default, 100, would be half a batch a second.
mqtt {{ host: "{loopback}", port: {port}, ack_wait: "10s", max_ack_pending: 4000 }}
"""


def find_nats() -> str | None:
    return shutil.which("nats-server", path="/usr/sbin:/usr/local/bin:/usr/bin:/usr/local/sbin")


class Nats:
    """Started and stopped as `bypuls.broker_server.Mosquitto` is."""

    def __init__(self, folder):
        self._folder = folder
        self.port, self._client_port = free_port(), free_port()
        self._process = None

    @property
    def url(self):
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "nats.conf"
        config.write_text(
            CONFIG.format(loopback=LOOPBACK, port=self.port, client_port=self._client_port, folder=self._folder)
        )
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen([find_nats(), "-c", config], stdout=log, stderr=log)
        assert wait_until(self._accepts, seconds=20), (self._folder / "server.log").read_text()

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)

    def _accepts(self):
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=0.5):
                return True
        except OSError:
            return False
