"""What the server under load says of itself: who it is, its processors, processor time and memory."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from geventhttpclient import HTTPClient

_LABEL = re.compile(r'(\w+)="([^"]*)"')
_PREFIX = "nimbus_serve_"


@dataclass
class Sample:
    """One look at the server: when, and its figures by name."""

    time: float
    values: dict[str, float]


@dataclass
class Target:
    """A server, looked at once a second; one that tells nothing of itself is still measured from outside."""

    url: str
    headers: dict[str, str]
    samples: list[Sample] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    _client: HTTPClient | None = None

    def look(self) -> None:
        """Take a sample; a server that does not answer in time has none."""
        if self._client is None:
            self._client = HTTPClient.from_url(
                self.url, headers=self.headers, connection_timeout=2.0, network_timeout=2.0, insecure=False
            )
        try:
            answer = self._client.get(urlsplit(self.url).path.rstrip("/") + "/metrics")
            text = answer.read().decode("utf-8", "replace") if answer.status_code == 200 else ""
        except Exception:  # noqa: BLE001 - a look that fails is no failure of the test
            return
        values: dict[str, float] = {}
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            if line.startswith(f"{_PREFIX}info{{"):
                self.about = dict(_LABEL.findall(name))
            elif line.startswith(_PREFIX) and "{" not in name:
                values[name.removeprefix(_PREFIX)] = float(value)
        if values:
            self.samples.append(Sample(time.monotonic(), values))

    def cpus(self) -> float | None:
        """Return how many processors it may use."""
        return self.samples[-1].values.get("cpus") if self.samples else None

    def workers(self) -> float | None:
        """Return how many workers it had, at most."""
        return max((sample.values.get("workers", 0.0) for sample in self.samples), default=0.0) or None

    def degraded(self) -> float:
        """Return the share of the looks at which it said that a worker cannot be started."""
        said = [sample.values.get("degraded", 0.0) for sample in self.samples]
        return round(sum(said) / len(said), 3) if said else 0.0

    def between(self, begin: float, end: float) -> dict[str, Any]:
        """Return processors used on average, and the most memory, from `begin` to `end`."""
        chosen = [sample for sample in self.samples if begin <= sample.time <= end]
        if len(chosen) < 2:
            return {"cpu": None, "resident_bytes": None}
        first, last = chosen[0], chosen[-1]
        cpu = (last.values["cpu_seconds_total"] - first.values["cpu_seconds_total"]) / (last.time - first.time)
        return {"cpu": round(cpu, 3), "resident_bytes": max(s.values["resident_bytes"] for s in chosen)}
