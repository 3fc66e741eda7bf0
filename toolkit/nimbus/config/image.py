"""The section that says how images are built."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from nimbus.config.keys import Key

BASE_IMAGE = "docker.io/library/python:3.11-slim"


class BuildEngine(StrEnum):
    """What builds images."""

    DOCKER = "docker"
    PODMAN = "podman"


class ImageArchitecture(StrEnum):
    """Processor family of an image, as engines name it."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class FailOn(StrEnum):
    """The least finding of a registry's scan that stops a deployment."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """How the image that production runs is built."""

    base: Annotated[
        str, Key("What it is built on; by its digest (name@sha256:…), so that it is the same everywhere.")
    ] = BASE_IMAGE
    engine: Annotated[BuildEngine | None, Key("What builds it; whichever works without.")] = None
    architectures: Annotated[
        tuple[ImageArchitecture, ...], Key("Processors to build for beside the environment's tasks'.")
    ] = ()
    requirements: Annotated[
        tuple[str, ...], Key("Locks with hashes of packages that the bundle requires beside the runtime's.")
    ] = ()
    fail_on: Annotated[
        FailOn, Key("From which findings of the registry's scan on nothing is deployed; off: whatever is found.")
    ] = FailOn.HIGH
    source: Annotated[str | None, Key("Where the pipeline's sources are: a URL, which becomes a label.")] = None
