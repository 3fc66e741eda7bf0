"""Looks for a trained pipeline and its inputs in a folder, so that nobody is asked what can be seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nimbus_runtime import readers
from nimbus_runtime.contract.errors import InputSchemaError, NimbusError
from nimbus_runtime.contract.inputs import Compression, Fields, Format, InputFile
from nimbus_runtime.readers.formats import recognise

_DEEP = 3  # folders below the one that is looked at
_SKIPPED = frozenset({"node_modules", "venv", "site-packages", "__pycache__", "infra", "bundle"})
_OF_PIPELINES = ("config.cfg", "meta.json")
_TEXT_ONLY = frozenset({Format.TEXT, Format.DOCBIN})  # without fields; they may be notes, or what was trained on
_NOTES = ("readme", "license", "requirements", "constraints", "changelog")
_TEXTS = "text body content message document sentence utterance description comment review".split()
_IDS = "id doc_id document_id uuid guid key message_id ticket_id".split()


def pipelines(folder: Path) -> list[str]:
    """Return the trained pipelines below a folder as relative paths; of a training's two only the best."""
    found = list(filter(_is_pipeline, _folders(folder)))
    best = {place.parent for place in found if place.name == "model-best"}
    kept = [place for place in found if not (place.name == "model-last" and place.parent in best)]
    return [_relative(place, folder) for place in kept]


def inputs(folder: Path, pipeline: str) -> list[str]:
    """Return patterns of files of documents below a folder, each of one folder and format.

    Texts without fields count where there is nothing else, and never those of a pipeline.
    """
    pipelines = {folder / pipeline, *filter(_is_pipeline, _folders(folder))}
    every: dict[tuple[Path, str], list[Path]] = {}
    for place in _folders(folder):
        if pipelines.isdisjoint((place, *place.parents)):
            for path in sorted(place.iterdir()):
                suffix = _data_suffix(path.name)
                if suffix and path.is_file():
                    every.setdefault((place, suffix), []).append(path)
    records = {key: paths for key, paths in every.items() if recognise(f"a{key[1]}")[0] not in _TEXT_ONLY}
    groups = records or every
    return [
        _relative(paths[0] if len(paths) == 1 else place / f"*{suffix}", folder)
        for (place, suffix), paths in groups.items()
    ]


def files(patterns: tuple[str, ...]) -> list[InputFile]:
    """Return the files that patterns mean now; those in a bucket are not asked for."""
    here = [pattern for pattern in patterns if "://" not in pattern]
    return readers.resolve(here, Path(os.devnull)) if here else []


def text_field(found: list[InputFile]) -> str | None:
    """Return the field that holds the text by the names that people give it, None where none has such a one."""
    return next((name for name in _TEXTS if _fits(found, Fields(name))), None)


def id_field(found: list[InputFile], text: str) -> str | None:
    """Return the field that holds the id by the names that people give it, None where none has such a one."""
    if any(file.format in _TEXT_ONLY for file in found):
        return None
    return next((name for name in _IDS if name != text and _fits(found, Fields(text, name))), None)


def fields(found: list[InputFile]) -> str:
    """Return the fields of the first file in words."""
    with suppress(NimbusError):
        try:
            readers.check_schema(found[0], Fields("\0"))
        except InputSchemaError as error:
            return error.got or ""
    return ""


def _fits(found: list[InputFile], fields: Fields) -> bool:
    try:
        readers.check_schemas(found[:1], fields)
    except InputSchemaError:
        return False
    return bool(found)


def _folders(folder: Path, deep: int = _DEEP) -> Iterator[Path]:
    yield folder
    if deep:
        with suppress(OSError):
            for place in sorted(folder.iterdir()):
                if _is_looked_into(place):
                    yield from _folders(place, deep - 1)


def _is_looked_into(place: Path) -> bool:
    hidden = place.name.startswith(".") or place.name in _SKIPPED
    own = (place / "bundle.json").is_file() or (place / "live.json").is_file()  # what Nimbus made
    return place.is_dir() and not place.is_symlink() and not hidden and not own


def _is_pipeline(place: Path) -> bool:
    return all((place / name).is_file() for name in _OF_PIPELINES)


def _data_suffix(name: str) -> str | None:
    """Return a name's end that tells its format, None where a run would not read it, or only people would."""
    form, packed = recognise(name)
    if form is None or (form in _TEXT_ONLY and name.lower().startswith(_NOTES)):
        return None
    return "".join(Path(name).suffixes[-1 if packed is Compression.NONE else -2 :])


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
