"""A server that answers at once, and once does not for two seconds: what it makes others wait is known beforehand.

    python -m tests.stalling [--stall-after 4] [--stall 2]

Prints its port. Requests that are due while it stalls are answered at its end, all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import time

_ANSWER = b'{"documents":[{}]}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_ANSWER)


class Server:
    """Answers every request of a connection alike."""

    def __init__(self, after: float, seconds: float) -> None:
        """Stall once, `after` seconds from the first request."""
        self._after, self._seconds = after, seconds
        self._first = 0.0
        self._stalled = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client hangs up."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if lengths:
                    await reader.readexactly(int(lengths[0].partition(b":")[2]))
                if head.startswith(b"POST"):
                    self._maybe_stall()
                writer.write(_HEAD + _ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _maybe_stall(self) -> None:
        now = time.monotonic()
        self._first = self._first or now
        if not self._stalled and now - self._first >= self._after:
            self._stalled = True
            time.sleep(self._seconds)  # nobody is answered meanwhile


async def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stall-after", type=float, default=4.0)
    parser.add_argument("--stall", type=float, default=2.0)
    arguments = parser.parse_args()
    made = Server(arguments.stall_after, arguments.stall)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever starts it reads that
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
