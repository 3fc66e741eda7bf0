"""What requests and answers look like, with examples: checked here, and shown at /docs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nimbus_runtime.contract.annotations import Annotation

ONE: dict[str, Any] = {"text": "Anna paid in Berlin."}
MANY: dict[str, Any] = {"texts": ["Anna paid in Berlin.", "The parcel came late."], "annotations": ["ents", "cats"]}
EXAMPLES = {
    "one": {"summary": "One text", "value": ONE},
    "many": {"summary": "Many texts, and only some annotations", "value": MANY},
}


class Predict(BaseModel):
    """One text or many; `annotations` are those wanted, all that the pipeline assigns if not given."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [ONE, MANY]})

    text: str | None = None
    texts: Annotated[list[str], Field(min_length=1)] | None = None
    annotations: list[Annotation] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Predict:
        if (self.text is None) == (self.texts is None):
            raise ValueError("either text or texts is needed, and not both")
        return self

    @property
    def all_texts(self) -> list[str]:
        """Return the texts, however many there are."""
        return self.texts if self.texts is not None else [self.text or ""]


class Span(BaseModel):
    """A part of the text; offsets count characters (Unicode code points)."""

    start: int
    end: int
    label: str | None = None
    key: str | None = None
    kb_id: str | None = None
    id: str | None = None


class Failure(BaseModel):
    """Why a document has no annotations: the reasons of a run's quarantine."""

    reason: str
    detail: str


class Document(BaseModel):
    """A document's annotations, by the names of a dataset's columns, or an error in their place."""

    input_hash: str | None = None
    ents: list[Span] | None = None
    cats: dict[str, float] | None = None
    spans: list[Span] | None = None
    sents: list[Span] | None = None
    token_starts: list[int] | None = None
    token_ends: list[int] | None = None
    tags: list[str] | None = None
    pos: list[str] | None = None
    morphs: list[str] | None = None
    lemmas: list[str] | None = None
    heads: list[int] | None = None
    deps: list[str] | None = None
    error: Failure | None = None


class Predicted(BaseModel):
    """The documents in the order of the texts, and what scored them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "release": "en_support-1.0.0-2eda1d780ff1",
                    "bundle_digest": "2eda1d780ff1…",
                    "documents": [
                        {
                            "ents": [{"start": 0, "end": 4, "label": "PERSON", "kb_id": None, "id": None}],
                            "cats": {"COMPLAINT": 0.02, "PRAISE": 0.98},
                            "input_hash": "9d1e…",
                        },
                        {"error": {"reason": "too-long", "detail": "31,000 characters; the server takes 20,000"}},
                    ],
                }
            ]
        }
    )

    release: str
    bundle_digest: str
    documents: list[Document]


class Refusal(BaseModel):
    """Why a request was not answered with documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": {"reason": "busy", "detail": "256 texts wait already"}}]}
    )

    error: Failure


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "Not JSON, or not a request"},
    401: {"model": Refusal, "description": "No key, or nobody's"},
    408: {"model": Refusal, "description": "The request took too long to arrive"},
    413: {"model": Refusal, "description": "Too large, or too many texts"},
    422: {"model": Predicted, "description": "None of the texts could be scored; each says why"},
    429: {"model": Refusal, "description": "Too many texts wait; come back after Retry-After"},
    503: {"model": Refusal, "description": "Not ready yet, or no more"},
    504: {"model": Refusal, "description": "The texts waited too long"},
}
