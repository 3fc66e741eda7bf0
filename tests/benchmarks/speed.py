"""Bundle against original, `nlp.pipe` against `nlp.pipe`, one thread each, interleaved in one run.

    python -m tests.benchmarks.speed --original PIPELINE --bundle BUNDLE [--rounds 7] [--count 150]

Prints documents a second and the ratio to the bundle, round by round against the same round's
neighbour, as median (min to max). CPU time is what is compared: on a shared machine it is the
steadier figure; wall time is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field


@dataclass
class Contestant:
    """A way to score, and its figures round by round."""

    name: str
    process: subprocess.Popen[str]
    batch_size: int = 0
    order: str = "plain"
    rounds: list[dict[str, float]] = field(default_factory=list)

    def score(self, kind: str, count: int) -> dict[str, float]:
        """Score once."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{kind} {count} {self.batch_size} {self.order}\n")
        self.process.stdin.flush()
        answer: dict[str, float] = json.loads(self.process.stdout.readline())
        return answer


def start(path: str) -> subprocess.Popen[str]:
    """Start a contestant's process and wait until it has opened its pipeline."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.contestant", path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def spread(values: list[float]) -> str:
    """Return a median and the range around it."""
    return f"{statistics.median(values):6.2f} ({min(values):.2f} to {max(values):.2f})"


def compare(kind: str, count: int, rounds: int, contestants: list[Contestant]) -> None:
    """Score in turn, round after round, and print each against the first, the bundle."""
    for contestant in contestants:
        contestant.rounds.clear()
        contestant.score(kind, min(count, 40))
    for number in range(rounds):
        for contestant in contestants if number % 2 == 0 else contestants[::-1]:
            contestant.rounds.append(contestant.score(kind, count))
    bundle = contestants[0]
    tokens = bundle.rounds[0]["tokens"] / bundle.rounds[0]["documents"]
    print(f"\n{kind}: {count} documents of {tokens:.0f} tokens on average, {rounds} rounds")
    for contestant in contestants:
        speed = [r["documents"] / r["cpu"] for r in contestant.rounds]
        cpu = [r["cpu"] / b["cpu"] for r, b in zip(contestant.rounds, bundle.rounds, strict=True)]
        wall = [r["wall"] / b["wall"] for r, b in zip(contestant.rounds, bundle.rounds, strict=True)]
        print(
            f"  {contestant.name:28} {statistics.median(speed):8.1f} documents/s   "
            f"bundle is {spread(cpu)} times as fast by CPU time, {spread(wall)} by wall"
        )


def main() -> None:
    """Run the comparison that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--kinds", default="mixed,short")
    arguments = parser.parse_args()
    original, bundle = start(arguments.original), start(arguments.bundle)
    try:
        for kind in arguments.kinds.split(","):
            contestants = [
                Contestant("bundle", bundle),
                Contestant("original, default", original),
                Contestant("original, sorted, batch 16", original, 16, "sorted"),
            ]
            compare(kind, arguments.count * (4 if kind == "short" else 1), arguments.rounds, contestants)
    finally:
        for process in (original, bundle):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
