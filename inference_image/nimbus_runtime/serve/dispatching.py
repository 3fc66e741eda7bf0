"""Brings waiting texts and workers together: each free worker takes whatever waits, up to a batch.

Nothing waits for a batch to fill: while workers are busy it fills by itself, and while they are not
a text goes alone and at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Sequence

from nimbus_runtime import gemm
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.documents import Reason, unusable_text
from nimbus_runtime.contract.errors import NimbusError, WorkerLostError
from nimbus_runtime.contract.records import Gemm
from nimbus_runtime.contract.words import plural
from nimbus_runtime.serve import log
from nimbus_runtime.serve.metrics import Metrics
from nimbus_runtime.serve.pool import Worker, WorkerDiedError
from nimbus_runtime.serve.settings import ServeSettings
from nimbus_runtime.serve.waiting import Answer, Asked, Item, Waiting

_STARTS_LOST = 3  # of one worker in a row, from which on it counts as failing
_LONGEST_PAUSE = 60.0  # seconds before a failing one is started again, twice as many each time
_RATE_SECONDS = 10.0  # what is remembered of how fast texts are scored


def _in_words(error: BaseException) -> NimbusError:
    if isinstance(error, NimbusError):
        return error
    return WorkerLostError(
        "scoring has ended unexpectedly", got=type(error).__name__, remedy="start the server again, and report it"
    )


class _Starts:
    """How often in a row a worker could not be started, and how long to wait before it is tried again."""

    def __init__(self) -> None:
        self.lost, self.pause = 0, 0.0

    @property
    def failing(self) -> bool:
        """Say whether it is no accident any more."""
        return self.lost >= _STARTS_LOST

    def lose(self, error: WorkerDiedError | OSError | NimbusError) -> str:
        """Count a failure and return its cause; a bundle that cannot be opened is no accident."""
        self.lost = max(self.lost + 1, _STARTS_LOST if isinstance(error, NimbusError) else 0)
        refused = isinstance(error, OSError)  # by the system, which may have more to give soon
        self.pause = min(_LONGEST_PAUSE, 2.0 ** min(self.lost - 1, 9)) if refused or self.failing else 0.0
        if isinstance(error, OSError):
            return os.strerror(error.errno or 0)
        return error.what if isinstance(error, NimbusError) else str(error)


class Dispatcher:
    """A queue, its workers, and what becomes of both."""

    def __init__(self, settings: ServeSettings, digest: str, metrics: Metrics) -> None:
        """Prepare; `run` starts the workers."""
        self._settings, self._digest, self._metrics = settings, digest, metrics
        self._waiting = Waiting(settings.queue_texts)
        self._something = asyncio.Event()
        self._workers: set[Worker] = set()
        self._starts = [_Starts() for _ in range(settings.workers)]
        self._recent: deque[tuple[float, int]] = deque()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        metrics.watch(
            lambda: len(self._waiting),
            lambda: [worker.pid for worker in self._workers],
            settings.workers,
            lambda: self.degraded,
        )

    @property
    def ready(self) -> bool:
        """Say whether a worker is warm."""
        return bool(self._workers)

    @property
    def warm(self) -> int:
        """Return how many workers are warm."""
        return len(self._workers)

    @property
    def degraded(self) -> bool:
        """Say whether a worker fails to start, again and again."""
        return any(starts.failing for starts in self._starts)

    @property
    def wait_seconds(self) -> int:
        """Return how long what waits now will take, at the rate of late; 1 at least."""
        if not self._recent:
            return 1
        scored = sum(count for _, count in self._recent)
        rate = scored / max(0.5, time.monotonic() - self._recent[0][0])
        return max(1, min(60, round(len(self._waiting) / rate)))

    def ask(self, texts: Sequence[str], annotations: tuple[Annotation, ...]) -> Asked | None:
        """Queue a request's texts; None where there is no room for them."""
        loop = asyncio.get_running_loop()
        refused = {number: why for number, text in enumerate(texts) if (why := self._refused(text))}
        answers = [Answer(failure=refused[n]) if n in refused else None for n in range(len(texts))]
        asked = Asked(annotations, answers, loop.create_future(), time.monotonic())
        if not self._waiting.add(asked, [(n, text) for n, text in enumerate(texts) if n not in refused]):
            return None
        if not asked.missing:
            asked.done.set_result(None)
        for reason, _ in refused.values():
            self._metrics.texts.labels(reason).inc()
        self._something.set()
        return asked

    def _refused(self, text: str) -> tuple[str, str] | None:
        """Say why a text is not even tried, for the reasons that a run has."""
        unusable, limit = unusable_text(text), self._settings.text_characters
        if unusable is not None:
            return unusable[0].value, unusable[1]
        if len(text) > limit:
            return Reason.TOO_LONG.value, f"{plural(len(text), 'character')}; the server takes {limit:,}"
        return None

    def give_up(self, asked: Asked) -> None:
        """Forget a request that nobody waits for."""
        self._waiting.give_up(asked)

    async def run(self) -> None:
        """Keep all workers at work until cancelled; `failed` tells whatever ends it before."""
        try:
            async with asyncio.TaskGroup() as group:
                product = group.create_task(self._product())
                for starts in self._starts:
                    group.create_task(self._keep_working(product, starts))
        except* Exception as group_of:  # noqa: BLE001 - whatever it is, a server whose workers stand still has to end
            self._fail(_in_words(group_of.exceptions[0]))

    async def _product(self) -> Gemm:
        product, _ = await asyncio.to_thread(gemm.decide, self._settings.bundle, self._settings.gemm)
        log.say("gemm", gemm=product.value)
        return product

    async def _keep_working(self, product: asyncio.Task[Gemm], starts: _Starts) -> None:
        while True:
            try:
                worker = await Worker.start(self._settings.bundle, product, self._digest)
            except (WorkerDiedError, OSError, NimbusError) as error:
                if not self._go_on_without(error, starts):
                    return
                await asyncio.sleep(starts.pause)
                continue
            self._workers.add(worker)
            starts.lost = 0
            worker.tell_end(self._something.set)
            log.say("worker_ready", worker=worker.pid, warm=self.warm, wanted=len(self._starts))
            try:
                await self._serve(worker)
            except WorkerDiedError as error:
                self._metrics.worker_deaths.inc()
                log.say("worker_died", cause=str(error), warm=True, worker=worker.pid)
            finally:
                self._workers.discard(worker)
                with contextlib.suppress(ProcessLookupError):
                    await worker.stop()

    def _go_on_without(self, error: WorkerDiedError | OSError | NimbusError, starts: _Starts) -> bool:
        """Note a worker that was not started, and say whether to try again: not where none is warm and all fail."""
        cause = starts.lose(error)
        self._metrics.starts_failed.inc()
        log.say("worker_died", cause=cause, warm=False)
        if self._workers or not all(each.failing for each in self._starts):
            if starts.failing:
                told = {"workers": self.warm, "wanted": len(self._starts), "again_seconds": starts.pause}
                log.say("degraded", cause=cause, **told)
            return True
        if not isinstance(error, NimbusError):
            error = WorkerLostError(
                "worker processes end before they are warm",
                where=str(self._settings.bundle),
                got=cause,
                remedy="give the server more memory, or fewer workers",
            )
        self._fail(error)
        return False

    def _fail(self, error: NimbusError) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _serve(self, worker: Worker) -> None:
        settings = self._settings
        while True:
            await worker.check()
            batch = self._waiting.take(settings.batch_texts, settings.batch_characters)
            if not batch:
                self._something.clear()
                await self._something.wait()
                continue
            await self._score(worker, batch)

    async def _score(self, worker: Worker, batch: list[Item]) -> None:
        now = time.monotonic()
        for item in batch:
            item.asked.queued = now - item.asked.since
            self._metrics.queued.observe(item.asked.queued)
        annotations = [[a.value for a in item.asked.annotations] for item in batch]
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                scored = await worker.score([item.text for item in batch], annotations)
        except TimeoutError:
            await worker.kill()
            self._retry(batch, f"more than {self._settings.request_seconds:g} s of work")
            raise WorkerDiedError("a batch that took too long") from None
        except WorkerDiedError as error:
            self._retry(batch, str(error))
            raise
        for item, document, failure in zip(batch, scored.documents, scored.failures, strict=True):
            item.asked.answer(item.number, Answer(document, failure))
        self._note(now, len(batch))
        self._metrics.scored(len(batch), sum(len(item.text) for item in batch), scored)

    def _retry(self, batch: list[Item], cause: str) -> None:
        """Try the texts of a batch one by one; one that was alone already is to blame."""
        for item in batch:
            if item.alone:
                detail = f"the worker that scored it was ended by {cause}"
                item.asked.answer(item.number, Answer(failure=(Reason.WORKER_KILLED.value, detail)))
                self._metrics.texts.labels(Reason.WORKER_KILLED.value).inc()
            else:
                self._waiting.retry(item)
        self._something.set()

    def _note(self, now: float, count: int) -> None:
        self._recent.append((now, count))
        while now - self._recent[0][0] > _RATE_SECONDS:
            self._recent.popleft()
