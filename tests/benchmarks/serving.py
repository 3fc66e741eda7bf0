"""A bundle served against its original behind plain FastAPI with torch: one processor each, the same generator.

    python -m tests.benchmarks.serving --original PIPELINE --bundle BUNDLE [--kind mixed] [--rounds 3]

Servers run on the first processor, locust on the second. Throughput: 32 users who ask without pause, in turn round
after round, median and spread; by the clock, and by the processor time of the server's processes, which a busy machine
disturbs less. Then p99 of arrivals at 70 % of what each kept by the clock, in turn as well, each round other texts and
times, the same for all; without batches at the rate of ours, and ours at that of torch's server, too. Last, from the
start of the process to the first warm answer, in seconds and in processor time. It needs a quiet machine of two
processors for eight minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from . import texts

LOCUSTFILE = Path(__file__).parents[2] / "loadtest" / "locustfile.py"
FIRST_PORT = 18_701
USERS, SECONDS = 32, 6


@dataclass
class Contestant:
    """A server, and what was measured of it."""

    name: str
    command: list[str]
    port: int
    process: subprocess.Popen[bytes] | None = None
    throughput: list[float] = field(default_factory=list)
    by_cpu: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    starting: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start it on the first processor, and wait until it is ready."""
        began = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", "0", *self.command], stdout=subprocess.DEVNULL)
        while not self._ready():
            assert self.process.poll() is None, self.name
            time.sleep(0.02)
        self.started.append(time.monotonic() - began)
        self.starting.append(self.cpu())

    def cpu(self) -> float:
        """Return the processor time of its processes so far."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    @property
    def kept(self) -> float:
        """Return its throughput."""
        return statistics.median(self.throughput)


def load(port: int, payloads: Path, *told: str) -> dict[str, Any]:
    """Run locust on the second processor and return the whole test's figures."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        program = ["taskset", "-c", "1", sys.executable, "-W", "ignore", "-m", "locust", "-f", str(LOCUSTFILE)]
        options = ["--headless", "--only-summary", "--loglevel", "ERROR", "--exit-code-on-error", "0"]
        where = ["--host", f"http://127.0.0.1:{port}", "--payloads", str(payloads), "--result", str(result)]
        subprocess.run([*program, *options, *where, *told], check=True, capture_output=True)
        figures: dict[str, Any] = json.loads(result.read_text("utf-8"))["overall"]
    return figures


def throughput(contestant: Contestant, payloads: Path, seconds: int) -> tuple[float, float]:
    """Return documents a second, and a second of processor time, of users who ask without pause."""
    before = contestant.cpu()
    told = load(contestant.port, payloads, "PredictUser", "--rate", str(USERS), "--seconds", str(seconds))
    assert told["failed"] == 0, told
    return told["documents_per_second"], told["documents"] / (contestant.cpu() - before)


def spread(values: list[float], digits: int = 1) -> str:
    """Return a median and the range around it."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", required=True)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--int8")
    parser.add_argument("--kind", default="mixed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--throughput", type=int, help="rounds of throughput, if not as many as of arrivals")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--arrivals", type=int, default=15, help="seconds of each; 0: throughput only")
    arguments = parser.parse_args()
    contestants = _contestants(arguments)
    for number in range(arguments.starts):
        for contestant in contestants[:2]:
            contestant.start()
            contestant.stop()
        del number
    with tempfile.TemporaryDirectory() as folder:
        payloads = Path(folder, "texts.jsonl")
        lines = [json.dumps({"text": text}) for text in getattr(texts, arguments.kind)(600)]
        payloads.write_text("\n".join(lines), encoding="utf-8")
        for contestant in contestants:
            contestant.start()
        try:
            _throughput(contestants, payloads, arguments.throughput or arguments.rounds, arguments.kind)
            if arguments.arrivals:
                _latency(contestants, payloads, arguments.arrivals, arguments.rounds)
        finally:
            for contestant in contestants:
                contestant.stop()
    print("\nstart of the process to ready")
    for contestant in contestants[:2]:
        cpu = spread(contestant.starting, 2)
        print(f"  {contestant.name:34} {spread(contestant.started, 2)} s; {cpu} s of processor time")


def _contestants(arguments: argparse.Namespace) -> list[Contestant]:
    served = [sys.executable, "-P", "-m", "nimbus_runtime", "serve", "--host", "127.0.0.1", "--workers", "1"]
    served += ["--no-request-log", "--port"]
    plain = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.plain_server", arguments.original]
    port = FIRST_PORT + os.getpid() % 1000
    found = [
        Contestant("nimbus serve", [*served, str(port), "--bundle", arguments.bundle], port),
        Contestant("FastAPI + spaCy with torch", [*plain, str(port + 1)], port + 1),
        Contestant(
            "nimbus serve, a text a batch",
            [*served, str(port + 2), "--bundle", arguments.bundle, "--batch-texts", "1"],
            port + 2,
        ),
    ]
    if arguments.int8:
        found.append(Contestant("nimbus serve, int8", [*served, str(port + 3), "--bundle", arguments.int8], port + 3))
    return found


def _throughput(contestants: list[Contestant], payloads: Path, rounds: int, kind: str) -> None:
    for contestant in contestants:
        throughput(contestant, payloads, 3)
    for number in range(rounds):
        for contestant in contestants if number % 2 == 0 else contestants[::-1]:
            by_clock, by_cpu = throughput(contestant, payloads, SECONDS)
            contestant.throughput.append(by_clock)
            contestant.by_cpu.append(by_cpu)
    ours = contestants[0]
    print(f"\n{kind} texts, {USERS} users without pause, {rounds} rounds", flush=True)
    for contestant in contestants:
        ratios = [a / b for a, b in zip(ours.throughput, contestant.throughput, strict=True)]
        cpu = [a / b for a, b in zip(ours.by_cpu, contestant.by_cpu, strict=True)]
        print(
            f"  {contestant.name:34} {spread(contestant.throughput)} documents/s; nimbus {spread(ratios, 2)} times; "
            f"{spread(contestant.by_cpu)} a second of processor time; nimbus {spread(cpu, 2)} times"
        )


def _latency(contestants: list[Contestant], payloads: Path, seconds: int, rounds: int) -> None:
    """Measure each at 70 % of what it kept, and two at the rate of another."""
    ours, plain, single = contestants[:3]
    rates = [(each, 0.7 * (ours if each is single else each).kept) for each in contestants]
    same = Contestant(f"{ours.name}, at that rate", [], ours.port)
    rates.append((same, 0.7 * plain.kept))
    late = 0.0
    for number in range(rounds):
        for contestant, rate in rates if number % 2 == 0 else rates[::-1]:
            told = ("--rate", f"{rate:.2f}", "--seconds", str(seconds), "--seed", str(number))
            figures = load(contestant.port, payloads, "ArrivalUser", *told)
            assert figures["failed"] == figures["dropped"] == 0, figures
            contestant.p50.append(figures["p50"])
            contestant.p99.append(figures["p99"])
            late = max(late, figures["lag_p99"])
    print(f"arrivals for {seconds} s at 70 % of what each kept, {rounds} rounds; sent {late:.1f} ms late at most (p99)")
    for contestant, rate in rates:
        ratios = [a / b for a, b in zip(plain.p99, contestant.p99, strict=True)]
        p50, p99 = spread(contestant.p50, 0), spread(contestant.p99, 0)
        against = f"torch's p99 is {spread(ratios, 2)} times as long"
        print(f"  {contestant.name:34} at {rate:6.1f}/s p50 {p50} ms, p99 {p99} ms; {against}")


if __name__ == "__main__":
    main()
