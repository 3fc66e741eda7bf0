"""An environment under test: its nimbus.toml, and the real command line against it."""

from __future__ import annotations

import json
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nimbus.config import load
from nimbus_runtime import live
from nimbus_runtime.bundle import verify
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Entry, Live, Release
from nimbus_runtime.store import DirectoryStore, Store
from tests.faults import command
from tests.faults.bundles import Built
from tests.fixtures.search_path import on_path

RELEASE = "en_support-1"
TEXTS = ["Anna wrote from Berlin.", "The invoice is wrong.", "Please call me back on Monday."]


@dataclass(slots=True)
class Environment(ABC):
    """One environment of a project in `folder`. `gate` holds documents with the word "holdzz"."""

    folder: Path
    bundle: Built
    gate: command.Gate = field(init=False)

    def __post_init__(self) -> None:
        """Leave the gate open."""
        self.gate = command.Gate(self.folder / "gate")

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the environment's name."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """Return the pipeline's root."""

    @abstractmethod
    def write_inputs(self, texts: list[str]) -> None:
        """Write the documents that runs read, each a file and a shard of its own."""

    @abstractmethod
    def release(self) -> Release:
        """Return the release to deploy."""

    def deploy(self) -> None:
        """Register the release and make it live: what deploying comes to."""
        self.store.create(paths.release(RELEASE), codec.encode(self.release()))
        entry = live.entry("deploy", "somebody")
        live.decide(self.store, None, entry, lambda _: Live(0, Entry("", "", "", "", ""), RELEASE))

    def start(self, verb: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a verb in this environment."""
        package = {} if self.bundle.package is None else {"PYTHONPATH": on_path(self.bundle.package)}
        given = ("--env", self.name, "--config", str(self.folder))
        return command.start(*verb.split(), *arguments, *given, environment={**self.gate.environment, **package})

    def nimbus(self, verb: str, *arguments: str) -> command.Ended:
        """Run a verb in this environment to its end."""
        return command.ended(self.start(verb, *arguments))

    def json(self, verb: str, *arguments: str) -> dict[str, Any]:
        """Run a verb that must be done, and return what its --json says."""
        done = self.nimbus(verb, *arguments, "--json")
        assert done.code == 0, done.err + done.out
        return done.json

    def run(self, *arguments: str) -> dict[str, Any]:
        """Start a run, wait for its end, and return what was said of it."""
        done = self.nimbus("run", *arguments, "--wait", "--json", "--quiet")
        assert done.code in (0, 3), done.err
        return done.json

    def latest(self) -> dict[str, Any]:
        """Return how the latest run is; an empty object before the first."""
        runs: list[dict[str, Any]] = self.json("runs")["runs"]
        return runs[0] if runs else {}


@dataclass(slots=True)
class Local(Environment):
    """A folder and processes."""

    @property
    def name(self) -> str:
        """Return the environment's name."""
        return "local"

    @property
    def store(self) -> Store:
        """Return the pipeline's root."""
        return DirectoryStore(self.folder / ".nimbus" / "local")

    def write_inputs(self, texts: list[str]) -> None:
        """Write files beside nimbus.toml."""
        for name, line in lines(texts).items():
            (self.folder / "inputs").mkdir(exist_ok=True)
            (self.folder / "inputs" / name).write_text(line, encoding="utf-8")

    def release(self) -> Release:
        """Return a release with its bundle on this machine."""
        job = load(self.folder, self.name, variables={}).job()
        digest = verify(self.bundle.path).digest
        return Release(RELEASE, digest, "en_support", "1.0.0", job=job, bundle=str(self.bundle.path))


def lines(texts: list[str]) -> dict[str, str]:
    """Return texts as JSON lines, each by the name of a file of its own."""
    return {f"{number:02d}.jsonl": json.dumps({"id": str(number), "text": t}) + "\n" for number, t in enumerate(texts)}
