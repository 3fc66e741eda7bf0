"""Writes the manifest: what a bundle is, derived from its files and from the opened pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from nimbus.compile.source import Source
from nimbus_runtime.bundle import hash_file
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.bundle import (
    MANIFEST,
    BundleComponent,
    ListedFile,
    Manifest,
    PipelineIdentity,
    Precision,
)

if TYPE_CHECKING:
    from spacy.language import Language

# What spaCy's factories say they assign -> the annotations of a run.
_ASSIGNS: dict[str, tuple[Annotation, ...]] = {
    "doc.ents": (Annotation.ENTS,),
    "doc.cats": (Annotation.CATS,),
    "doc.spans": (Annotation.SPANS,),
    "doc.sents": (Annotation.SENTS,),
    "token.is_sent_start": (Annotation.SENTS,),
    "token.tag": (Annotation.TAGS,),
    "token.pos": (Annotation.POS,),
    "token.morph": (Annotation.MORPHS,),
    "token.lemma": (Annotation.LEMMAS,),
    "token.head": (Annotation.HEADS,),
    "token.dep": (Annotation.DEPS,),
}
_RULED = {
    "TAG": Annotation.TAGS,
    "POS": Annotation.POS,
    "MORPH": Annotation.MORPHS,
    "LEMMA": Annotation.LEMMAS,
}
_PER_TOKEN = {Annotation.TAGS, Annotation.POS, Annotation.MORPHS, Annotation.LEMMAS, Annotation.HEADS}

# Versions that open the bundle: the same text on every machine, whatever is installed there.
_REQUIRES = {"nimbus-runtime": ">=0.1,<0.2", "spacy": ">=3.8.2,<3.9", "onnxruntime": ">=1.20"}

# The work of everything but the encoder, in the unit of its matrix products, as measured on small CNN pipelines.
_MEGAFLOPS_WITHOUT_ENCODER = 4.0


def write_manifest(  # noqa: PLR0913, PLR0917 - what a manifest says
    folder: Path,
    source: Source,
    nlp: Language,
    megaflops_of_encoders: float,
    precision: Precision = Precision.FP32,
    requires: Mapping[str, str] = MappingProxyType({}),
    code: tuple[str, ...] = (),
) -> Manifest:
    """List the files of a bundle's folder and write its manifest beside them.

    `requires` are packages beyond those that every bundle needs, `code` the files to import.
    """
    manifest = Manifest(
        pipeline=PipelineIdentity(source.name, source.version, str(nlp.lang), source_hash(source.path)),
        precision=precision,
        components=tuple(
            BundleComponent(
                name,
                nlp.get_pipe_meta(name).factory,
                tuple(map(str, nlp.pipe_labels.get(name, ()))),
                disabled=name in nlp.disabled,
            )
            for name in nlp.component_names
        ),
        annotations=tuple(_annotations(nlp)),
        cats=tuple(_categories(nlp)),
        max_length=nlp.max_length,
        megaflops_per_token=round(megaflops_of_encoders + _MEGAFLOPS_WITHOUT_ENCODER, 3),
        requires={**_REQUIRES, **requires},
        files=tuple(
            ListedFile(name, hash_file(path), path.stat().st_size) for name, path in _files(folder) if name != MANIFEST
        ),
        code=code,
    )
    (folder / MANIFEST).write_bytes(codec.encode(manifest))
    return manifest


def source_hash(folder: Path) -> str:
    """Return the hash of a folder's files and their names."""
    whole = hashlib.sha256()
    for name, path in _files(folder):
        whole.update(f"{name}\0{hash_file(path)}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    places = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    yield from sorted(places)


def _annotations(nlp: Language) -> list[Annotation]:
    found: set[Annotation] = set()
    for name in nlp.pipe_names:
        for assigned in nlp.get_pipe_meta(name).assigns:
            found.update(_ASSIGNS.get(assigned, ()))
        if nlp.get_pipe_meta(name).factory == "attribute_ruler":
            for pattern in nlp.get_pipe(name).patterns:  # type: ignore[attr-defined]
                found.update(_RULED[key] for key in pattern["attrs"] if key in _RULED)
    if found & _PER_TOKEN:
        found.add(Annotation.TOKENS)
    return [annotation for annotation in Annotation if annotation in found]


def _categories(nlp: Language) -> list[str]:
    labels = dict.fromkeys(
        label
        for name in nlp.pipe_names
        if "doc.cats" in nlp.get_pipe_meta(name).assigns
        for label in nlp.pipe_labels.get(name, ())
    )
    return list(labels)
