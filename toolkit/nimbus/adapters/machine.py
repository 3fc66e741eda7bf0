"""What a preflight asks of this machine: its room, its memory, the inputs that it can reach."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nimbus_runtime import footprint, readers
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.contract.records import Job


def cores() -> int:
    """Return how many worker processes suit this machine: one for each core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ThisMachine:
    """Room, memory and processors."""

    def __init__(self, root: Path) -> None:
        """Look at the disk that `root` is on."""
        self._root = root

    def free_disk(self) -> int:
        """Return how many bytes can still be written below the root."""
        place = self._root
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free

    def memory(self) -> int | None:
        """Return the memory in bytes, None where it cannot be told."""
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (OSError, ValueError):
            return None

    def workers(self) -> int:
        """Return how many worker processes a run starts: one a core."""
        return cores()

    def peak(self, bundle: Bundle) -> int | None:
        """Return the memory of a worker with a bundle in bytes, measured once."""
        return footprint.measured(bundle.path, bundle.digest)


class Reachable:
    """Inputs by the runtime's readers."""

    def resolve(self, job: Job) -> list[InputFile]:
        """Return the files behind a job's inputs."""
        return readers.resolve(job.inputs, Path(os.devnull), default_format=job.input_format)

    def check_schema(self, file: InputFile, job: Job) -> None:
        """Raise where a run over the file could only fail."""
        readers.check_schema(file, job.fields)
