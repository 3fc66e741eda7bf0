"""Looks at a pipeline and says of each component whether it compiles, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from nimbus.compile import kept, languages
from nimbus.compile.errors import CompileRefusedError
from nimbus.compile.extras import NONE, Extras
from nimbus.compile.known_functions import FACTORIES
from nimbus.compile.source import Source
from nimbus.compile.stacks import stack_of
from nimbus.compile.stacks.parts import TransformerParts
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

    A transformer that compiles has been read for that: `transformer` is what was read.
    """

    component: str
    factory: str
    outcome: Outcome
    refusal: CompileRefusedError | None = None
    transformer: TransformerParts | None = None


def survey(source: Source, precision: Precision = Precision.FP32, extras: Extras = NONE) -> list[Finding]:
    """Return a finding for each component, and one for each fault of the pipeline as a whole."""
    findings = [Finding("pipeline", "", Outcome.REFUSED, refusal) for refusal in _pipeline_refusals(source, extras)]
    for name, settings in source.components.items():
        factory = str(settings.get("factory", "?"))
        try:
            stack = stack_of(settings)
            if stack is not None:
                parts = stack.read(settings, source.path / name, precision)
                findings.append(Finding(name, factory, Outcome.COMPILED, transformer=parts))
            else:
                kept.check(source, name, settings, extras)
                own = factory in extras.factories and factory not in FACTORIES
                findings.append(Finding(name, factory, Outcome.NAMED if own else Outcome.KEPT))
        except CompileRefusedError as refusal:
            findings.append(Finding(name, factory, Outcome.REFUSED, refusal))
    return findings


def require_compilable(source: Source, precision: Precision, extras: Extras = NONE) -> dict[str, TransformerParts]:
    """Return the pipeline's transformers by component; refuse by the first fault, naming all that are at fault."""
    findings = survey(source, precision, extras)
    refused = [finding for finding in findings if finding.refusal is not None]
    if not refused:
        return {f.component: f.transformer for f in findings if f.transformer is not None}
    first = refused[0]
    refusal = first.refusal
    assert refusal is not None  # noqa: S101 - selected above
    others = ", ".join(dict.fromkeys(f.component for f in refused[1:] if f.component != first.component))
    raise type(refusal)(
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
