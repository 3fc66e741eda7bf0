"""Rules of the socket that is listened at."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from nimbus_runtime.serve import server
from nimbus_runtime.serve.settings import ServeSettings


def test_an_answer_is_sent_at_once() -> None:
    """Head and body are written one after the other; the second does not wait until the first is acknowledged."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with server.bind(ServeSettings(Path("bundle"), port=0)) as bound:
            async with await asyncio.start_server(note, sock=bound):
                _, writer = await asyncio.open_connection(*bound.getsockname())
                said = await found
                writer.close()
        return said

    assert asyncio.run(accepted())
