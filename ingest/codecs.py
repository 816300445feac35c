"""Makers' `decodeUplink` JavaScript: from a device's bytes to the object that a profile reads.

The JavaScript runs in a process of its own (`ingest.codec_process`), which is started at the first use and again
whenever a codec brought it down. Nothing of it runs in ours, so that neither a loop that never ends nor a fault of the
engine touches what else is read.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from bypuls.clock import isoformat
from bypuls.errors import Refusal
from ingest import codec_process
from ingest.reasons import refusal, shortened
from ingest.strict_json import parse

LONGEST_PAYLOAD = 4096
"""Bytes; a LoRaWAN frame has 242 at most."""

_LENGTH = struct.Struct(">I")
# Of the wall's clock, for a machine that is busy with other things; the codec's own 50 ms are of processor time.
_PATIENCE_SECONDS = 5.0
_STRIKES = 3
_PAUSE_SECONDS = 60.0


class Codec:
    """One maker's file.

    Args:
        name: the profile's id.
        javascript: has `decodeUplink(input)`, or one of the older `Decode(fPort, bytes, variables)` and
            `Decoder(bytes, port)`.
        run: who runs it; None: the process that all share.
    """

    def __init__(self, name: str, javascript: str, run: Sandbox | None = None) -> None:
        self.name = name
        self.javascript = javascript
        self._key = hashlib.sha256(javascript.encode()).hexdigest()
        self._sandbox = run or _SHARED

    def decode(self, payload: bytes, f_port: int, received_at: datetime | None = None) -> Any:
        """The object (or list) that the maker's function makes of a frame's bytes.

        Raises:
            Refusal: `codec_failed`: it told of an error, threw one, ran too long, or took too much memory.
        """
        if len(payload) > LONGEST_PAYLOAD:
            raise self._failed(f"{len(payload)} bytes are no LoRaWAN frame")
        answer = self._sandbox.run(
            self._key,
            self.javascript,
            {
                "bytes": list(payload),
                "fPort": f_port,
                "recvTime": None if received_at is None else isoformat(received_at),
            },
        )
        if "output" not in answer:
            raise self._failed(str(answer.get("failed")))
        output = parse(answer["output"].encode())
        if type(output) is not dict or not ("errors" in output or "data" in output):
            raise self._failed("what it returned is no object with data")
        if "errors" in output:
            raise self._failed(f"it says {shortened(output['errors'], 120)}")
        return output["data"]

    def _failed(self, why: str) -> Refusal:
        return refusal("codec_failed", f"decodeUplink of {self.name}: {shortened(why, 160)[1:-1]}")


class Sandbox:
    """The process in which codecs run. Safe for several threads: they take turns.

    A codec that ended the process three times in a row is not asked again for a minute, so that a device that sends
    what its codec cannot bear does not cost a process per message.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._known: set[str] = set()
        self._broken: dict[str, str] = {}
        self._strikes: dict[str, tuple[int, float]] = {}
        self._turn = threading.Lock()
        self._clock = clock

    def run(self, key: str, javascript: str, given: dict[str, Any]) -> dict[str, Any]:
        """What the codec answers: `output` (a JSON text) or `failed` (why)."""
        with self._turn:
            if key in self._broken:
                return {"failed": self._broken[key]}
            strikes, since = self._strikes.get(key, (0, 0.0))
            if strikes >= _STRIKES and self._clock() - since < _PAUSE_SECONDS:
                return {"failed": "it ran too long three times in a row and rests for a minute"}
            try:
                answer = self._ask(key, javascript, given)
            except (OSError, EOFError, ValueError):
                self._end()
                self._strikes[key] = (strikes + 1, self._clock())
                return {"failed": "it ran longer than 50 ms, or took more than 16 MB"}
            self._strikes.pop(key, None)
            if "broken" in answer:
                # It is what it is until its file changes.
                self._broken[key] = answer["broken"]
                return {"failed": answer["broken"]}
            return answer

    def close(self) -> None:
        """End the process; the next use starts another."""
        with self._turn:
            self._end()

    def _ask(self, key: str, javascript: str, given: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._process = _started()
        request: dict[str, Any] = {"codec": key, "input": given}
        if key not in self._known:
            request["javascript"] = javascript
        answer = self._exchange(process, request)
        if "unknown" in answer:
            answer = self._exchange(process, {**request, "javascript": javascript})
        self._known.add(key)
        return answer

    @staticmethod
    def _exchange(process: subprocess.Popen[bytes], request: dict[str, Any]) -> dict[str, Any]:
        if process.stdin is None or process.stdout is None:
            raise EOFError
        body = json.dumps(request).encode()
        process.stdin.write(_LENGTH.pack(len(body)) + body)
        process.stdin.flush()
        length = _LENGTH.unpack(_exactly(process.stdout, _LENGTH.size))[0]
        answer: dict[str, Any] = json.loads(_exactly(process.stdout, length))
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        self._known.clear()
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        process.wait()


def _started() -> subprocess.Popen[bytes]:
    # Isolated: no environment, no user's folder; and the engine is not loaded here only to be found.
    found = find_spec("quickjs")
    if found is None or found.origin is None:
        raise OSError("quickjs-ng is not installed")
    program = (
        f"import sys; sys.path[:] = [p for p in sys.path if p] + [{str(Path(found.origin).parents[1])!r}]; "
        f"import runpy; runpy.run_path({codec_process.__file__!r}, run_name='__main__')"
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter and file
        [sys.executable, "-I", "-S", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={},
    )


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        ready, _, _ = select.select([stream], [], [], _PATIENCE_SECONDS)
        part = stream.read(count - len(parts)) if ready else b""
        if not part:
            raise EOFError
        parts += part
    return parts


_SHARED = Sandbox()
atexit.register(_SHARED.close)
