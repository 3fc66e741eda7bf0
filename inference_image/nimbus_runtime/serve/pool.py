"""The worker processes of a server, one at a batch each, replaced where they die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nimbus_runtime.contract import errors
from nimbus_runtime.contract.errors import BundleInvalidError, NimbusError
from nimbus_runtime.contract.records import Gemm
from nimbus_runtime.supervisor import ENVIRONMENT

_STOP_SECONDS = 5.0
_ANSWER_LINE = 2**20


class WorkerDiedError(Exception):
    """A worker ended, or was ended, before it answered; the words say by what."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A batch's answer: a document or a failure for each text, and what it took."""

    documents: list[bytes]
    failures: list[tuple[str, str] | None]
    tokens: int
    seconds: float
    cpu: float


class Worker:
    """A process that holds a pipeline."""

    def __init__(self, process: Process) -> None:
        """Take a process that was started."""
        self._process = process
        self._ended = asyncio.ensure_future(process.wait())

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    @classmethod
    async def start(cls, bundle: Path, gemm: Awaitable[Gemm], digest: str) -> Worker:
        """Start a worker and wait until it is warm; NimbusError where the bundle cannot be opened.

        It opens the bundle while the matrix product is still being decided.
        """
        command = [sys.executable, "-P", "-m", "nimbus_runtime", "serve-worker", "--bundle", str(bundle)]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **ENVIRONMENT},
            limit=_ANSWER_LINE,
            start_new_session=True,  # Ctrl-C is the server's alone
        )
        worker = cls(process)
        try:
            await worker._send({"gemm": (await gemm).value})
            await worker._warm(bundle, digest)
        except BaseException:
            await worker.stop()
            raise
        return worker

    async def _warm(self, bundle: Path, digest: str) -> None:
        told = await self._line()
        if "error" in told:
            raise _failure(told["error"])
        if told["ready"] != digest:
            raise BundleInvalidError(
                "the bundle changed while it was being opened",
                where=str(bundle),
                got=told["ready"],
                expected=digest,
                remedy="start the server again",
            )

    async def score(self, texts: Sequence[str], annotations: Sequence[Sequence[str]]) -> Scored:
        """Score a batch; WorkerDiedError where the process does not survive it."""
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        try:
            await self._send({"texts": texts, "annotations": annotations})
            told = await self._line()
            documents = [await self._process.stdout.readexactly(size) for size in told["sizes"]]
        except asyncio.IncompleteReadError:
            raise WorkerDiedError(await self._cause()) from None
        failures = [None if failure is None else (failure[0], failure[1]) for failure in told["failures"]]
        return Scored(documents, failures, told["tokens"], told["seconds"], told["cpu"])

    def tell_end(self, told: Callable[[], None]) -> None:
        """Call a function when the process has ended, also while nobody waits for an answer of it."""
        self._ended.add_done_callback(lambda _: told())

    async def check(self) -> None:
        """WorkerDiedError where the process has ended."""
        if self._ended.done():
            raise WorkerDiedError(await self._cause())

    async def stop(self) -> None:
        """End the process: by the end of its input, then by force."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _send(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
        with contextlib.suppress(ConnectionError):  # that it is gone shows where its answer is read
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            await self._process.stdin.drain()

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it was started with pipes
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise WorkerDiedError(await self._cause())
        told: dict[str, Any] = json.loads(line)
        return told

    async def _cause(self) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        code = self._process.returncode
        if code is None or code >= 0:
            return f"exit code {code}"
        return signal.Signals(-code).name


def _failure(error: dict[str, str]) -> NimbusError:
    """Rebuild a worker's failure by its class's name."""
    cls: type[NimbusError] = getattr(errors, error["error"], NimbusError)
    return cls(
        error["what"],
        where=error.get("where"),
        got=error.get("got"),
        expected=error.get("expected"),
        remedy=error.get("to do"),
    )
