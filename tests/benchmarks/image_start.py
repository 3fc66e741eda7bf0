"""From `podman run` to the first committed part, in a container of one CPU and 1 GB, and what Python alone takes of it.

    python -m tests.benchmarks.image_start BUNDLE BASE_IMAGE [--rounds 7]

BUNDLE's image must have been built (`nimbus image build`). The task plans, scores three short documents and commits;
rounds are interleaved with containers of the base image that start Python and end.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from nimbus import assembly
from tests.faults.bundles import Built
from tests.image.containers import Container

from . import texts


def main() -> None:
    """Measure one image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("base_image")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    record = assembly.image(arguments.bundle)
    starts, firsts, ends = [], [], []
    for number in range(arguments.rounds + 1):
        bare = _bare(arguments.base_image)
        first, whole = _task(record.tag, arguments.bundle)
        if number:  # the first warms the disk's cache
            starts, firsts, ends = [*starts, bare], [*firsts, first], [*ends, whole]
    _print("a container that starts Python and ends", starts)
    _print("start to first committed part", firsts)
    _print("start to published dataset, and the end", ends)


def _bare(image: str) -> float:
    started = time.monotonic()
    command = ["podman", "run", "--rm", "--network=none", "--cpus=1", "--memory=1g", image, "python3", "-c", "pass"]
    subprocess.run(command, check=True)
    return time.monotonic() - started


def _task(image: str, bundle: Path) -> tuple[float, float]:
    """Return the seconds until the first commit record, and until the container has ended."""
    with tempfile.TemporaryDirectory() as folder:
        container = Container(image, Built(bundle, bundle), Path(folder, "data"))
        container.deploy([{"id": str(number), "text": text} for number, text in enumerate(texts.short(3))])
        Path(folder).chmod(0o755)
        started, first = time.monotonic(), 0.0
        process = subprocess.Popen(container.command("plan"), stdout=subprocess.DEVNULL)
        while process.poll() is None:
            if not first and any((container.folder / "root").glob("runs/*/commits/*/*.json")):
                first = time.monotonic() - started
            time.sleep(0.01)
        return first, time.monotonic() - started


def _print(what: str, seconds: Sequence[float]) -> None:
    print(f"{what:<42}{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


if __name__ == "__main__":
    main()
