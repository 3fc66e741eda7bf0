"""Whether memory stays flat: one run over many short documents, its processes watched from outside.

    python -m tests.benchmarks.memory BUNDLE [--documents 1000000] [--workers 2]

Prints, for each tenth of the run, the largest resident memory of a worker and of the supervisor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from . import texts


def main() -> None:
    """Watch one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, root = Path(folder, "texts.jsonl"), Path(folder, "out")
        _write(source, arguments.documents)
        command = [sys.executable, "-m", "nimbus.cli.main", "run", str(source), "--bundle", arguments.bundle]
        command += ["--output", str(root), "--workers", str(arguments.workers), "--json"]
        started = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            samples = _watch(run, root)
            assert run.stdout is not None
            result = json.loads(run.stdout.read())
        print(f"{result['scored']:,} documents in {time.monotonic() - started:.0f} s, {result['shards']} shards")
        last = max(done for done, _, _ in samples) or 1
        for tenth in range(10):
            chosen = [(w, s) for done, w, s in samples if tenth / 10 <= done / last < (tenth + 1) / 10 or done == last]
            worker, supervisor = max(w for w, _ in chosen), max(s for _, s in chosen)
            print(f"  {10 * (tenth + 1):3} %   worker {worker:6.1f} MB   supervisor {supervisor:6.1f} MB")


def _write(source: Path, documents: int) -> None:
    """Write the texts, each made new by a number: what is seen once must not be kept."""
    some = [" ".join(text.split()[:7]) for text in texts.short(2000)]
    with source.open("w", encoding="utf-8") as file:
        for number in range(documents):
            file.write(json.dumps({"text": f"{some[number % len(some)]} case{number}"}) + "\n")


def _watch(run: subprocess.Popen[str], root: Path) -> list[tuple[int, float, float]]:
    """Return (shards done, largest worker, supervisor) in MB, twice a second."""
    process = psutil.Process(run.pid)
    samples = []
    while run.poll() is None:
        try:
            workers = [child.memory_info().rss for child in process.children(recursive=True)]
            done = sum(1 for _ in root.glob("runs/*/commits/*/*.json"))
            samples.append((done, max(workers, default=0) / 2**20, process.memory_info().rss / 2**20))
        except psutil.NoSuchProcess:
            break
        time.sleep(0.5)
    return samples


if __name__ == "__main__":
    main()
