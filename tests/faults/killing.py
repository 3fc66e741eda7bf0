"""Kills runs with SIGKILL again and again, resumes them, and compares what they publish with an undisturbed run.

A kill strikes after a random time, or a random moment after a record has appeared: the second finds the
milliseconds between two records far more often than chance would.
"""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from nimbus_runtime import published

from . import bundles, command


class Target(StrEnum):
    """What is killed."""

    TREE = "tree"  # the supervisor and its workers at once
    SUPERVISOR = "supervisor"
    WORKER = "worker"


class Moment(StrEnum):
    """Where a kill struck, as far as the records tell."""

    BEFORE_PLAN = "before plan"  # not even the folder of the run exists
    PLANNING = "planning"  # the folder exists, the plan does not
    SCORING = "scoring"
    OUTPUT_WITHOUT_RECORD = "scoring, output without a commit record"
    COMMITTING = "committing"  # every shard is committed, run.json is not written
    PUBLISHING = "publishing"  # run.json is written, live.json names another run
    PUBLISHED = "published"


@dataclass(slots=True)
class Summary:
    """What a campaign came to."""

    targets: Counter[Target] = field(default_factory=Counter)
    moments: Counter[Moment] = field(default_factory=Counter)
    resumes: int = 0
    runs: int = 0
    different: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Return how many there were."""
        return sum(self.targets.values())

    def __str__(self) -> str:
        """Return it as one line."""
        hit = ", ".join(f"{moment} {self.moments[moment]}" for moment in Moment)
        targets = ", ".join(f"{target} {self.targets[target]}" for target in Target)
        equal = "all equal" if not self.different else f"DIFFERENT: {', '.join(self.different)}"
        return f"{self.kills} kills ({targets}); hit: {hit}; {self.resumes} resumes; {self.runs} runs, {equal}"


class Campaign:
    """Runs the same bundle over the same input in one root, killed and resumed."""

    def __init__(self, bundle: bundles.Built, inputs: Path, folder: Path, seed: int) -> None:
        """Make the undisturbed run that all others must equal."""
        self._bundle = bundle
        self._inputs = inputs
        self._root = folder / "killed"
        self._random = random.Random(seed)
        self.summary = Summary()
        calm = folder / "calm"
        started = time.monotonic()
        done = command.nimbus("run", inputs, "-o", calm, "--id-field", "id", "-q", "--json", bundle=bundle)
        self.seconds = time.monotonic() - started
        assert done.code == 0, done.err
        command.check_root(calm)
        self._expected = command.content(calm, done.json["run"])
        self._shards = done.json["shards"]

    def kill(self, times: int, seconds: float = math.inf) -> Summary:
        """Run until so many kills have struck, or so much time is over, and the last run is published."""
        deadline = time.monotonic() + seconds
        while self.summary.kills < times and time.monotonic() < deadline:
            self._one_run(times)
        return self.summary

    def _one_run(self, times: int) -> None:
        known = set(command.names(self._root / "runs"))
        code: int | None = None
        while code != 0:
            struck = code is not None
            code = self._attempt(known, resume=struck, times=times)
            command.check_root(self._root)
            self._check_readers()
            known |= {run for run in self._new(known) if not self._planned(run)}  # killed before it had a plan
            if self._published(known):
                break
            assert code in (0, -signal.SIGKILL), f"exit code {code}"
        (run,) = set(command.names(self._root / "runs")) - known
        self.summary.runs += 1
        state = command.live(self._root) or {}
        same = command.content(self._root, run) == self._expected
        if not same or state.get("dataset") != run or state.get("sequence") != self.summary.runs:
            self.summary.different.append(run)

    def _attempt(self, known: set[str], *, resume: bool, times: int) -> int:
        """Run or resume once, with up to two kills; return the exit code."""
        begun = any(map(self._planned, self._new(known)))
        options = ["--resume"] if resume and begun else []
        self.summary.resumes += bool(options)
        process = command.start(
            "run", self._inputs, "-o", self._root, "--id-field", "id", "-q", *options, bundle=self._bundle,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        strikes = [Target.WORKER] if self._random.random() < 0.3 else []
        if not strikes or self._random.random() < 0.5:
            strikes.append(self._random.choice([Target.TREE, Target.TREE, Target.SUPERVISOR]))
        for target in strikes:
            if self.summary.kills < times:
                self._strike(process, target, known)
        ending = command.ended(process)
        assert ending.code in (0, -signal.SIGKILL), ending.err
        assert "Traceback" not in ending.err
        return ending.code

    def _strike(self, process: subprocess.Popen[str], target: Target, known: set[str]) -> None:
        self._wait(process, target, known)
        if process.poll() is not None:
            return
        moment = self._moment(known)
        if target is Target.WORKER:
            victims = command.workers(process)
            if not victims:
                return
            self._random.choice(victims).kill()
        elif target is Target.SUPERVISOR:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        self.summary.targets[target] += 1
        self.summary.moments[moment] += 1

    def _wait(self, process: subprocess.Popen[str], target: Target, known: set[str]) -> None:
        """Wait for the moment to strike; no longer than the process lives."""
        after: Callable[[], object]
        choice = self._random.random() if target is not Target.WORKER else 0.0
        if choice < 0.4:  # a quarter of these while the command starts, plans or takes over
            longest = min(1.0, self.seconds) if self._random.random() < 0.25 else self.seconds
            deadline = time.monotonic() + self._random.uniform(0, longest)
            after, jitter = (lambda: time.monotonic() >= deadline), 0.0
        elif choice < 0.5:
            after, jitter = (lambda: self._new(known)), 0.02
        elif choice < 0.65:
            wanted = min(self._commits(known) + self._random.randint(1, 4), self._shards)
            after, jitter = (lambda: self._commits(known) >= wanted), 0.1
        elif choice < 0.85:
            after, jitter = (lambda: self._commits(known) >= self._shards), 0.05
        else:
            after, jitter = (lambda: self._exists(known, "run.json")), 0.005
        while process.poll() is None and not after():
            time.sleep(0.0005)
        time.sleep(self._random.uniform(0, jitter))

    def _planned(self, run: str) -> bool:
        return (self._root / "runs" / run / "plan.json").exists()

    def _new(self, known: set[str]) -> list[str]:
        return [name for name in command.names(self._root / "runs") if name not in known]

    def _exists(self, known: set[str], name: str) -> bool:
        return any((self._root / "runs" / run / name).exists() for run in self._new(known))

    def _commits(self, known: set[str]) -> int:
        return sum(
            len(list(release.iterdir()))
            for run in self._new(known)
            for release in (self._root / "runs" / run / "commits").glob("*")
        )

    def _published(self, known: set[str]) -> bool:
        state = command.live(self._root)
        return state is not None and state["dataset"] not in known

    def _moment(self, known: set[str]) -> Moment:
        if not self._new(known):
            return Moment.BEFORE_PLAN
        if not self._exists(known, "plan.json"):
            return Moment.PLANNING
        if self._published(known):
            return Moment.PUBLISHED
        if self._exists(known, "run.json"):
            return Moment.PUBLISHING
        if self._commits(known) == self._shards:
            return Moment.COMMITTING
        return Moment.OUTPUT_WITHOUT_RECORD if self._orphans(known) else Moment.SCORING

    def _orphans(self, known: set[str]) -> bool:
        (run,) = self._new(known)
        folder = self._root / "runs" / run
        with suppress(FileNotFoundError):
            records = list((folder / "commits").glob("*/*.json"))
            named = {
                file["file"]
                for commit in map(command.record, records)
                for file in (commit["rows"], commit["features"], commit["quarantine"])
                if file
            }
            return bool(set(command.names(folder / "data")) - named)
        return False

    def _check_readers(self) -> None:
        """Assert that a reader finds one whole dataset, or none before the first."""
        if command.live(self._root) is not None:
            files = published.dataset(self._root)
            assert [Path(file).name for file in files] == [file["file"] for file in self._expected["rows"]]
