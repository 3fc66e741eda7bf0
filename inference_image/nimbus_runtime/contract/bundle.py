"""The manifest of a bundle: what it is made of, and what it was made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from nimbus_runtime.contract.annotations import Annotation

MANIFEST = "bundle.json"

# What a transformer's folder in a bundle holds.
GRAPH_FILE, WEIGHTS_FILE = "encoder.onnx", "encoder.weights"
TOKENIZER_FILE, SETTINGS_FILE = "tokenizer.json", "settings.json"

# Where the code lies that a pipeline's components are made of, if it has any of its own.
CODE_FOLDER = "code"


class Precision(StrEnum):
    """How an encoder computes. A pipeline without a transformer is always fp32."""

    FP32 = "fp32"  # exactly as the original
    INT8 = "int8"  # matrix products in 8-bit integers: faster, and near the original


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a bundle, by its path with forward slashes; `size` is in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class PipelineIdentity:
    """Which trained pipeline a bundle was compiled from; `source_hash` covers all of its files."""

    name: str
    version: str
    lang: str
    source_hash: str


@dataclass(frozen=True, slots=True)
class BundleComponent:
    """One component of the pipeline. `labels` are those it can predict; a disabled one is there and does not run."""

    name: str
    factory: str
    labels: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """bundle.json. The bundle's digest is the SHA-256 of its canonical bytes.

    `annotations` are those that the pipeline assigns; `cats` the categories it scores.
    `megaflops_per_token` estimates the work that one token means, so that a plan can cut
    shards of equal duration; `max_length` is in characters. `requires` are the packages, and their
    versions, that open it; `code` are the listed files that are imported before it is opened.
    """

    SCHEMA: ClassVar[int] = 1
    pipeline: PipelineIdentity
    precision: Precision
    components: tuple[BundleComponent, ...]
    annotations: tuple[Annotation, ...]
    cats: tuple[str, ...]
    max_length: int
    megaflops_per_token: float
    requires: dict[str, str]
    files: tuple[ListedFile, ...]
    code: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the bytes of all listed files."""
        return sum(file.size for file in self.files)

    def release(self, digest: str) -> str:
        """Return the name of the release that the bundle is by itself."""
        name = f"{self.pipeline.name}-{self.pipeline.version}-{digest[:12]}"
        return re.sub(r"[^A-Za-z0-9._-]", "-", name)
