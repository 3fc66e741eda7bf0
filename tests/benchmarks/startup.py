"""From the start of the process to the first committed shard, and what a worker's memory comes to.

    python -m tests.benchmarks.startup BUNDLE [--rounds 7] [--count 200]

Time: one worker, three short documents. Memory: one worker, `--count` documents of mixed lengths.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from . import texts


def main() -> None:
    """Measure one bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    seconds = [_run(arguments.bundle, texts.short(3))[0] for _ in range(arguments.rounds + 1)][1:]
    peak = _run(arguments.bundle, texts.mixed(arguments.count))[1]
    print(
        f"start to first committed shard  {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
    )
    print(f"largest resident memory         {peak:.0f} MB, one worker, {arguments.count} documents of mixed lengths")


def _run(bundle: str, documents: list[str]) -> tuple[float, float]:
    """Return the seconds until the first commit record, and a worker's peak in MB."""
    with tempfile.TemporaryDirectory() as folder:
        source, root = Path(folder, "texts.jsonl"), Path(folder, "out")
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in documents), "utf-8")
        command = [sys.executable, "-m", "nimbus.cli.main", "run", str(source), "--bundle", bundle]
        started, first, peak = time.monotonic(), 0.0, 0.0
        run = subprocess.Popen(
            [*command, "--output", str(root), "--workers", "1", "--quiet"], stderr=subprocess.DEVNULL
        )
        process = psutil.Process(run.pid)
        while run.poll() is None:
            if not first and any(root.glob("runs/*/commits/*/*.json")):
                first = time.monotonic() - started
            try:
                peak = max(peak, *(child.memory_info().rss for child in process.children(recursive=True)), 0.0)
            except psutil.NoSuchProcess:
                continue
            time.sleep(0.01)
        return first or time.monotonic() - started, peak / 2**20


if __name__ == "__main__":
    main()
