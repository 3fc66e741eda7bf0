"""Goes from step to step, gathers what the processes counted, and writes it down.

Runs in one process: the only one, or the master of several.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gevent
import psutil
from locust import LoadTestShape, events
from locust.runners import MasterRunner, WorkerRunner

from batch_users import BatchUser
from figures import LOCAL, StepFigures
from http_users import ArrivalUser, headers
from shapes import SHAPES, Limits, Shape, Step
from target import Target

SCHEMA = 1
_PR_SET_PDEATHSIG = 1
_TOLD = 1.2  # seconds in which every process has told of what it counted
_SETTLE, _SETTLE_RUNS = 5.0, 3600.0  # seconds beyond their timeout that requests are waited for; those of runs


class Gathered:
    """All that was counted, by step, and the second that is just over."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.steps: dict[int, StepFigures] = defaultdict(StepFigures)
        self.second = StepFigures()
        self.pids: dict[str, int] = {}
        self._open: dict[str, Counter[int]] = defaultdict(Counter)
        self._closed: set[int] = set()
        self._lost: set[str] = set()

    def add(self, process: str, told: dict[str, Any]) -> None:
        """Add what a process counted, by its name."""
        if process in self._lost:
            return
        self.pids[process] = told["pid"]
        for number, values in told["steps"].items():
            if int(number) in self._closed:  # it was decided without
                continue
            figures = StepFigures(values)
            self.steps[int(number)].merge(figures)
            self.second.merge(figures)
            self._open[process][int(number)] += figures.in_flight

    def lose(self, process: str) -> None:
        """Set aside what a process that has ended asked, and nobody will hear the answer to."""
        self._lost.add(process)
        for number, count in self._open.pop(process, Counter()).items():
            if number not in self._closed:
                self.steps[number].lose(count)

    @property
    def in_flight(self) -> int:
        """Return how many have no answer yet, of all steps."""
        return sum(figures.in_flight for figures in self.steps.values())

    def close(self, seconds: float) -> None:
        """Count what has no answer as failed, after these seconds at least; what comes later changes nothing."""
        for number, figures in self.steps.items():
            figures.give_up(seconds)
            self._closed.add(number)

    def take_second(self) -> StepFigures:
        """Return what came in since the last call."""
        second, self.second = self.second, StepFigures()
        return second


GATHERED = Gathered()


@events.init.add_listener
def _gather(environment: Any, runner: Any, **_: Any) -> None:  # noqa: ANN401 - locust's own
    if runner is None:
        return
    if isinstance(runner, WorkerRunner) and environment.parsed_options.processes and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # locust's own would miss its parent for a minute
    if not isinstance(runner, WorkerRunner):
        runner.register_message("nimbus-figures", lambda msg, **_: GATHERED.add(msg.node_id, msg.data))
    if not isinstance(runner, MasterRunner):
        gevent.spawn(_tell, runner)


def _tell(runner: Any) -> None:  # noqa: ANN401 - locust's own
    pid, known = os.getpid(), False
    while True:
        gevent.sleep(0.5)
        told = LOCAL.take()
        if told or not known:
            runner.send_message("nimbus-figures", {"pid": pid, "steps": told})
        known = True


@dataclass(frozen=True)
class Done:
    """A step that is over, when it began, and for how long after its end its answers were waited for."""

    step: Step
    began: float
    over: float


