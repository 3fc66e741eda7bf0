"""Runs tasks of the built image as Fargate does: hardened, with limits, over a root in a folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nimbus_runtime.bundle import read_manifest
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Job, OutputFormat, Release
from nimbus_runtime.store import DirectoryStore
from tests.faults import bundles

HARDENED = (
    *("--read-only", "--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
    *("--cpus=1", "--memory=1g", "--memory-swap=1g", "--pids-limit=64"),
)
RELEASE, RUN = "support-1", "20261122T020000Z"
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Container:
    """An image, the bundle that its tasks open, and the folder that stands for the store."""

    image: str
    bundle: bundles.Built
    folder: Path

    @property
    def store(self) -> DirectoryStore:
        """Return the root as this machine sees it."""
        return DirectoryStore(self.folder / "root")

    def deploy(self, *inputs: Sequence[dict[str, object]], output: OutputFormat = OutputFormat.PARQUET) -> None:
        """Write inputs, a file each, and a release that reads them; let everybody write to the root."""
        for name in ("root", "inputs"):
            (self.folder / name).mkdir(parents=True)
        for number, records in enumerate(inputs):
            lines = "".join(json.dumps(record) + "\n" for record in records)
            (self.folder / "inputs" / f"{number}.jsonl").write_text(lines, encoding="utf-8")
        job = Job(("/data/inputs",), Fields(id="id"), None, output, 0.5)
        digest = read_manifest(self.bundle.path)[1]
        release = Release(RELEASE, digest, "en_pipeline", "0.0.0", "arn:task:1", job)
        self.store.create(paths.release(RELEASE), codec.encode(release))
        for path in [self.folder, *self.folder.rglob("*")]:
            path.chmod(0o777 if path.is_dir() else 0o644)

    def command(self, verb: str, *options: str, **settings: str) -> list[str]:
        """Return the command that runs a task, without a network unless the options name one."""
        environment = {
            "NIMBUS_ROOT": "/data/root",
            "NIMBUS_EXECUTION": "arn:aws:states:eu:1:execution:support:first",
            "NIMBUS_KIND": "scheduled",
            "NIMBUS_RELEASE": RELEASE,
            "NIMBUS_SCHEDULED_TIME": "2026-11-22T02:00:00Z",
            **settings,
        }
        mounts = [f"{self.folder}:/data", f"{self.bundle.path}:/bundle:ro"]
        if self.bundle.package is not None:
            mounts.append(f"{self.bundle.package}:/component:ro")
            environment["PYTHONPATH"] = "/opt/nimbus/runtime:/opt/nimbus/packages:/component"
        network = () if any(option.startswith("--network") for option in options) else ("--network=none",)
        return [
            *("podman", "run", "--rm", *HARDENED, *network, *options),
            *(f"--volume={mount}" for mount in mounts),
            *(f"--env={name}={value}" for name, value in environment.items()),
            *(self.image, verb),
        ]

    def run(self, verb: str, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a task to its end."""
        command = self.command(verb, *options, **settings)
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=_PATIENCE)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return what a task logged."""
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
