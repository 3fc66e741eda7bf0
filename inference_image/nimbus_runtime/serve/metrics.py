"""What Prometheus reads of a server: requests, waiting texts, batches, processor time and memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from nimbus_runtime.serve.pool import Scored

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
_PREFIX = "nimbus_serve_"


class Metrics:
    """The figures of one server."""

    def __init__(self, release: str, digest: str, cpus: int) -> None:
        """Register them all; none has a label that a request could choose."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(f"{_PREFIX}requests", "Requests answered.", ["status"], registry=registry)
        self.seconds = Histogram(
            f"{_PREFIX}request_seconds", "From a request's head to its answer.", buckets=_SECONDS, registry=registry
        )
        self.queued = Histogram(
            f"{_PREFIX}queue_seconds", "Until a worker took a text.", buckets=_SECONDS, registry=registry
        )
        self.batch = Histogram(f"{_PREFIX}batch_texts", "Texts that shared a batch.", buckets=_TEXTS, registry=registry)
        self.batch_seconds = Histogram(
            f"{_PREFIX}batch_seconds", "How long a batch took a worker.", buckets=_SECONDS, registry=registry
        )
        self.texts = Counter(f"{_PREFIX}texts", "Texts scored, or why not.", ["outcome"], registry=registry)
        self.characters = Counter(f"{_PREFIX}characters", "Characters of texts scored.", registry=registry)
        self.tokens = Counter(f"{_PREFIX}tokens", "Tokens of texts scored.", registry=registry)
        self.worker_deaths = Counter(f"{_PREFIX}worker_deaths", "Workers lost and replaced.", registry=registry)
        self.starts_failed = Counter(
            f"{_PREFIX}worker_starts_failed", "Workers that were lost before they were warm.", registry=registry
        )
        about = Gauge(f"{_PREFIX}info", "What is served.", ["release", "bundle_digest"], registry=registry)
        about.labels(release, digest).set(1)
        Gauge(f"{_PREFIX}cpus", "Processors that the server may use.", registry=registry).set(cpus)
        self._processes = _Processes()
        registry.register(self._processes)

    def watch(
        self, waiting: Callable[[], int], workers: Callable[[], list[int]], wanted: int, degraded: Callable[[], bool]
    ) -> None:
        """Read from now on how many texts wait, which processes are workers, of those wanted, and whether one fails."""
        gauge = Gauge(f"{_PREFIX}waiting_texts", "Texts that wait for a worker.", registry=self._registry)
        gauge.set_function(waiting)
        warm = Gauge(f"{_PREFIX}workers", "Workers that are warm.", registry=self._registry)
        warm.set_function(lambda: len(workers()))
        Gauge(f"{_PREFIX}workers_wanted", "Workers that there should be.", registry=self._registry).set(wanted)
        failing = Gauge(f"{_PREFIX}degraded", "1 while a worker cannot be started.", registry=self._registry)
        failing.set_function(degraded)
        self._processes.workers = workers

    def scored(self, texts: int, characters: int, scored: Scored) -> None:
        """Count a batch."""
        self.batch.observe(texts)
        self.batch_seconds.observe(scored.seconds)
        self.tokens.inc(scored.tokens)
        self.characters.inc(characters)
        failed = [failure[0] for failure in scored.failures if failure is not None]
        self.texts.labels("scored").inc(texts - len(failed))
        for reason in failed:
            self.texts.labels(reason).inc()

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self._registry)


class _Processes(Collector):
    """Processor time and memory of the server and its workers, where the system tells them by files."""

    def __init__(self) -> None:
        self.workers: Callable[[], list[int]] = list
        self._seen: dict[int, float] = {}

    def collect(self) -> Iterator[Metric]:
        """Read all processes; what a worker that ended had used stays counted."""
        resident = peak = 0
        for pid in (os.getpid(), *self.workers()):
            try:
                self._seen[pid] = _cpu_seconds(pid)
                status = _status(pid)
            except (OSError, ValueError, IndexError):
                continue
            resident += status.get("VmRSS", 0)
            peak += status.get("VmHWM", 0)
        cpu = CounterMetricFamily(f"{_PREFIX}cpu_seconds", "Processor time of all processes of the server.")
        cpu.add_metric([], sum(self._seen.values()))
        yield cpu
        yield GaugeMetricFamily(f"{_PREFIX}resident_bytes", "Memory of all processes of the server.", value=resident)
        yield GaugeMetricFamily(f"{_PREFIX}peak_resident_bytes", "The most each had, summed.", value=peak)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ticks: float = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _status(pid: int) -> dict[str, int]:
    """Return the sizes of a process in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines)
    return {pair[0].rstrip(":"): int(pair[1]) * 1024 for pair in pairs if len(pair) == 3 and pair[2] == "kB"}
