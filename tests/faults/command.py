"""Runs the real command line in processes of its own, and reads what it left behind."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.fixtures.search_path import on_path

from . import bundles

_PATIENCE = 240.0
_NIMBUS = ("nimbus.cli.main",)
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Return the object that --json wrote."""
        value: dict[str, Any] = json.loads(self.out)
        return value


Argument = str | os.PathLike[str]


def start(*arguments: Argument, bundle: bundles.Built | None = None, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401
    """Start `nimbus` as the leader of a process group."""
    environment = {**os.environ, **options.pop("environment", {})}
    environment.pop("CI", None)
    if bundle is not None:
        arguments = (*arguments, "--bundle", bundle.path)
        if bundle.package is not None:
            environment["PYTHONPATH"] = on_path(bundle.package)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    command = [sys.executable, "-m", *options.pop("program", _NIMBUS), *map(os.fspath, arguments)]
    return subprocess.Popen(command, text=True, env=environment, start_new_session=True, **{**pipes, **options})


def ended(process: subprocess.Popen[str], given: str | None = None) -> Ended:
    """Wait for a command's end."""
    try:
        out, err = process.communicate(given, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise
    return Ended(process.returncode, out, err)


def doomed(allowed: Path, *arguments: Argument, **options: Any) -> Ended:  # noqa: ANN401
    """Run `nimbus` until it is killed before a change that it is not allowed, which is added to that file, or ends."""
    process = start(
        *arguments,
        program=("tests.faults.doomed", str(allowed)),
        environment={"PYTHONPATH": on_path(Path(__file__).parents[2])},
        **options,
    )
    done = ended(process)
    wait_until(lambda: group_is_empty(process), "nothing of it lives on")
    return done


def nimbus(*arguments: Argument, bundle: bundles.Built | None = None, **options: Any) -> Ended:  # noqa: ANN401
    """Run `nimbus` to its end."""
    given = options.pop("given", None)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    return ended(start(*arguments, bundle=bundle, **options), given)


def run(*inputs: Argument, root: Path, bundle: bundles.Built | None = None, **options: Any) -> Ended:  # noqa: ANN401
    """Run `nimbus run` with one worker, for its JSON."""
    return nimbus("run", *inputs, "--output", root, "--workers", "1", "--json", bundle=bundle, **options)


def obey_permissions() -> None:
    """Give up, in a new process, the privilege by which root reads and writes what it may not."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill -9 a command and all that it started."""
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        return


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return a command's worker processes."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def group_is_empty(process: subprocess.Popen[str]) -> bool:
    """Say whether nothing lives on in a command's process group."""
    members = [p for p in psutil.process_iter(["pid"]) if _group(p.pid) == process.pid]
    return not [p for p in members if _alive(p)]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], words: str, seconds: float = _PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {words}"
        time.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds documents with the word "holdzz" in the foreign component until it is opened."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what a command needs to know of the gate."""
        return {"NIMBUS_TEST_GATE": str(self.path)}

    def reached(self) -> bool:
        """Say whether a document waits at the gate."""
        return self.path.with_suffix(".reached").exists()

    def open(self) -> None:
        """Let every document pass, for good."""
        self.path.unlink(missing_ok=True)


@contextmanager
def held(folder: Path, *arguments: Argument, bundle: bundles.Built) -> Iterator[tuple[subprocess.Popen[str], Gate]]:
    """Start a command and return it when one of its documents waits at a gate; leave nothing of it behind."""
    gate = Gate(folder / "gate")
    gate.path.touch()
    gate.path.with_suffix(".reached").unlink(missing_ok=True)
    process = start(*arguments, bundle=bundle, environment=gate.environment)
    try:
        wait_until(lambda: gate.reached() or process.poll() is not None, "a document waits at the gate")
        assert process.poll() is None, process.communicate()
        yield process, gate
    finally:
        kill_group(process)
        process.wait()
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream is not None:
                stream.close()


def record(path: Path) -> dict[str, Any]:
    """Return a record as plain JSON."""
    value: dict[str, Any] = json.loads(path.read_bytes())
    return value


def names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; none where it does not exist."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def live(root: Path) -> dict[str, Any] | None:
    """Return the present state, None before the first."""
    place = root / "live.json"
    return record(place) if place.exists() else None


def content(root: Path, run: str) -> dict[str, Any]:
    """Return what must be the same however often a run was killed: files in the plan's order, and counts."""
    whole = record(root / "runs" / run / "run.json")
    return {key: whole[key] for key in ("rows", "features", "quarantine", "counts", "duplicates", "bundle_digest")}


def check_root(root: Path) -> None:
    """Assert that every finished run of a root is whole, and that live.json and the ledger are consistent."""
    for run in names(root / "runs"):
        if (root / "runs" / run / "run.json").exists():
            check_run(root, run)
    state = live(root)
    before = names(root / "ledger")
    if state is None:
        assert before == []
        return
    expected = [f"{number:08d}.json" for number in range(1, state["sequence"])]
    # The present state may be in the ledger already, where its change was begun and not done.
    assert before in (expected, [*expected, f"{state['sequence']:08d}.json"])
    for number, name in enumerate(before, 1):
        assert record(root / "ledger" / name)["sequence"] == number
    assert (root / "runs" / str(state["dataset"]) / "run.json").exists()


def check_run(root: Path, run: str) -> None:
    """Assert that a run lists exactly what its commits say, once each, and that the files are what their names say."""
    folder = root / "runs" / run
    whole, plan = record(folder / "run.json"), record(folder / "plan.json")
    commits = [record(path) for path in sorted((folder / "commits" / plan["release"]).iterdir())]
    assert [commit["shard"] for commit in commits] == list(range(len(plan["shards"])))
    assert whole["rows"] == [commit["rows"] for commit in commits]
    assert whole["features"] == [commit["features"] for commit in commits]
    assert whole["quarantine"] == [commit["quarantine"] for commit in commits if commit["quarantine"]]
    for file in [*whole["rows"], *whole["features"], *whole["quarantine"]]:
        data = (folder / "data" / file["file"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["file"].partition(".")[0], file["size"])
