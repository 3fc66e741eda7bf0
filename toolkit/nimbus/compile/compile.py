"""Puts a bundle together: settings rewritten, encoders compiled, all else copied, then published whole."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confection import Config

from nimbus.compile import languages
from nimbus.compile.errors import BundleExistsError, CompileRefusedError
from nimbus.compile.extras import NONE, Extras
from nimbus.compile.known_functions import replaced
from nimbus.compile.manifest import write_manifest
from nimbus.compile.opening import opened
from nimbus.compile.source import CONFIG, META, Source
from nimbus.compile.stacks import LISTENERS
from nimbus.compile.stacks.own import exchanged, without_transformer
from nimbus.compile.staging import staging, sweep
from nimbus.compile.survey import require_compilable
from nimbus_runtime.bundle import Bundle, read_manifest, verify
from nimbus_runtime.contract.bundle import MANIFEST, SETTINGS_FILE, TOKENIZER_FILE, Precision
from nimbus_runtime.contract.errors import BundleInvalidError, NimbusError, StoreError, UsageError

if TYPE_CHECKING:
    from nimbus.compile.stacks.parts import TransformerParts

_PIECES_PER_TOKEN = 1.3
_KEPT_META = (
    *("lang", "name", "version", "description", "author", "email", "url", "license", "spacy_version"),
    *("vectors", "labels", "pipeline", "components", "disabled", "performance"),
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A published bundle, how long it took in seconds, and whether it was there already."""

    bundle: Bundle
    seconds: float
    unchanged: bool


def compile_pipeline(
    source: Source,
    output: Path,
    *,
    precision: Precision = Precision.FP32,
    replace: bool = False,
    extras: Extras = NONE,
) -> Compiled:
    """Compile a pipeline into `output`, which appears whole or not at all."""
    started = time.perf_counter()
    transformers = require_compilable(source, precision, extras)
    if precision is not Precision.FP32 and not transformers:
        raise UsageError(
            f"{precision.value} is a precision of transformers, and this pipeline has none",
            where=str(source.path),
            remedy="leave out --precision: its layers are compiled for speed without a loss",
        )
    output = output if output.name else output.absolute()  # "." has no name
    folder = output
    new = [parent for parent in output.absolute().parents if not parent.exists()]
    try:
        _check_output(output, source, replace=replace)
        output.parent.mkdir(parents=True, exist_ok=True)
        sweep(output)
        with staging(output) as folder:
            _fill(folder, source, transformers, precision, extras)
            unchanged = _publish(folder, output, replace=replace)
    except OSError as error:
        raise _in_words(error, source, folder, output) from None
    finally:
        for parent in new:
            with contextlib.suppress(OSError):  # holds the bundle now, or somebody else's files
                parent.rmdir()
    return Compiled(verify(output), time.perf_counter() - started, unchanged)


def _in_words(error: OSError, source: Source, staging: Path, output: Path) -> NimbusError:
    what, place = error.strerror or str(error), str(error.filename or output)
    if Path(place).is_relative_to(source.path):
        return CompileRefusedError(
            f"the pipeline cannot be read: {what}",
            where=place,
            remedy="let this user read every file of the pipeline",
        )
    return StoreError(
        f"the bundle cannot be written: {what}",
        where=str(output),
        got=place.replace(str(staging), str(output)),
        remedy="choose an output folder with room that this user may write to",
    )


def _fill(
    folder: Path, source: Source, transformers: Mapping[str, TransformerParts], precision: Precision, extras: Extras
) -> None:
    shared = [name for name, parts in transformers.items() if parts.own is None]
    for name in ("tokenizer", "vocab", *(n for n in source.components if n not in shared)):
        for place in (name, f"{name}.json", f"{name}.jsonl", f"{name}.cfg"):  # small components have a file
            _copy(source.path / place, folder / place)
    for name, parts in transformers.items():
        if parts.own is None:
            _write_transformer(folder / name, parts)
        else:
            _write_transformer(folder / _of_head(name, source), parts)
            (folder / name / "model").write_bytes(without_transformer(source.path / name / "model"))
    _settings(source, transformers).to_disk(folder / CONFIG)
    meta = {key: source.meta[key] for key in _KEPT_META if key in source.meta}
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    megaflops = sum(parts.encoder.megaflops_per_piece for parts in transformers.values()) * _PIECES_PER_TOKEN
    for name, content in extras.code.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    requires = {**languages.requires(source), **extras.requires}
    write_manifest(folder, source, opened(folder, source, requires), megaflops, precision, requires, tuple(extras.code))


