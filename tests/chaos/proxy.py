"""A TCP proxy that can be cut, stalled, delayed and throttled: the network between two processes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine

_PIECE = 1 << 16
LOOPBACK = "127.0.0.1"


class Proxy:
    """Forwards a loopback port to another one until told otherwise; a context manager.

    Everything runs on a thread of its own; the methods may be called from any other.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flowing: asyncio.Event | None = None
        self._delay = 0.0
        self._bytes_per_second: float | None = None
        self._refusing = False
        self._mended: asyncio.Event | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self):
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_):
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """End every connection, and each new one at once."""
        self._call(self._cut())

    def mend(self) -> None:
        """Forward again, without delay or bound."""
        self._refusing = False
        self._delay, self._bytes_per_second = 0.0, None
        self._call(self._flow(flowing=True))

    def stall(self) -> None:
        """Keep connections open and forward nothing; nothing is lost."""
        self._call(self._flow(flowing=False))

    def lose(self) -> None:
        """As a router without power: what is sent from now on is gone, nobody is told. `mend` ends the connections."""
        self._call(self._lose())

    def slow(self, *, delay: float = 0.0, bytes_per_second: float | None = None) -> None:
        """Delay each piece by so many seconds, or let only so many bytes through."""
        self._delay, self._bytes_per_second = delay, bytes_per_second

    def _call(self, work: Coroutine):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _start(self):
        self._flowing, self._mended = asyncio.Event(), asyncio.Event()
        self._flowing.set()
        self._mended.set()
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        self._server.close()
        await self._cut()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self):
        self._refusing = True
        for writer in tuple(self._open):
            writer.transport.abort()
        self._flowing.set()

    async def _lose(self):
        self._mended.clear()

    async def _flow(self, *, flowing: bool):
        if flowing:
            self._flowing.set()
            self._mended.set()
        else:
            self._flowing.clear()

    async def _serve(self, reader, writer):
        if self._refusing:
            writer.transport.abort()
            return
        self._open.add(writer)
        other = None
        try:
            there, other = await asyncio.open_connection(LOOPBACK, self.target_port)
            self._open.add(other)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._forward(reader, other)),
                    asyncio.ensure_future(self._forward(there, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        except OSError:
            pass
        finally:
            for each in (writer, other):
                if each is not None:
                    self._open.discard(each)
                    each.transport.abort()

    async def _both_ways(self, reader, writer, there, other):
        """Until either end goes."""
        ways = [asyncio.ensure_future(self._forward(*way)) for way in ((reader, other), (there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()

    async def _forward(self, reader, writer):
        with contextlib.suppress(OSError, ConnectionError):
            while True:
                piece = await reader.read(_PIECE)
                if not piece:
                    return
                if not self._mended.is_set():
                    await self._mended.wait()
                    return
                await self._flowing.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                if self._bytes_per_second:
                    await asyncio.sleep(len(piece) / self._bytes_per_second)
                writer.write(piece)
                await writer.drain()
