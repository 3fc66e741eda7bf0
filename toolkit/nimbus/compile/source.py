"""Finds the trained pipeline that a user names: a folder, a package file, or an installed package."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config

from nimbus import scratch
from nimbus.compile.errors import CompileRefusedError, PipelineNotFoundError
from nimbus_runtime.contract.bundle import MANIFEST
from nimbus_runtime.contract.errors import NimbusError

CONFIG, META = "config.cfg", "meta.json"
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """A trained pipeline on disk: its folder, its settings with all references resolved, its meta data."""

    path: Path
    config: Config
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the pipeline's name as packages have it, such as en_support."""
        lang, name = self.meta.get("lang", "xx"), self.meta.get("name", "pipeline")
        return str(name) if str(name).startswith(f"{lang}_") else f"{lang}_{name}"

    @property
    def version(self) -> str:
        """Return the pipeline's version."""
        return str(self.meta.get("version", "0.0.0"))

    @property
    def components(self) -> dict[str, dict[str, Any]]:
        """Return the components' settings in the pipeline's order."""
        return {name: dict(self.config["components"][name]) for name in self.config["nlp"]["pipeline"]}


@contextlib.contextmanager
def find(named: str) -> Iterator[Source]:
    """Open what a user named; a package file is unpacked for as long as the context lasts."""
    path = Path(named)
    with contextlib.ExitStack() as stack:
        try:
            folder = path
            if path.is_file():
                folder = stack.enter_context(scratch.folder("package"))
                stack.enter_context(_as_in_the_package(path, folder))
                _unpack(path, folder)
            elif not path.is_dir():
                folder = _installed(named)
            source = _read(_inside(folder))
        except OSError as error:
            raise PipelineNotFoundError(
                f"the pipeline cannot be read: {error.strerror or error}",
                where=str(error.filename or named),
                remedy="check the path, and that this user may read what is there",
            ) from None
        yield source


@contextlib.contextmanager
def _as_in_the_package(file: Path, folder: Path) -> Iterator[None]:
    """Let failures name the package, not the temporary folder that it was unpacked into."""
    try:
        yield
    except NimbusError as error:
        if error.where is not None:
            error.where = error.where.replace(str(folder), str(file))
        raise


def _read(path: Path) -> Source:
    if (path / MANIFEST).is_file():
        raise PipelineNotFoundError(
            "this is a bundle, compiled already",
            where=str(path),
            expected="a trained pipeline",
            remedy="use the bundle as it is, or name the pipeline that it was compiled from",
        )
    try:
        config = Config().from_disk(path / CONFIG, interpolate=True)
        meta = json.loads((path / META).read_bytes())
        source = Source(path, config, _object(meta, "meta.json"))
        _check(source)
    except Exception as error:  # noqa: BLE001 - a damaged config answers with exceptions of many kinds
        raise CompileRefusedError(
            "the pipeline's config.cfg or meta.json cannot be read",
            where=str(path),
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected="the files that nlp.to_disk writes",
            remedy="save the pipeline again where it was trained",
        ) from None
    return source


def _check(source: Source) -> None:
    """Raise ValueError or KeyError where config.cfg or meta.json is not of the shape that spaCy gives it."""
    if not isinstance(source.config["nlp"]["lang"], str):
        raise ValueError("[nlp] lang is not a text")  # noqa: TRY004 - put into words by _read
    for name, settings in source.components.items():
        if name in {"", ".", ".."} or "/" in name or "\\" in name:
            raise ValueError(f"the component's name {name!r} is a path")
        _object(settings, f"[components.{name}]")
    for labels in _object(source.meta.get("labels", {}), "labels in meta.json").values():
        if not isinstance(labels, list):
            raise ValueError("the labels in meta.json are not lists")  # noqa: TRY004


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")  # noqa: TRY004
    return dict(value)


def _inside(folder: Path) -> Path:
    """Return the folder with the pipeline's files: this one, or the one that a package wraps around it."""
    if (folder / CONFIG).is_file() and (folder / META).is_file():
        return folder
    found = sorted((place.parent for place in folder.rglob(CONFIG)), key=lambda p: (len(p.parts), str(p)))
    found = [place for place in found if (place / META).is_file()]
    if not found:
        _check_not_spacy_2(folder)
        raise PipelineNotFoundError(
            "this holds no trained pipeline",
            where=str(folder),
            got=f"no {CONFIG} with a {META} beside it",
            expected="what nlp.to_disk, spacy train or spacy package wrote",
            remedy="name the folder that spacy train wrote, such as training/model-best",
        )
    nearest = [place for place in found if len(place.parts) == len(found[0].parts)]
    if len(nearest) > 1:
        raise PipelineNotFoundError(
            "this holds several pipelines",
            where=str(folder),
            got=", ".join(place.name for place in nearest),
            remedy="name the folder of one of them",
        )
    return found[0]


def _check_not_spacy_2(folder: Path) -> None:
    for place in (folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))):
        if (place / META).is_file() and (place / "vocab").is_dir():
            raise CompileRefusedError(
                "this pipeline was saved by spaCy 2, or its config.cfg is missing",
                where=str(place),
                got=f"{META} without {CONFIG}",
                expected="a pipeline of spaCy 3",
                remedy="train it again with spaCy 3.8, or copy it again, whole",
            )


def _unpack(file: Path, folder: Path) -> None:
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)  # noqa: S202 - of a zip file, whose names are kept inside the folder
            return
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
                while archive.fileobj is not None and archive.fileobj.read(_BLOCK):
                    pass  # the check sum of a compressed file is looked at where it ends
            return
    except Exception as error:  # noqa: BLE001 - damaged archives answer with exceptions of many kinds
        raise PipelineNotFoundError(
            "the package cannot be unpacked",
            where=str(file),
            got=f"{type(error).__name__}: {error}",
            remedy="copy the package again, whole, or build it again with spacy package",
        ) from None
    raise PipelineNotFoundError(
        "this file is not a package of a pipeline, or it is cut short",
        where=str(file),
        expected="a folder, a wheel (.whl) or a source package (.tar.gz) of spacy package, or an installed name",
        remedy="name the folder that spacy train wrote, or copy the package again, whole",
    )


def _installed(name: str) -> Path:
    module = name.replace("-", "_")
    try:
        spec = importlib.util.find_spec(module) if module.isidentifier() else None
    except (ImportError, ValueError):  # a module without a spec, such as __main__
        spec = None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    installed = sorted(entry.name for entry in importlib.metadata.entry_points(group="spacy_models"))
    raise PipelineNotFoundError(
        "no such pipeline",
        where=name,
        got="neither a folder, nor a file, nor an installed package",
        expected=f"one of the installed pipelines ({', '.join(installed)})" if installed else "a path",
        remedy="check the path; a pipeline of spacy train is the folder training/model-best",
    )
