"""Checks a component that a bundle takes as it is: its factory, its functions, and what it saved."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.extras import Extras, provider
from nimbus.compile.known_functions import FACTORIES, TORCH, known, references
from nimbus.compile.source import Source
from nimbus.compile.stacks import ALL_LAYERS, LISTENERS, stack_of
from nimbus.compile.weights.mapped import map_file
from nimbus.compile.weights.msgpack import unpack

_AGAIN = "copy the pipeline again, whole, or save it again where it was trained"
_REMOVE = "remove the component with nlp.remove_pipe and save the pipeline, or keep it on torch"

# Factories that no option admits -> why, and what to do instead.
_NEVER = {
    "llm": (
        "it asks a language model by prompts, and a bundle predicts by itself",
        "let the language model label examples, and train a component of spaCy's own with them",
    ),
    **dict.fromkeys(
        ("experimental_coref", "experimental_span_resolver", "experimental_arc_predicter", "experimental_arc_labeler"),
        ("it is an experimental component that computes with torch", _REMOVE),
    ),
}
_SUCCESSORS = {
    "experimental_edit_tree_lemmatizer": "trainable_lemmatizer",
    "experimental_span_finder": "span_finder",
}


def check(source: Source, name: str, settings: Mapping[str, Any], extras: Extras) -> None:
    """Raise CompileRefusedError where a component would not compute in a bundle as it did before."""
    factory = str(settings.get("factory", "?"))
    if factory not in FACTORIES and (factory in _NEVER or factory not in extras.factories):
        raise _foreign(name, settings, factory)
    check_references(settings, f"components.{name}", extras)
    if _listens(settings) and not any(stack_of(before) for before in _before(source, name)):
        raise CompileRefusedError(
            "it listens to a transformer that does not stand before it",
            expected="a transformer that is supported, earlier in [nlp] pipeline",
            remedy="put the transformer before it in [nlp] pipeline and save the pipeline again",
        )
    if factory in FACTORIES and _architecture(settings) is not None:
        _check_model(source.path / name / "model", used=name not in (source.config["nlp"].get("disabled") or ()))
    if factory == "entity_linker":
        _check_knowledge(source.path / name / "kb", settings)


def check_references(settings: object, path: str, extras: Extras) -> None:
    """Refuse a function that is neither spaCy's own nor brought by what was named."""
    for name, place in references(settings, path):
        if name in TORCH:
            raise CompileRefusedError(
                f"it uses the function {name!r}, which computes with torch",
                where=place,
                expected="an encoder without torch, such as spacy.MaxoutWindowEncoder.v2",
                remedy="train the component with another encoder, or keep the pipeline on torch",
            )
        if name in ALL_LAYERS:
            raise CompileRefusedError(
                "it reads all layers of the transformer, of which a bundle has the last",
                where=place,
                got=name,
                expected="a listener to the last layer: LastTransformerLayerListener",
                remedy="train the component with such a listener, or keep the pipeline on torch",
            )
        if not known(name) and name not in LISTENERS and name not in extras.functions:
            raise CompileRefusedError(
                f"it uses the function {name!r}, which is not spaCy's own",
                where=place,
                expected="functions that come with spaCy, a listener of a supported transformer, or code that is named",
                remedy=f"{_naming(provider(name), repr(name))}; or train the component with spaCy's own functions",
            )


def _foreign(name: str, settings: Mapping[str, Any], factory: str) -> CompileRefusedError:
    got = _architecture(settings) or factory
    if factory in _NEVER:
        why, remedy = _NEVER[factory]
        return CompileRefusedError(why, got=got, expected="a component that computes by itself", remedy=remedy)
    if factory in _SUCCESSORS:
        return CompileRefusedError(
            f"its factory {factory!r} is an experiment that became part of spaCy",
            got=got,
            expected=_SUCCESSORS[factory],
            remedy=f"train the component with the factory {_SUCCESSORS[factory]!r}; "
            f"or {_naming(provider(factory, 'factories'), repr(factory))}",
        )
    return CompileRefusedError(
        f"its factory {factory!r} is neither spaCy's own nor a transformer that is supported, and was not named",
        got=got,
        expected="a component that comes with spaCy, a supported transformer, or code that is named",
        remedy=f"{_naming(provider(factory, 'factories'), repr(factory))}; "
        f"or remove it with nlp.remove_pipe({name!r}) and save the pipeline",
    )


def _naming(package: str | None, what: str) -> str:
    if package is not None:
        return f"add --allow {package}, the installed package that brings {what}"
    return f"add --code FILE.py with the file that registers {what}, or --allow PACKAGE once it is installed"


def _before(source: Source, name: str) -> Iterator[dict[str, Any]]:
    for other, settings in source.components.items():
        if other == name:
            return
        yield settings


def _listens(settings: Mapping[str, Any]) -> bool:
    return any(name in LISTENERS for name, _ in references(settings, ""))


def _architecture(settings: Mapping[str, Any]) -> str | None:
    model = settings.get("model")
    return str(model["@architectures"]) if isinstance(model, Mapping) and "@architectures" in model else None


def _check_model(place: Path, *, used: bool) -> None:
    """Look for what thinc writes, its numbers unread; whether it fits is known when the bundle is opened."""
    try:
        saved = unpack(map_file(place))
        whole = isinstance(saved, dict) and {"nodes", "params"} <= saved.keys()
        given = [value is not None for layer in saved["params"] for value in layer.values()] if whole else []
    except FileNotFoundError:
        raise WeightsInvalidError(
            "its weights are missing",
            where=str(place),
            got="no such file",
            expected="the file that nlp.to_disk writes for it",
            remedy=_AGAIN,
        ) from None
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - damaged data answers with exceptions of many kinds
        raise WeightsInvalidError(
            "its weights are damaged", where=str(place), got=f"{type(error).__name__}: {error}", remedy=_AGAIN
        ) from None
    if not whole:
        raise WeightsInvalidError(
            "its weights are damaged", where=str(place), got="something else than layers", remedy=_AGAIN
        )
    if used and given and not any(given):
        raise WeightsInvalidError(
            "it was never trained",
            where=str(place),
            got="layers without any weights",
            expected="a component that was trained, or initialized with nlp.initialize",
            remedy="train it and save the pipeline again, or remove it with nlp.remove_pipe",
        )


_KNOWLEDGE = ("spacy.EmptyKB.v1", "spacy.EmptyKB.v2")  # both make an InMemoryLookupKB


def _check_knowledge(folder: Path, settings: Mapping[str, Any]) -> None:
    maker = settings.get("generate_empty_kb")
    if isinstance(maker, Mapping) and maker.get("@misc") not in _KNOWLEDGE:
        return  # a class of its owner's, whose files only its own code can read
    try:
        header = (folder / "contents").read_bytes()[:16]
        entities, width = struct.unpack("=qq", header)
    except (FileNotFoundError, NotADirectoryError, struct.error):
        entities = width = -1
    if entities < 0 or not (folder / "strings.json").is_file():
        raise WeightsInvalidError(
            "its knowledge base is missing or damaged",
            where=str(folder),
            expected="the files contents and strings.json of an InMemoryLookupKB",
            remedy=_AGAIN,
        )
    if not entities or not width:
        raise WeightsInvalidError(
            "its knowledge base is empty",
            where=str(folder),
            got=f"{entities} entities with vectors of {width} numbers",
            expected="at least one entity",
            remedy="load the knowledge base with set_kb or [initialize] before the pipeline is trained and saved",
        )
