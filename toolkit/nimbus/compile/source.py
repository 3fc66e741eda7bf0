"""Finds the trained pipeline that a user names: a folder, a package file, or an installed package."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confection import Config

from nimbus.compile.errors import CompileRefusedError, PipelineNotFoundError

CONFIG, META = "config.cfg", "meta.json"


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
    if path.is_dir():
        yield _read(_inside(path))
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="nimbus-") as folder:
            _unpack(path, Path(folder))
            yield _read(_inside(Path(folder)))
    else:
        yield _read(_inside(_installed(named)))


def _read(path: Path) -> Source:
    try:
        config = Config().from_disk(path / CONFIG, interpolate=True)
        meta = json.loads((path / META).read_bytes())
        source = Source(path, config, dict(meta))
        source.components  # noqa: B018 - every component that the pipeline names must have settings
    except Exception as error:  # noqa: BLE001 - a damaged config answers with exceptions of many kinds
        raise CompileRefusedError(
            "the pipeline's config.cfg or meta.json cannot be read",
            where=str(path),
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            expected="the files that nlp.to_disk writes",
            remedy="save the pipeline again where it was trained",
        ) from None
    return source


def _inside(folder: Path) -> Path:
    """Return the folder with the pipeline's files: this one, or the one that a package wraps around it."""
    if (folder / CONFIG).is_file() and (folder / META).is_file():
        return folder
    found = sorted((place.parent for place in folder.rglob(CONFIG)), key=lambda p: (len(p.parts), str(p)))
    found = [place for place in found if (place / META).is_file()]
    if not found:
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
            remedy="name one of them",
        )
    return found[0]


def _unpack(file: Path, folder: Path) -> None:
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
            return
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
            return
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise PipelineNotFoundError(
            "the package cannot be unpacked",
            where=str(file),
            got=f"{type(error).__name__}: {error}",
            remedy="build it again with spacy package",
        ) from None
    raise PipelineNotFoundError(
        "this file is not a pipeline",
        where=str(file),
        expected="a folder, a wheel (.whl) or a source package (.tar.gz) of spacy package, or an installed name",
    )


def _installed(name: str) -> Path:
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    installed = sorted(
        entry.name for entry in importlib.metadata.entry_points(group="spacy_models")
    )
    raise PipelineNotFoundError(
        "no such pipeline",
        where=name,
        got="neither a folder, nor a file, nor an installed package",
        expected=f"one of the installed pipelines ({', '.join(installed)})" if installed else "a path",
        remedy="check the path; a pipeline of spacy train is the folder training/model-best",
    )