def _settings(source: Source, transformers: Mapping[str, TransformerParts]) -> Config:
    """Return the bundle's config: no paths, no training, listeners and transformers exchanged.

    A head reads the last transformer before it, whichever it names: so does the original.
    """
    components: dict[str, Any] = {}
    width = 0
    for name, settings in source.components.items():
        parts = transformers.get(name)
        if parts is None:
            components[name] = replaced(settings, LISTENERS, {"width": width})
        elif parts.own is None:
            width = parts.encoder.width
            components[name] = {"factory": "nimbus_onnx_transformer"}
        else:
            before = _of_head(name, source)
            components[before] = {"factory": "nimbus_onnx_transformer", "private": True}
            components[name] = exchanged(
                settings,
                parts.own,
                {
                    "@architectures": "nimbus.OwnTransformer.v1",
                    "component": before,
                    "pooling": parts.own.pooling,
                    "tree": parts.own.tree,
                    "width": parts.encoder.width,
                },
            )
    nlp = {**source.config["nlp"], "pipeline": list(components)}
    nlp["after_pipeline_creation"] = {"@callbacks": "nimbus.gemm.v1", "backend": "numpy"}
    return Config({"nlp": nlp, "components": components})


def _of_head(head: str, source: Source) -> str:
    """Return the name of the component that a head's own transformer becomes."""
    name = f"{head}_transformer"
    while name in source.components:
        name += "_"
    return name


def _write_transformer(folder: Path, parts: TransformerParts) -> None:
    folder.mkdir()
    parts.encoder.graph.save(folder)
    (folder / TOKENIZER_FILE).write_bytes(parts.tokenizer.json)
    (folder / SETTINGS_FILE).write_text(json.dumps(parts.settings, sort_keys=True) + "\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder's files; what links point to is copied, not the links."""
    if source.is_dir():
        target.mkdir()
        for entry in source.iterdir():
            _copy(entry, target / entry.name)
    elif source.is_file():
        shutil.copyfile(source, target)
    elif source.is_symlink() or source.exists():
        raise CompileRefusedError(
            "the pipeline holds a broken link or a special file",
            where=str(source),
            expected="files and folders",
            remedy="copy the pipeline again, whole",
        )


def _check_output(output: Path, source: Source, *, replace: bool) -> None:
    """Refuse to write over anything that is not a bundle; a bundle is compared once the new one is known."""
    if output.resolve().is_relative_to(source.path.resolve()):
        raise BundleExistsError(
            "the output lies inside the pipeline's own folder",
            where=str(output),
            expected=f"a place outside {source.path}",
            remedy="choose another --output",
        )
    if not output.exists() and not output.is_symlink():
        return
    if output.is_dir() and not any(output.iterdir()):
        return
    if not (output / MANIFEST).is_file():
        raise BundleExistsError(
            "the output exists and is not a bundle",
            where=str(output),
            remedy="choose another --output, or remove what is there",
        )
    if replace:
        return
    try:
        verify(output)
    except BundleInvalidError as error:
        raise _exists(output, f"a damaged bundle: {error.what}") from None


def _publish(staging: Path, output: Path, *, replace: bool) -> bool:
    """Give the finished bundle its name; return whether the same one stood there already."""
    _sync(staging)
    if not (output / MANIFEST).is_file():
        staging.rename(output)
        return False
    if not replace:
        _, new = read_manifest(staging)
        _, present = read_manifest(output)
        if present != new:
            raise _exists(output, f"a bundle with digest {present[:12]}; this one has {new[:12]}")
        return True
    old = output.parent / f".{output.name}.old.{secrets.token_hex(4)}"
    output.rename(old)
    try:
        staging.rename(output)
    except OSError:
        old.rename(output)
        raise
    if old.is_symlink():
        old.unlink()  # what it points to is somebody else's
    else:
        shutil.rmtree(old, ignore_errors=True)
    return False


def _exists(output: Path, got: str) -> BundleExistsError:
    return BundleExistsError(
        "another bundle stands where this one would be written",
        where=str(output),
        got=got,
        remedy="choose another --output, or add --replace",
    )


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
