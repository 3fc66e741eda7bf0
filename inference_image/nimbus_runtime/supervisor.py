"""Keeps worker processes at a run's shards, and finds out which document kills one.

Thin on purpose: it imports no pipeline and holds no text, so that when memory runs out a worker
dies and the supervisor lives to say why.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from nimbus_runtime.contract import codec, errors
from nimbus_runtime.contract.errors import NimbusError, WorkerLostError
from nimbus_runtime.contract.records import Commit

# One process a core, one thread a process. A fixed hash seed keeps the order of sets the same everywhere.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
}
_STARTS_LOST = 3  # workers that may die before they have done anything
_DEATHS_A_SHARD = 20  # in hand of a shard, beyond those that a quarantined document explains
_KILLERS = 20  # documents of a shard, from which on most of what it has read so far must have been scored
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
_STOP_SECONDS = 5.0


class Progress(Protocol):
    """Is told of every change; all numbers are of one shard."""

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """So much of a shard is scored."""
        ...

    def committed(self, shard: int, commit: Commit) -> None:
        """Record that a shard is done."""
        ...

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Record that a worker was lost and replaced."""
        ...


@dataclass(slots=True)
class _Order:
    """A shard to score, and what is known of it from workers that died of it."""

    shard: int
    deaths: int = 0
    last_chunk: tuple[int, int] | None = None
    singly: tuple[int, int] = (0, 0)
    left_out: dict[int, str] = field(default_factory=dict)

    def after_death(self, in_hand: tuple[int, int] | None, cause: str) -> None:
        """Decide how to go on with the shard.

        The first time a worker dies, the same again: it may have been killed from outside. When
        the same chunk kills twice, its documents go one at a time, and the one that then kills
        twice is left out. Four deaths a document, whatever the size of the chunk.
        """
        self.deaths += 1
        if in_hand is None:
            return
        first, count = in_hand
        if count == 1 and self.last_chunk == in_hand:
            self.left_out[first] = f"the worker that scored it was ended by {cause}"
            self.singly, self.last_chunk = (0, 0), None
            self.deaths = 0
        elif count > 1 and self.last_chunk == in_hand:
            self.singly = (first, first + count)
        else:
            self.last_chunk = in_hand

    @property
    def hopeless(self) -> bool:
        """Say whether most documents end their worker: then it is no document's doing."""
        return len(self.left_out) >= _KILLERS and 2 * len(self.left_out) > max(self.left_out) + 1

    def message(self) -> dict[str, Any]:
        """Return the order as the worker reads it."""
        return {"shard": self.shard, "left_out": self.left_out, "singly": self.singly}


