"""Describes a pipeline or a bundle: components, what compiles and why not, labels, sizes, digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.extras import NONE, Extras
from nimbus.compile.source import Source
from nimbus.compile.survey import Finding, Outcome, survey
from nimbus_runtime.bundle import read_manifest
from nimbus_runtime.contract.bundle import MANIFEST, Manifest


@dataclass(frozen=True, slots=True)
class Part:
    """One component: `size` in bytes on disk; `refusal` says why it would not compile."""

    name: str
    factory: str
    outcome: str
    labels: tuple[str, ...]
    size: int
    refusal: CompileRefusedError | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a pipeline or a bundle is. `digest` and all that follows are a bundle's alone."""

    kind: str
    name: str
    version: str
    lang: str
    parts: tuple[Part, ...]
    size: int
    digest: str | None = None
    precision: str | None = None
    annotations: tuple[str, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)
    code: tuple[str, ...] = ()

    @property
    def compiles(self) -> bool:
        """Say whether nothing stands in the way of compiling it."""
        return all(part.refusal is None for part in self.parts)


def is_bundle(path: Path) -> bool:
    """Say whether a folder claims to be a bundle."""
    try:
        return (path / MANIFEST).is_file()
    except OSError:  # a name too long, a folder that may not be read: put into words where pipelines are found
        return False


def describe_bundle(path: Path) -> Description:
    """Describe a bundle by its manifest; its files are not looked at (`nimbus verify` does)."""
    manifest, digest = read_manifest(path)
    parts = [
        Part(
            c.name,
            c.factory,
            "in the bundle, disabled" if c.disabled else "in the bundle",
            c.labels,
            _listed_size(manifest, c.name),
        )
        for c in manifest.components
    ]
    identity = manifest.pipeline
    return Description(
        kind="bundle",
        name=identity.name,
        version=identity.version,
        lang=identity.lang,
        parts=tuple(parts),
        size=manifest.size,
        digest=digest,
        precision=manifest.precision.value,
        annotations=tuple(annotation.value for annotation in manifest.annotations),
        requires=manifest.requires,
        code=manifest.code,
    )


def describe_pipeline(source: Source, extras: Extras = NONE) -> Description:
    """Describe a trained pipeline and say of each component whether it compiles."""
    return Description(
        kind="pipeline",
        name=source.name,
        version=source.version,
        lang=str(source.config["nlp"]["lang"]),
        parts=tuple(_part(source, finding) for finding in survey(source, extras)),
        size=_size(source.path),
    )


def _part(source: Source, finding: Finding) -> Part:
    labels = source.meta.get("labels", {}).get(finding.component, [])
    return Part(
        finding.component,
        finding.factory,
        _OUTCOMES[finding.outcome],
        tuple(map(str, labels)),
        _size(source.path / finding.component),
        finding.refusal,
    )


_OUTCOMES = {
    Outcome.COMPILED: "compiles to ONNX",
    Outcome.KEPT: "kept as it is",
    Outcome.NAMED: "kept, with its code",
    Outcome.REFUSED: "refused",
}


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _listed_size(manifest: Manifest, component: str) -> int:
    return sum(file.size for file in manifest.files if file.path.startswith(f"{component}/"))
