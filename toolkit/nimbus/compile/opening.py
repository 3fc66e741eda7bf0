"""Opens a bundle before it is published, and says which component is at fault where that fails."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from confection import Config

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.source import CONFIG, Source
from nimbus_runtime import entry_points
from nimbus_runtime.contract.errors import NimbusError

if TYPE_CHECKING:
    from spacy.language import Language

_PROBE = "Nimbus opens every bundle once before it is published."


def opened(folder: Path, source: Source, packages: Iterable[str]) -> Language:
    """Open the bundle in a folder as workers will, so that what spaCy cannot open is never published.

    Of installed packages, spaCy finds only the functions of `packages`.
    """
    components = Config().from_disk(folder / CONFIG)["components"].values()
    try:
        with entry_points.only((str(settings.get("factory")) for settings in components), packages):
            nlp = _loaded(folder, source)
    except NimbusError:
        raise
    except Exception as error:  # of an installed package's component that cannot be imported
        raise _refused(folder, source, error, None, "") from error
    try:
        list(nlp.pipe([_PROBE]))
    except Exception as error:
        raise _refused(folder, source, error, _failing(nlp), "opens, and then cannot predict") from error
    return nlp


def _loaded(folder: Path, source: Source) -> Language:
    import spacy  # noqa: PLC0415 - a second of imports that a refusal should not wait for

    try:
        return spacy.load(folder)
    except Exception as error:
        raise _refused(
            folder, source, error, _unreadable(folder, source.components), "cannot be opened as it was saved"
        ) from error


def _refused(folder: Path, source: Source, error: Exception, component: str | None, fault: str) -> NimbusError:
    if isinstance(error, NimbusError):
        return error
    words = f"{type(error).__name__}: {' '.join(str(error).split())}".replace(str(folder), "BUNDLE")
    if component is None:
        return CompileRefusedError(
            "spaCy cannot open what was compiled",
            where=str(source.path),
            got=words,
            remedy="check that the pipeline itself loads with spacy.load, and save it again with spaCy 3.8",
        )
    return CompileRefusedError(
        f"component {component!r} ({source.components[component].get('factory')}) {fault}",
        where=str(source.path / component),
        got=words,
        expected="weights and tables that fit the component's settings in config.cfg",
        remedy="check that the pipeline itself loads with spacy.load and predicts, and save it again",
    )


def _unreadable(folder: Path, names: Collection[str]) -> str | None:
    """Return the first component that cannot be opened without the others, None where each of them can."""
    import spacy  # noqa: PLC0415 - as above

    for name in names:
        try:
            spacy.load(folder, exclude=[other for other in names if other != name])
        except Exception:  # noqa: BLE001 - it was raised before, and is told with what was raised
            return name
    return None


def _failing(nlp: Language) -> str | None:
    """Return the first component that raises on a text, None where only batches raise."""
    doc = nlp.make_doc(_PROBE)
    for name, component in nlp.pipeline:
        try:
            doc = component(doc)
        except Exception:  # noqa: BLE001 - as in opened
            return name
    return None