class Steering(LoadTestShape):
    """Decides how many users there are, and tells them of each step; the test ends when the shape does."""

    def __init__(self) -> None:
        """Begin before the first step."""
        super().__init__()
        self._shape: Shape | None = None
        self._step: Step | None = None
        self._began = 0.0
        self._done: list[Done] = []
        self._timeline: list[dict[str, Any]] = []
        self._last = 0.0
        self._over = False
        self._nodes: set[str] = set()
        self._lost = 0

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users; called once a second."""
        if self._over:
            return None
        if self._shape is None:
            self._prepare()
        elif self._ready():
            self._look()
            if self._miss():
                self._cut()
            else:
                self._go_on()
            if self._over:
                self._write()
                return None
        return self._users(), float(max(1, self._users()))

    def _prepare(self) -> None:
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        self._options = options
        self._limits = Limits.parse(options.limits)
        self._shape = SHAPES[options.shape](options.rate, options.seconds)
        self._open = any(issubclass(cls, ArrivalUser) for cls in self.runner.environment.user_classes)
        self._runs = any(issubclass(cls, BatchUser) for cls in self.runner.environment.user_classes)
        self._target = Target(self.runner.environment.host or "", headers(options))
        self._step = next(self._shape)
        self._prepared = time.monotonic()
        self._out = _stream(options.figures)

    def _ready(self) -> bool:
        """Say whether the users of the first step are there; tells of the step when they are."""
        if self._began:
            return True
        assert self.runner is not None
        if self.runner.user_count < self._users():
            if time.monotonic() - self._prepared > self._options.patience:
                there = f"{self.runner.user_count} of {self._users()} users are there"
                raise SystemExit(f"{there} after {self._options.patience:g} s: see why the others ended")
            return False
        self._last = self._start = time.monotonic()
        self._nodes = set(self.runner.clients) if isinstance(self.runner, MasterRunner) else set()
        self._begin()
        return True

    def _miss(self) -> bool:
        """Look for processes that have ended, and say whether any has: what is left makes another load."""
        assert self.runner is not None
        children = bool(self._options.processes)
        for node in self._nodes:
            gone = node not in self.runner.clients  # it said so itself, or nothing for a minute
            if gone or (children and node in GATHERED.pids and not _lives(GATHERED.pids[node])):
                GATHERED.lose(node)
                self._lost += 1
        return self._lost > 0

    def _cut(self) -> None:
        """End the test within the present step."""
        assert self._step is not None
        seconds = max(0.1, min(self._step.seconds, time.monotonic() - self._began))
        self._done.append(Done(replace(self._step, seconds=seconds, settles=False), self._began, 0.0))
        self._over = True

    def _users(self) -> int:
        """Return how many users there are: one a process for arrivals, as many as the step says otherwise."""
        assert self._step is not None
        return self._processes() if self._open else max(1, round(self._step.rate))

    def _processes(self) -> int:
        return max(1, self.runner.worker_count) if isinstance(self.runner, MasterRunner) else 1

    def _begin(self) -> None:
        assert self.runner is not None
        step = self._step
        assert step is not None
        told = {"number": step.number, "rate": step.rate, "seconds": step.seconds, "sharing": self._users()}
        self._began = time.monotonic()
        self.runner.send_message("nimbus-step", told)

    def _go_on(self) -> None:
        """Begin the next step where the present one is over."""
        assert self._step is not None
        assert self._shape is not None
        now, step = time.monotonic(), self._step
        over = now - self._began - step.seconds
        if over < 0 or (step.settles and not self._settled(over)):
            return
        if step.settles:
            GATHERED.close(over)
        self._done.append(Done(step, self._began, over))
        try:
            self._step = self._shape.send(not self._figures(self._done[-1])["broken"])
        except StopIteration:
            self._over = True
            return
        self._begin()

    def _settled(self, over: float) -> bool:
        """Say whether all answers are in, and told of, or will not come in time."""
        patience = _SETTLE_RUNS if self._runs else self._options.timeout + _SETTLE
        return over > patience or (over > _TOLD and not GATHERED.in_flight)

    def _figures(self, done: Done) -> dict[str, Any]:
        step, seconds = done.step, self._seconds(done)
        shown = GATHERED.steps[step.number].shown(seconds)
        figures = {
            "number": step.number,
            "rate": round(step.rate, 3),
            "seconds": round(seconds, 3),
            "warm_up": step.warm_up,
            **shown,
            "settle_seconds": round(done.over, 1) if step.settles and self._open else None,
            **self._target.between(done.began, done.began + step.seconds),
        }
        figures["broken"] = self._limits.broken(figures, arrivals=self._open)
        return figures

    def _seconds(self, done: Done) -> float:
        """Return what rates are over: the step's length, and until the last of its runs ended."""
        last = GATHERED.steps[done.step.number].last
        return max(done.step.seconds, last - done.began) if self._runs else done.step.seconds

    def _look(self) -> None:
        """Note the second that is over."""
        assert self._step is not None
        now = time.monotonic()
        self._target.look()
        second = GATHERED.take_second()
        shown = second.shown(max(0.001, now - self._last))
        self._last = now
        sample = self._target.samples[-1].values if self._target.samples else {}
        line = {
            "second": round(now - self._start, 1),
            "step": self._step.number,
            "rate": round(self._step.rate, 2),
            **{name: shown[name] for name in ("request_rate", "documents_per_second", "p50", "p95", "p99", "failed")},
            "dropped": shown["dropped"],
            "in_flight": GATHERED.in_flight,
            "resident_bytes": sample.get("resident_bytes"),
            "cpu": self._target.between(now - 5, now)["cpu"],
        }
        self._timeline.append(line)
        if self._out is not None:
            self._out.write(json.dumps(line) + "\n")
            self._out.flush()

    def _write(self) -> None:
        assert self.runner is not None
        steps = [self._figures(done) for done in self._done]
        measured = [figures for figures in steps if not figures["warm_up"]]
        numbers = {figures["number"] for figures in measured}
        total = StepFigures()
        for number in numbers:
            total.merge(GATHERED.steps[number])
        seconds = sum(figures["seconds"] for figures in measured) or 1.0
        memory = [line["resident_bytes"] for line in self._timeline if line["resident_bytes"]]
        result = {
            "schema_version": SCHEMA,
            "shape": self._options.shape,
            "users": [cls.__name__ for cls in self.runner.environment.user_classes],
            "limits": dict(self._limits.values),
            "payload": _payload(self._options),
            "processes": len(self._nodes) or 1,
            "lost_processes": self._lost,
            "target": {
                "url": None if self._runs else self.runner.environment.host,
                "cpus": self._target.cpus(),
                "workers": self._target.workers(),
                "degraded": self._target.degraded(),
                **self._target.about,
                "peak_resident_bytes": max(memory, default=None),
            },
            "overall": {"seconds": round(seconds, 1), **total.shown(seconds)},
            "steps": steps,
            "timeline": self._timeline,
        }
        if self._options.result:
            Path(self._options.result).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _lives(pid: int) -> bool:
    """Say whether a process has not ended; one that nobody has asked for its exit code has."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _payload(options: Any) -> dict[str, Any]:  # noqa: ANN401 - locust's parsed options
    own = bool(options.payloads)
    lengths = {} if own else {"words_median": options.words, "words_spread": options.spread}
    return {"texts": options.texts, "own": own, **lengths}


def _stream(name: str) -> Any:  # noqa: ANN401 - a text stream, or none
    if not name:
        return None
    return sys.stdout if name == "-" else Path(name).open("a", encoding="utf-8")