class _Worker:
    """A worker process and the shard that it has in hand."""

    def __init__(self, bundle: Path) -> None:
        read, write = os.pipe()
        module = [sys.executable, "-P", "-m", "nimbus_runtime"]  # -P: nothing is imported from the working folder
        command = [*module, "worker", "--bundle", str(bundle), "--events", str(write)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            command, stdin=subprocess.PIPE, pass_fds=[write], env={**os.environ, **ENVIRONMENT}
        )
        os.close(write)
        self.events: IO[bytes] = os.fdopen(read, "rb", buffering=0)
        self._partial = b""
        self.order: _Order | None = None
        self.in_hand: tuple[int, int] | None = None
        self.reading: str | None = None  # where, in words, while nothing is in hand
        self.ready = False

    @property
    def process(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Send an order; a worker that is gone is noticed by its events' end."""
        assert self._process.stdin is not None  # noqa: S101 - opened above
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def received(self) -> Iterator[dict[str, Any]] | None:
        """Return the events that have come, or None when the worker has ended."""
        data = os.read(self.events.fileno(), 1 << 16)
        if not data:
            return None
        *lines, self._partial = (self._partial + data).split(b"\n")
        return (json.loads(line) for line in lines)

    def cause_of_death(self) -> str:
        """Wait for the process's end and say how it came."""
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return "signal SIGKILL, as when memory runs out"
        if code < 0:
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"

    def stop(self) -> None:
        """End the process, gently first."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.events.close()


class Supervisor:
    """Worker processes over one bundle; a context manager that leaves none behind."""

    def __init__(self, bundle: Path, workers: int) -> None:
        """Start the workers at once: they open the bundle while the run is still being planned."""
        self._bundle = bundle
        self._selector = selectors.DefaultSelector()
        self._workers: set[_Worker] = set()
        self._run: dict[str, Any] | None = None
        self._lost_starts = 0
        try:
            for _ in range(workers):
                self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        """Return the supervisor itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker."""
        for worker in list(self._workers):
            self._remove(worker)
        self._selector.close()

    def score(  # noqa: PLR0913, PLR0917 - all that a worker needs to know
        self, root: str, run: str, attempt: str, shards: Sequence[int], progress: Progress, release: str = ""
    ) -> None:
        """Have the shards scored and committed by a release, the plan's own if none is named; return when all are."""
        self._run = {"root": root, "run": run, "attempt": attempt, "release": release}
        waiting = deque(_Order(shard) for shard in shards)
        for worker in list(self._workers)[max(1, len(waiting)) :]:
            self._remove(worker)
        for worker in self._workers:
            worker.send(self._run)
        self._give(waiting)
        while any(worker.order for worker in self._workers) or waiting:
            for key, _ in self._selector.select():
                self._listen(key.data, waiting, progress)
            self._give(waiting)

    def processes(self) -> list[int]:
        """Return the ids of the worker processes."""
        return [worker.process for worker in self._workers]

    def _listen(self, worker: _Worker, waiting: deque[_Order], progress: Progress) -> None:
        events = worker.received()
        if events is None:
            self._bury(worker, waiting, progress)
            return
        for event in events:
            self._take(worker, event, progress)

    def _take(self, worker: _Worker, event: dict[str, Any], progress: Progress) -> None:
        kind = event["event"]
        if kind == "error":
            raise _failure(event["error"])
        if kind == "ready":
            worker.ready = True
            self._lost_starts = 0
        elif kind == "begin":
            worker.in_hand, worker.reading = (event["first"], event["count"]), None
        elif kind == "rest":
            worker.in_hand, worker.reading = None, _place(event["input"], event["position"])
        elif kind == "progress" and worker.order:
            progress.advanced(worker.order.shard, event["documents"], event["quarantined"], event["position"])
        elif kind == "committed":
            worker.order = worker.in_hand = worker.reading = None
            progress.committed(event["shard"], codec.decode(Commit, json.dumps(event["commit"]).encode(), "worker"))

    def _give(self, waiting: deque[_Order]) -> None:
        for worker in self._workers:
            if worker.order is None and waiting:
                worker.order = waiting.popleft()
                worker.send(worker.order.message())

    def _bury(self, worker: _Worker, waiting: deque[_Order], progress: Progress) -> None:
        """Replace a worker that died, and think about what it had in hand."""
        order, in_hand, reading, ready = worker.order, worker.in_hand, worker.reading, worker.ready
        cause = worker.cause_of_death()
        self._remove(worker)
        if not ready:
            self._lost_starts += 1
        if order is not None:
            if ready:
                order.after_death(in_hand, cause)
            waiting.appendleft(order)
        progress.worker_died(order.shard if order else None, cause)
        if order is not None and order.hopeless:
            raise _hopeless(order, cause)
        if self._lost_starts >= _STARTS_LOST or (order is not None and order.deaths > _DEATHS_A_SHARD):
            raise _lost(None if order is None else order.shard, reading, cause)
        self._start()

    def _start(self) -> None:
        with _interrupts_held():
            worker = _Worker(self._bundle)
            self._workers.add(worker)
            self._selector.register(worker.events, selectors.EVENT_READ, worker)
        if self._run is not None:
            worker.send(self._run)

    def _remove(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        self._selector.unregister(worker.events)
        worker.stop()


def _place(source: str, position: int | None) -> str:
    return f"its first documents of {source}" if position is None else f"{source} after position {position:,}"


def _lost(shard: int | None, reading: str | None, cause: str) -> WorkerLostError:
    """Return the failure of a run whose workers keep ending, with what they did when they did."""
    remedy = "give the run more memory or fewer --workers, then resume it with --resume"
    if shard is not None and reading is not None:
        where = f"shard {shard}, while reading {reading}"
        remedy += "; or look at what the input holds there: it could not even be read"
        return WorkerLostError("worker processes keep ending", where=where, got=cause, remedy=remedy)
    where = "while opening the bundle" if shard is None else f"shard {shard}"
    return WorkerLostError("worker processes keep ending", where=where, got=cause, remedy=remedy)


def _hopeless(order: _Order, cause: str) -> WorkerLostError:
    return WorkerLostError(
        "most documents end the worker that scores them",
        where=f"shard {order.shard}",
        got=f"{len(order.left_out)} of its first {max(order.left_out) + 1}, the last by {cause}",
        remedy="see whether the bundle works on this machine, or give the run more memory; then resume it",
    )


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back what ends a run, so that whatever is started meanwhile is known before it has to end.

    A process that is started inherits the mask, so that Ctrl-C is the supervisor's alone; handlers it does not. The
    mask alone would not do: a signal that another thread is given runs its handler in the main one.
    """
    held: list[int] = []
    handlers: dict[int, Any] = {}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        if threading.current_thread() is threading.main_thread():
            for ending in _ENDINGS:
                handlers[ending] = signal.signal(ending, lambda number, _: held.append(number))
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in held:
            signal.raise_signal(number)


def _failure(error: dict[str, str]) -> NimbusError:
    """Rebuild a worker's failure by its class's name."""
    cls = getattr(errors, error["error"], NimbusError)
    failure: NimbusError = cls(
        error["what"],
        where=error.get("where"),
        got=error.get("got"),
        expected=error.get("expected"),
        remedy=error.get("to do"),
    )
    return failure
