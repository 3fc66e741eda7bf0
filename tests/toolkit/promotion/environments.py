"""A project with a local environment, in which a release is live and has published a run."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.faults import command
from tests.fixtures import canaries

from nimbus.runs.progress import Tracker
from nimbus.runs.submit import Request, submit
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Job, Live, OutputFormat, Run
from nimbus_runtime.planner import Order
from nimbus_runtime.store import DirectoryStore

_FILE = """
schema_version = 1

[pipeline]
name = "support"
source = "somewhere"

[input]
paths = ["inputs"]
id_field = "id"

[environments.local]
root = "root"
"""


@dataclass(frozen=True, slots=True)
class Local:
    """A project's folder."""

    folder: Path

    @property
    def store(self) -> DirectoryStore:
        """Return the root of its local environment."""
        return DirectoryStore(self.folder / "root")

    @property
    def inputs(self) -> Path:
        """Return the folder of its inputs."""
        return self.folder / "inputs"

    def nimbus(self, verb: str, *arguments: command.Argument) -> command.Ended:
        """Run a verb in it."""
        return command.nimbus(verb, *arguments, "--config", self.folder / "nimbus.toml")

    def start(self, verb: str, *arguments: command.Argument) -> subprocess.Popen[str]:
        """Start a verb in it."""
        return command.start(verb, *arguments, "--config", self.folder / "nimbus.toml")

    def set(self, text: str) -> None:
        """Add to the file."""
        with (self.folder / "nimbus.toml").open("a", encoding="utf-8") as file:
            file.write(text)


def deployed(folder: Path, bundle: Path, inputs: Path) -> Local:
    """Make a bundle live as "v1", to be run over the inputs."""
    project = Local(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nimbus.toml").write_text(_FILE, encoding="utf-8")
    job = Job((str(inputs),), canaries.FIELDS, None, OutputFormat.JSONL, 0.5)
    canaries.register(project.store, "v1", bundle, job=job)
    project.store.create(paths.LIVE, codec.encode(Live(1, live.entry("promote", "ana"), "v1")))
    return project


def begin(
    folder: Path, bundle: Path, texts: Path, output_format: OutputFormat = OutputFormat.PARQUET
) -> tuple[Local, Run]:
    """Make a bundle live as "v1", let it score the texts, and publish."""
    project = Local(folder)
    project.inputs.mkdir(parents=True)
    (project.inputs / "texts.jsonl").write_bytes(texts.read_bytes())
    (folder / "nimbus.toml").write_text(_FILE, encoding="utf-8")
    job = Job((str(project.inputs),), canaries.FIELDS, None, output_format, 0.5)
    canaries.register(project.store, "v1", bundle, job=job)
    project.store.create(paths.LIVE, codec.encode(Live(1, live.entry("promote", "ana"), "v1")))
    return project, run(project, bundle, output_format)


def run(project: Local, bundle: Path, output_format: OutputFormat = OutputFormat.PARQUET) -> Run:
    """Run what is live."""
    order = Order(canaries.FIELDS, None, output_format, 0.5, release="v1")
    request = Request(project.store.root, (str(project.inputs),), bundle, order, workers=1)
    return submit(request, Tracker()).run
