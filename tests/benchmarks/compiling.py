"""Seconds and memory of `nimbus compile` and `nimbus inspect`, the start of the process included.

    python -m tests.benchmarks.compiling PIPELINE|base|large|pieces... [--rounds 3] [--python PYTHON]

base is a random BERT-base, large one of XLM-R large's sizes (2.24 GB), pieces one of 250,002 pieces.
Memory is the largest that was resident; "own" leaves out pages of files, which the machine takes back when it wants.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.toolkit.compile import large

SHAPES = {"base": large.BERT_BASE, "large": large.XLM_R_LARGE, "pieces": large.MANY_PIECES}


def main() -> None:
    """Measure each pipeline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipelines", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    for named in arguments.pipelines:
        with tempfile.TemporaryDirectory() as folder:
            pipeline = large.save(Path(folder, "pipeline"), SHAPES[named]) if named in SHAPES else Path(named)
            command = [arguments.python, "-m", "nimbus.cli.main"]
            compiling = [*command, "compile", str(pipeline), "--output", str(Path(folder, "bundle")), "--replace"]
            _report(f"{named}: compile", compiling, arguments.rounds)
            _report(f"{named}: inspect", [*command, "inspect", str(pipeline)], arguments.rounds)
            _report(f"{named}: verify", [*command, "verify", str(Path(folder, "bundle"))], arguments.rounds)


def _report(what: str, command: list[str], rounds: int) -> None:
    measured = [_measured(command) for _ in range(rounds)]
    seconds, resident, own = (list(column) for column in zip(*measured, strict=True))
    print(
        f"{what:<24}{statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
        f"{max(resident) / 1e6:8.0f} MB resident{max(own) / 1e6:8.0f} MB own",
        flush=True,
    )


def _measured(command: list[str]) -> tuple[float, int, int]:
    """Return a process's seconds, and the most bytes that were resident, with and without pages of files."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watched, resident, own = psutil.Process(process.pid), 0, 0
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            memory = watched.memory_info()
            resident, own = max(resident, memory.rss), max(own, memory.rss - memory.shared)
        time.sleep(0.005)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, resident, own


if __name__ == "__main__":
    main()
