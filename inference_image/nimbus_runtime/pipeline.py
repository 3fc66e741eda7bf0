"""Texts through a pipeline, so that one text's failure is its own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


@dataclass(frozen=True, slots=True)
class Failure:
    """Which component raised what. The exception's own words are left out: they may quote the text."""

    component: str
    error: str

    @property
    def detail(self) -> str:
        """Return it in words."""
        return f"{self.component} raised {self.error}"


def annotate(nlp: Language, texts: Sequence[str]) -> list[Doc | Failure]:
    """Return each text's document; a text that makes a component raise gets a failure in its place.

    An empty text goes alone: most of spaCy's text classifiers fail on a batch that holds one.
    """
    full = [text for text in texts if text]
    docs: list[Doc | Failure] | None = None
    with contextlib.suppress(Exception):  # any component may raise anything; each text is tried alone below
        docs = list(nlp.pipe(full, batch_size=max(1, len(full))))
    if docs is None:  # what was raised is gone, and the memory with it that its frames held
        docs = [_alone(nlp, text) for text in full]
    scored = iter(docs)
    return [next(scored) if text else _alone(nlp, text) for text in texts]


def _alone(nlp: Language, text: str) -> Doc | Failure:
    component = "tokenizer"
    try:
        doc = nlp.make_doc(text)
        for component, pipe in nlp.pipeline:  # noqa: B007 - the last one tried is the one to name
            doc = pipe(doc)
    except Exception as error:  # noqa: BLE001 - put into the document's quarantine record
        return Failure(component, type(error).__name__)
    return doc
