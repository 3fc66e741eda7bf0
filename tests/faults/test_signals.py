"""A run that is asked to stop says so, leaves no process behind, and goes on later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from . import bundles, command, texts


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Return two inputs, so two shards, of which the second waits at a gate."""
    texts.write(tmp_path / "in" / "a.jsonl", [{"text": texts.SCORED}] * 3)
    texts.write(tmp_path / "in" / "b.jsonl", [{"text": "holdzz"}])
    return tmp_path / "in"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_goes_on_where_it_was(
    foreign: bundles.Built, root: Path, tmp_path: Path, given: Path, number: signal.Signals, code: int
) -> None:
    """The exit code is the signal's, the words say how to go on, and finished shards are not scored again."""
    command_line = ("run", given, "-o", root, "--workers", "1")
    with command.held(tmp_path, *command_line, bundle=foreign) as (process, gate):
        process.send_signal(number)
        stopped = command.ended(process)
        assert command.group_is_empty(process)
    assert stopped.code == code
    assert f"Error: stopped by {number.name}" in stopped.err
    assert "--resume" in stopped.err
    assert "Traceback" not in stopped.err
    (run,) = command.names(root / "runs")
    assert command.record(root / "runs" / run / "attempts" / "0001.json")["ending"] == "cancelled"
    gate.open()
    done = command.nimbus(*command_line, "--resume", bundle=foreign, environment=gate.environment)
    assert done.code == 0, done.err
    assert "2 shards, 1 of them done before" in done.err
    assert command.record(root / "runs" / run / "run.json")["counts"]["scored"] == 4


def test_an_interrupt_reaches_the_supervisor_alone(
    foreign: bundles.Built, root: Path, tmp_path: Path, given: Path
) -> None:
    """Ctrl-C goes to the whole process group; workers that are still starting say nothing of it."""
    gate = command.Gate(tmp_path / "gate")
    gate.path.touch()
    process = command.start("run", given, "-o", root, "--workers", "2", bundle=foreign, environment=gate.environment)
    command.wait_until((root / "runs").exists, "the run is planned")
    os.killpg(process.pid, signal.SIGINT)
    stopped = command.ended(process)
    assert stopped.code == 130
    assert "Traceback" not in stopped.err
    assert "KeyboardInterrupt" not in stopped.err


def test_workers_end_with_their_supervisor(foreign: bundles.Built, root: Path, tmp_path: Path, given: Path) -> None:
    """A supervisor that is killed leaves no worker behind, not even one that is busy."""
    with command.held(tmp_path, "run", given, "-o", root, "--workers", "2", bundle=foreign) as (process, _):
        workers = command.workers(process)
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(workers, timeout=240)
        assert [worker for worker in alive if worker.status() != psutil.STATUS_ZOMBIE] == []


_STOPPED_AS_IT_STARTS = """
import os, pathlib, signal, sys
import psutil
from nimbus_runtime.contract.errors import RunTerminatedError
from nimbus_runtime.interrupts import interruptible
from nimbus_runtime.supervisor import Supervisor

close = os.close
def stop(descriptor):
    os.close = close
    close(descriptor)
    os.kill(os.getpid(), signal.SIGTERM)

with interruptible("start again"):
    os.close = stop  # the first that Popen closes, with the process forked and nothing known of it
    try:
        Supervisor(pathlib.Path(sys.argv[1]), 2)
    except RunTerminatedError:
        print([child.pid for child in psutil.Process().children()])
"""


def test_a_worker_that_is_just_being_started_is_ended_too(foreign: bundles.Built) -> None:
    """SIGTERM between the start of a process and its being known leaves it no second longer than the others."""
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED_AS_IT_STARTS, str(foreign.path)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_a_run_can_be_stopped_at_any_time(foreign: bundles.Built, root: Path, tmp_path: Path, given: Path) -> None:
    """From the first moment on, a stopped command leaves nothing running and prints no traceback."""
    gate = command.Gate(tmp_path / "gate")
    gate.path.touch()  # so that no run ends by itself, however fast the machine
    for delay in (0.1, 0.35, 0.7):
        process = command.start("run", given, "-o", root, bundle=foreign, environment=gate.environment)
        time.sleep(delay)
        process.terminate()
        stopped = command.ended(process)
        assert stopped.code in (143, -signal.SIGTERM)
        assert "Traceback" not in stopped.err
        assert command.group_is_empty(process)
