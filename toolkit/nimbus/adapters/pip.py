"""Fetches locked wheels for any processor with pip, as it is configured on this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nimbus import scratch
from nimbus.engines import errors, refusals

_CACHE = "nimbus/wheels"


class Pip:
    """Fetches wheels, and keeps what it fetched under the user's cache folder."""

    def fetch(self, lock: bytes, *, python: tuple[int, int], platforms: Sequence[str]) -> Path:
        """Return a folder with exactly the wheels of a lock; pip's words are in the error where one cannot be had."""
        key = hashlib.sha256(lock + repr((python, tuple(platforms))).encode()).hexdigest()[:32]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / _CACHE
        if (cache / key).is_dir():
            return cache / key
        cache.mkdir(parents=True, exist_ok=True)
        with scratch.folder("fetching", inside=cache) as folder:
            wheels = folder / "wheels"
            wheels.mkdir()
            (folder / "requirements.lock").write_bytes(lock)
            self._download(folder / "requirements.lock", wheels, python, platforms)
            try:
                wheels.rename(cache / key)
            except OSError:  # another build fetched the same at the same time
                if not (cache / key).is_dir():
                    raise
        return cache / key

    @staticmethod
    def _download(lock: Path, wheels: Path, python: tuple[int, int], platforms: Sequence[str]) -> None:
        version = ".".join(map(str, python))
        abis = (f"cp{python[0]}{python[1]}", "abi3", "none")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--dest", str(wheels)),
            *("--implementation=cp", f"--python-version={version}", *(f"--abi={abi}" for abi in abis)),
            *(f"--platform={platform}" for platform in platforms),
            *("--requirement", str(lock)),
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own interpreter
        if done.returncode == 0:
            return
        known = refusals.common(done.stderr, str(wheels))
        if known is not None:
            raise known
        if shutil.which(sys.executable) is None or "No module named pip" in done.stderr:
            raise errors.ImageError(
                "packages are fetched by pip, which this environment does not have",
                where=sys.prefix,
                remedy="python -m ensurepip",
            )
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise errors.WheelMissingError(
            f"a locked package has no wheel for {platforms[0].rpartition('_2_')[0] or 'linux'} that can be fetched",
            got=refusals.last_line(said[0] if said else done.stderr),
            remedy="check that this machine reaches its package index, and that the package has wheels for that system",
        )
