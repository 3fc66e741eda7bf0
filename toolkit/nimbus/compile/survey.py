"""Looks at a pipeline and says of each component whether it compiles, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.known_functions import FACTORIES, known, references
from nimbus.compile.source import Source
from nimbus.compile.stacks import LISTENERS, read_transformer, stack_of
from nimbus.compile.stacks.parts import SavedTransformer, TransformerParts
from nimbus_runtime.contract.bundle import Precision

_CALLBACKS = ("before_creation", "after_creation", "after_pipeline_creation")


class Outcome(StrEnum):
    """What compiling does with a component."""

    COMPILED = "compiled"  # its transformer becomes an ONNX graph
    KEPT = "kept"  # it computes as it is
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one component, or of the pipeline as a whole (component "pipeline").

    Of a transformer, settings, names and shapes were looked at; `transformer` reads the rest.
    """

    component: str
    factory: str
    outcome: Outcome
    refusal: CompileRefusedError | None = None
    transformer: SavedTransformer | None = None


def survey(source: Source) -> list[Finding]:
    """Return a finding for each component, and one for each fault of the pipeline as a whole; read no weights."""
    findings = [Finding("pipeline", "", Outcome.REFUSED, refusal) for refusal in _pipeline_refusals(source)]
    for name, settings in source.components.items():
        factory = str(settings.get("factory", "?"))
        try:
            stack = stack_of(settings)
            if stack is not None:
                transformer = read_transformer(stack, settings, source.path / name)
                findings.append(Finding(name, factory, Outcome.COMPILED, transformer=transformer))
            else:
                _check_kept(source, name, settings, factory)
                findings.append(Finding(name, factory, Outcome.KEPT))
        except CompileRefusedError as refusal:
            findings.append(Finding(name, factory, Outcome.REFUSED, refusal))
    return findings


def require_compilable(source: Source, precision: Precision) -> dict[str, TransformerParts]:
    """Return the pipeline's transformers by component; refuse by the first fault, naming all that are at fault."""
    findings = survey(source)
    refused = [finding for finding in findings if finding.refusal is not None]
    if refused:
        raise _refusal(source, refused)
    transformers = {}
    for finding in findings:
        if finding.transformer is not None:
            try:
                transformers[finding.component] = finding.transformer.parts(precision)
            except CompileRefusedError as refusal:
                raise _refusal(source, [replace(finding, refusal=refusal)]) from None
    return transformers


def _refusal(source: Source, refused: Sequence[Finding]) -> CompileRefusedError:
    """Return the first refusal in the words of the pipeline, with the names of what else is refused."""
    first = refused[0]
    refusal = first.refusal
    assert refusal is not None  # noqa: S101 - selected by the caller
    others = ", ".join(dict.fromkeys(f.component for f in refused[1:] if f.component != first.component))
    return type(refusal)(
        f"{_named(first)}: {refusal.what}" + (f" (also refused: {others})" if others else ""),
        where=refusal.where or str(source.path),
        got=refusal.got,
        expected=refusal.expected,
        remedy=refusal.remedy,
    )


def _named(finding: Finding) -> str:
    if finding.component == "pipeline":
        return "this pipeline cannot be compiled"
    return f"component {finding.component!r} ({finding.factory}) cannot be compiled"


def _check_kept(source: Source, name: str, settings: Mapping[str, Any], factory: str) -> None:
    if factory not in FACTORIES:
        raise CompileRefusedError(
            f"its factory {factory!r} is neither spaCy's own nor a transformer that is supported yet",
            got=_architecture(settings) or factory,
            expected="a component that comes with spaCy, or a spacy-transformers transformer",
            remedy="remove the component with nlp.remove_pipe and save the pipeline, or keep it on torch",
        )
    _check_references(settings, f"components.{name}")
    if _listens(settings) and not any(stack_of(before) for before in _before(source, name)):
        raise CompileRefusedError(
            "it listens to a transformer that does not stand before it",
            expected="a transformer that is supported, earlier in [nlp] pipeline",
            remedy="put the transformer before it in [nlp] pipeline and save the pipeline again",
        )


def _before(source: Source, name: str) -> Iterator[dict[str, Any]]:
    for other, settings in source.components.items():
        if other == name:
            return
        yield settings


def _listens(settings: Mapping[str, Any]) -> bool:
    return any(name in LISTENERS for name, _ in references(settings, ""))


def _check_references(settings: object, path: str) -> None:
    for name, place in references(settings, path):
        if not known(name) and name not in LISTENERS:
            raise CompileRefusedError(
                f"it uses the function {name!r}, which is not spaCy's own",
                where=place,
                expected="functions that come with spaCy, or a listener of spacy-transformers",
                remedy="train the component with one of spaCy's own architectures, or keep the pipeline on torch",
            )


def _architecture(settings: Mapping[str, Any]) -> str | None:
    model = settings.get("model")
    return str(model["@architectures"]) if isinstance(model, Mapping) and "@architectures" in model else None


def _pipeline_refusals(source: Source) -> Iterator[CompileRefusedError]:
    spacy_version = str(source.meta.get("spacy_version", ""))
    oldest = re.search(r"(?:^|>=|==|~=|>)\s*v?(\d+)", spacy_version)
    if oldest is not None and oldest.group(1) != "3":
        yield CompileRefusedError(
            "it was trained with another major version of spaCy",
            got=f"spacy {spacy_version}",
            expected="spaCy 3",
            remedy="train it again with spaCy 3.8",
        )
    settings = source.config["nlp"]
    for key in _CALLBACKS:
        if settings.get(key):
            yield CompileRefusedError(
                f"its [nlp] {key} calls a function of its own",
                got=str(settings[key]),
                expected="null",
                remedy="remove the callback, and save the pipeline again",
            )
    try:
        _check_references({k: v for k, v in settings.items() if k not in _CALLBACKS}, "nlp")
    except CompileRefusedError as refusal:
        yield refusal
