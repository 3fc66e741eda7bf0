"""Connections that say nothing, or do not listen, are ended: each costs memory and a file descriptor."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedConnection(H11Protocol):
    """An HTTP connection that a request's head must arrive on in time, and an answer leave by."""

    silent_seconds = 15.0
    _silence: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's own words
        """Begin to wait for a head."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that `pause_writing` tells of everything unread
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Wait for a head until it is whole; a body's time is the request's own."""
        super().data_received(data)
        if self._answering():
            self._cancel_silence()
        elif self._silence is None:
            self._expect_head()

    def pause_writing(self) -> None:
        """Begin to wait for the other side to read."""
        super().pause_writing()  # type: ignore[no-untyped-call, unused-ignore]
        if self._stall is None:
            self._stall = self.loop.call_later(self.silent_seconds, self._end_stall)

    def resume_writing(self) -> None:
        """Note that the other side has read all."""
        super().resume_writing()  # type: ignore[no-untyped-call, unused-ignore]
        self._cancel_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._cancel_silence()
        self._cancel_stall()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect_head(self) -> None:
        self._silence = self.loop.call_later(self.silent_seconds, self._end_silence)

    def _end_silence(self) -> None:
        self._silence = None
        if not self._answering():
            self.transport.abort()

    def _end_stall(self) -> None:
        """End the connection, and have the system forget what it keeps for it: nobody takes it."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _cancel_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
