"""What stands behind the name of an image."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Launch:
    """A process to start."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path | None = None


class Image(Protocol):
    """Knows how to start a container."""

    def launch(
        self, name: str, entry_point: tuple[str, ...], command: tuple[str, ...], env: Mapping[str, str]
    ) -> Launch:
        """Return the process that runs this command of the container; an empty entry point is the image's own."""
        ...


@dataclass(frozen=True)
class Program:
    """A program of this machine, in place of an image: quick, and without the image's file system and user."""

    entry_point: tuple[str, ...] = (sys.executable,)
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the image would set."""
    directory: Path | None = None

    def launch(
        self,
        name: str,  # noqa: ARG002 - as the protocol
        entry_point: tuple[str, ...],
        command: tuple[str, ...],
        env: Mapping[str, str],
    ) -> Launch:
        """Return the program, with as little of this process's environment as it needs to start."""
        base = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"}
        return Launch(
            (*(entry_point or self.entry_point), *command), {**base, **self.environment, **env}, self.directory
        )


@dataclass(frozen=True)
class Podman:
    """A real image, run by podman without privileges on the host's network."""

    reference: str
    executable: str = "podman"
    options: tuple[str, ...] = ()
    """What the task's definition asks of Fargate besides: user, scratch space; and what the image would set."""

    def launch(
        self, name: str, entry_point: tuple[str, ...], command: tuple[str, ...], env: Mapping[str, str]
    ) -> Launch:
        """`podman run`, which passes SIGTERM on and exits as the container does."""
        first, rest = entry_point[:1], entry_point[1:]
        settings = [f"--env={key}={value}" for key, value in env.items()]
        entry = [f"--entrypoint={word}" for word in first]
        fixed = ["run", "--rm", "--network=host", "--read-only", "--cap-drop=all", f"--name={name}"]
        return Launch(
            (self.executable, *fixed, *self.options, *settings, *entry, self.reference, *rest, *command),
            dict(os.environ),
        )


def this_python(*arguments: str) -> Program:
    """Make this interpreter an image, with all modules that this process finds, as in `this_python("-m", "json")`."""
    return Program((sys.executable, *arguments), {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)})


class Images:
    """Which image is what, by the beginning of its name."""

    def __init__(self) -> None:
        """Know no image yet."""
        self._images: dict[str, Image] = {}

    def add(self, prefix: str, image: Image) -> None:
        """Let every image whose name begins so be this one."""
        self._images[prefix] = image

    def find(self, name: str) -> Image | None:
        """Return the image with the longest prefix of a name; None if a pull would fail."""
        fitting = [prefix for prefix in self._images if name.startswith(prefix)]
        return self._images[max(fitting, key=len)] if fitting else None

    def clear(self) -> None:
        """Forget all."""
        self._images.clear()
