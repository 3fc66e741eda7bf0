"""Compiles a pipeline once: the same files, precision and code find the bundle that is there already."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nimbus import __version__
from nimbus.compile import source
from nimbus.compile.compile import compile_pipeline
from nimbus.compile.extras import Extras, extras
from nimbus.compile.manifest import source_hash
from nimbus.compile.staging import sweep_all
from nimbus.config.own_folder import keep_from_git
from nimbus_runtime.bundle import Bundle, verify
from nimbus_runtime.contract.bundle import MANIFEST, Precision
from nimbus_runtime.contract.errors import NimbusError


@dataclass(frozen=True, slots=True)
class CachedCompiler:
    """Compiles one pipeline, named by path or installed name, below a folder."""

    pipeline: str
    folder: Path
    precision: Precision = Precision.FP32
    code: Sequence[Path] = ()
    allow: Sequence[str] = ()

    def find(self) -> Bundle | None:
        """Return the bundle if it was compiled before and is whole."""
        with source.find(self.pipeline) as found:
            return _whole(self._place(found, extras(self.code, self.allow)))

    def compile(self) -> Bundle:
        """Return the bundle, compiled now if it never was."""
        with source.find(self.pipeline) as found:
            wanted = extras(self.code, self.allow)
            place = self._place(found, wanted)
            known = _whole(place)
            if known is not None:
                return known
            keep_from_git(self.folder)
            sweep_all(self.folder)
            return compile_pipeline(found, place, precision=self.precision, replace=True, extras=wanted).bundle

    def _place(self, found: source.Source, wanted: Extras) -> Path:
        parts = [__version__, source_hash(found.path), self.precision.value, repr(sorted(wanted.requires.items()))]
        parts += [f"{name}:{hashlib.sha256(content).hexdigest()}" for name, content in wanted.code.items()]
        return self.folder / f"{found.name}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def _whole(place: Path) -> Bundle | None:
    if not (place / MANIFEST).is_file():
        return None
    try:
        known = verify(place)
    except NimbusError:  # damaged since: compiled again
        return None
    with contextlib.suppress(OSError):
        os.utime(place)  # needed from now on: a prune spares it
    return known
