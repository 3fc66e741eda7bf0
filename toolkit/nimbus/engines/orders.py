"""What an engine is told, and what it answers."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Architecture(StrEnum):
    """A processor family, as engines name it."""

    AMD64 = "amd64"
    ARM64 = "arm64"

    @property
    def platform(self) -> str:
        """Return the platform's whole name."""
        return f"linux/{self.value}"

    @property
    def machine(self) -> str:
        """Return the family's name in wheels, and as the kernel says it."""
        return {Architecture.AMD64: "x86_64", Architecture.ARM64: "aarch64"}[self]


def here() -> Architecture:
    """Return the architecture of this machine."""
    machines = {**{one.machine: one for one in Architecture}, "arm64": Architecture.ARM64}
    return machines.get(platform.machine().lower(), Architecture.AMD64)


@dataclass(frozen=True, slots=True)
class Found:
    """An engine that was looked for: usable, or why not."""

    engine: str
    version: str
    usable: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Base:
    """A base image. `reference` is what to build on: by digest, where it has one outside of this machine.

    `members` are those of an index by architecture, where an engine wants to be told each.
    """

    name: str
    reference: str
    digest: str
    python: tuple[int, int]
    glibc: tuple[int, int]
    members: Mapping[Architecture, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """One build. `time` is what every file and the image are dated with, in seconds since 1970."""

    context: Path
    tag: str
    architectures: tuple[Architecture, ...]
    base: Base
    labels: Mapping[str, str]
    time: int


@dataclass(frozen=True, slots=True)
class Built:
    """An image for one processor: `id` names its content, however it is packed."""

    architecture: Architecture
    id: str


@dataclass(frozen=True, slots=True)
class Login:
    """Who pushes, and with which password."""

    registry: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a registry has under a tag: its digest there, and the ids of the images that it stands for."""

    digest: str
    ids: tuple[str, ...]


class Severity(StrEnum):
    """How bad a finding of a scan is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness that a scan found."""

    name: str
    severity: Severity
    package: str
    uri: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a registry found in an image. `status` is the registry's own word; `counts` are by severity."""

    status: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def ended(self) -> bool:
        """Say whether it came to its end, in the words of basic and of enhanced scanning."""
        return self.status in {"COMPLETE", "ACTIVE"}
