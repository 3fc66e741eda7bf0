"""A scored document as a row: the columns of a dataset, and what stands in each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.attrs import DEP, IDX, LEMMA, LENGTH, MORPH, TAG

from nimbus_runtime.contract.annotations import TOKEN_LEVEL, Annotation
from nimbus_runtime.contract.documents import Document

if TYPE_CHECKING:
    import pyarrow as pa
    from spacy.tokens import Doc, Span

Row = dict[str, Any]


class UnlistedLabelError(Exception):
    """A document was given a category that the bundle does not list."""


@dataclass(frozen=True)
class RowFormat:
    """Turns documents into rows of a fixed schema."""

    annotations: tuple[Annotation, ...]
    cats: tuple[str, ...]
    bundle_digest: str

    @cached_property
    def columns(self) -> dict[str, Callable[[Doc], object]]:
        """Return the annotation columns and what fills each, in the order of the schema."""
        wanted = set(self.annotations)
        if wanted & TOKEN_LEVEL:
            wanted.add(Annotation.TOKENS)
        columns: dict[str, Callable[[Doc], object]] = {}
        for annotation in Annotation:
            if annotation in wanted:
                columns |= _COLUMNS[annotation]
        if Annotation.CATS in wanted and self.cats:
            columns["cats"] = self._cats
        return columns

    def schema(self) -> pa.Schema:
        """Return the schema of the rows in Parquet."""
        import pyarrow as pa  # noqa: PLC0415 - only where rows are written

        types = _types(self.cats)
        fields = [pa.field("id", pa.string(), nullable=False)]
        fields += [pa.field(name, types[name]) for name in self.columns]
        fields += [
            pa.field("metadata", pa.string()),
            pa.field("input_hash", pa.string(), nullable=False),
            pa.field("bundle_digest", pa.string(), nullable=False),
        ]
        return pa.schema(fields)

    def row(self, document: Document, doc: Doc) -> Row | UnlistedLabelError:
        """Return a document's row, or why it has none."""
        try:
            annotations = {name: fill(doc) for name, fill in self.columns.items()}
        except UnlistedLabelError as error:
            return error
        return {
            "id": document.id,
            **annotations,
            "metadata": document.metadata,
            "input_hash": hashlib.sha256(document.text.encode()).hexdigest(),
            "bundle_digest": self.bundle_digest,
        }

    def _cats(self, doc: Doc) -> dict[str, float]:
        unlisted = sorted(doc.cats.keys() - set(self.cats))
        if unlisted:
            raise UnlistedLabelError(f"categories that the bundle does not list: {', '.join(unlisted)}")
        return dict(doc.cats)


def as_json(row: Row) -> bytes:
    """Return a row as a line of JSON; metadata as an object."""
    metadata = row["metadata"]
    values = plain(row)
    values["metadata"] = None if metadata is None else json.loads(metadata)
    try:
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # metadata may hold half a surrogate pair, which only an escape can say
        line = json.dumps(values, separators=(",", ":")).encode()
    return line + b"\n"


def plain(row: Row) -> Row:
    """Return a row whose arrays are lists."""
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def _ents(doc: Doc) -> object:
    return [{"start": e.start_char, "end": e.end_char, "label": e.label_, **_identity(e)} for e in doc.ents]


def _identity(span: Span) -> dict[str, str | None]:
    """Return what a linker and a ruler call the thing, null without one."""
    return {"kb_id": span.kb_id_ or None, "id": span.id_ or None}


def _spans(doc: Doc) -> object:
    return [
        {"key": key, "start": span.start_char, "end": span.end_char, "label": span.label_, **_identity(span)}
        for key in sorted(doc.spans)
        for span in doc.spans[key]
    ]


def _sents(doc: Doc) -> object:
    if not len(doc) or not doc.has_annotation("SENT_START"):
        return []
    return [{"start": s.start_char, "end": s.end_char} for s in doc.sents]


_COLUMNS: dict[Annotation, dict[str, Callable[[Doc], object]]] = {
    Annotation.ENTS: {"ents": _ents},
    Annotation.CATS: {},  # filled by a RowFormat, which knows the labels
    Annotation.SPANS: {"spans": _spans},
    Annotation.SENTS: {"sents": _sents},
    Annotation.TOKENS: {
        "token_starts": lambda doc: doc.to_array(IDX).astype(np.int32),
        "token_ends": lambda doc: (doc.to_array(IDX) + doc.to_array(LENGTH)).astype(np.int32),
    },
    Annotation.TAGS: {"tags": lambda doc: _strings(doc, TAG)},
    Annotation.POS: {"pos": lambda doc: [t.pos_ for t in doc]},
    Annotation.MORPHS: {"morphs": lambda doc: _strings(doc, MORPH)},
    Annotation.LEMMAS: {"lemmas": lambda doc: _strings(doc, LEMMA)},
    Annotation.HEADS: {"heads": lambda doc: [t.head.i for t in doc]},
    Annotation.DEPS: {"deps": lambda doc: _strings(doc, DEP)},
}


def _strings(doc: Doc, attribute: int) -> list[str]:
    """Return a string for each token, each different one looked up once."""
    keys = doc.to_array(attribute).tolist()
    strings = {key: doc.vocab.strings[key] for key in set(keys)}
    return [strings[key] for key in keys]


def _types(cats: Sequence[str]) -> dict[str, pa.DataType]:
    import pyarrow as pa  # noqa: PLC0415 - only where rows are written

    place = [("start", pa.int32()), ("end", pa.int32())]
    named = [("label", pa.string()), ("kb_id", pa.string()), ("id", pa.string())]
    strings = pa.list_(pa.string())
    return {
        "ents": pa.list_(pa.struct([*place, *named])),
        "spans": pa.list_(pa.struct([("key", pa.string()), *place, *named])),
        "sents": pa.list_(pa.struct(place)),
        "cats": pa.struct([(label, pa.float32()) for label in cats]),
        **dict.fromkeys(("token_starts", "token_ends", "heads"), pa.list_(pa.int32())),
        **dict.fromkeys(("tags", "pos", "morphs", "lemmas", "deps"), strings),
    }
