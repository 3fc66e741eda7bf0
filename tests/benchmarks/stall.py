"""The generator's own error: what it measures of a server that stalls for two seconds, beside what that comes to.

    python -m tests.benchmarks.stall [--rate 200] [--seconds 20] [--rounds 5]

Of arrivals that are due evenly over T seconds, those within a stall of S wait for its end: x seconds or more wait
(S - x) / T of them. So the percentiles are known, but for chance: arrivals are random, and each round has others. The
median of the rounds is compared. Closed-loop users are shown beside it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .serving import load

ROOT = Path(__file__).parents[2]
STALL = 2.0


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        payloads = Path(folder, "texts")
        payloads.write_text("a text\n", encoding="utf-8")
        told = ("--rate", f"{arguments.rate:g}", "--seconds", f"{arguments.seconds:g}")
        arrivals = [
            measure(payloads, "ArrivalUser", *told, "--seed", str(number)) for number in range(arguments.rounds)
        ]
        users = measure(payloads, "PredictUser", "--rate", "10", "--seconds", f"{arguments.seconds:g}")
    for name, share in (("p95", 0.95), ("p99", 0.99), ("p999", 0.999)):
        expected = 1e3 * (STALL - (1 - share) * arguments.seconds)
        got = [each[name] for each in arrivals]
        print(
            f"{name:5} expected {expected:6.0f} ms, arrivals {statistics.median(got):6.0f} "
            f"({min(got):.0f} to {max(got):.0f}), error {statistics.median(got) / expected - 1:+.1%}; "
            f"10 users who wait for an answer first: {users[name]:.0f} ms"
        )
    lags = [each["lag_p99"] for each in arrivals]
    print(f"sent after they were due, p99: {statistics.median(lags):.2f} ms (at most {max(lags):.2f})")


def measure(payloads: Path, *told: str) -> dict[str, Any]:
    """Return the figures of one load on a server that stalls once."""
    program = [sys.executable, "-m", "tests.stalling", "--stall-after", "5", "--stall", f"{STALL:g}"]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            return load(int(server.stdout.readline()), payloads, *told)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
