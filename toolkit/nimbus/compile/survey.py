"""Looks at a pipeline and says of each component whether it compiles, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nimbus.compile import kept, languages
from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.extras import NONE, Extras
from nimbus.compile.known_functions import FACTORIES
from nimbus.compile.source import Source
from nimbus.compile.stacks import read_transformer, stack_of
from nimbus.compile.stacks.parts import SavedTransformer, TransformerParts
from nimbus_runtime.contract.bundle import Precision

_OVERWRITTEN = "after_pipeline_creation"  # by the bundle's own
_CALLBACKS = ("before_creation", "after_creation", _OVERWRITTEN)


class Outcome(StrEnum):
    """What compiling does with a component."""

    COMPILED = "compiled"  # its transformer becomes an ONNX graph
    KEPT = "kept"  # it computes as it is
    NAMED = "named"  # likewise, with code that its owner named
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


def survey(source: Source, extras: Extras = NONE) -> list[Finding]:
    """Return a finding for each component, and one for each fault of the pipeline as a whole; read no weights."""
    findings = [Finding("pipeline", "", Outcome.REFUSED, refusal) for refusal in _pipeline_refusals(source, extras)]
    for name, settings in source.components.items():
        factory = str(settings.get("factory", "?"))
        try:
            stack = stack_of(settings)
            if stack is not None:
                transformer = read_transformer(stack, settings, source.path / name)
                findings.append(Finding(name, factory, Outcome.COMPILED, transformer=transformer))
            else:
                kept.check(source, name, settings, extras)
                own = factory in extras.factories and factory not in FACTORIES
                findings.append(Finding(name, factory, Outcome.NAMED if own else Outcome.KEPT))
        except CompileRefusedError as refusal:
            findings.append(Finding(name, factory, Outcome.REFUSED, refusal))
    return findings


def require_compilable(source: Source, precision: Precision, extras: Extras = NONE) -> dict[str, TransformerParts]:
    """Return the pipeline's transformers by component; refuse by the first fault, naming all that are at fault."""
    findings = survey(source, extras)
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


def _pipeline_refusals(source: Source, extras: Extras) -> Iterator[CompileRefusedError]:
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
        called = settings.get(key)
        if called and (key == _OVERWRITTEN or called.get("@callbacks") not in extras.functions):
            yield CompileRefusedError(
                f"its [nlp] {key} calls a function of its own",
                got=str(called),
                expected="null" if key == _OVERWRITTEN else "null, or a function of code that is named",
                remedy="remove the callback, and save the pipeline again",
            )
    try:
        kept.check_references({k: v for k, v in settings.items() if k not in _CALLBACKS}, "nlp", extras)
        languages.check(source, extras)
    except CompileRefusedError as refusal:
        yield refusal
