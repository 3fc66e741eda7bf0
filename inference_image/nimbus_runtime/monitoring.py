"""What drift reports will need of every scored document: numbers and names of fields, never text.

Written beside each shard's rows while the document is in hand, since nothing later can know it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nimbus_runtime.contract.documents import Document
from nimbus_runtime.duplicates import hash_id

if TYPE_CHECKING:
    import pyarrow as pa
    from spacy.tokens import Doc

Features = dict[str, Any]


def schema() -> pa.Schema:
    """Return the columns: lengths, share of unknown pieces, labels, confidence, a vector for a sample, fields."""
    import pyarrow as pa  # noqa: PLC0415 - only where features are written

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("characters", pa.int32(), nullable=False),
            pa.field("tokens", pa.int32(), nullable=False),
            pa.field("pieces", pa.int32()),  # null without a transformer
            pa.field("unknown_rate", pa.float32()),  # unknown pieces, or tokens without a vector; null with neither
            pa.field("entity_counts", pa.map_(pa.string(), pa.int32())),
            pa.field("top_category", pa.string()),
            pa.field("top_probability", pa.float32()),
            pa.field("entropy", pa.float32()),  # of the categories' scores, in nats
            pa.field("vector", pa.list_(pa.float32())),  # of the sampled documents; null elsewhere
            pa.field("fields", pa.list_(pa.string())),  # beside the text: "type name", "others"; null of old runs
        ]
    )


def features(document: Document, doc: Doc, vector_sample: float) -> Features:
    """Return one document's row."""
    pieces, unknown_rate = _unknown(doc)
    return {
        "id": document.id,
        "characters": len(document.text),
        "tokens": len(doc),
        "pieces": pieces,
        "unknown_rate": unknown_rate,
        "entity_counts": sorted(Counter(e.label_ for e in doc.ents).items()),
        **_confidence(doc.cats),
        "vector": _vector(doc) if sampled(document.id, vector_sample) else None,
        "fields": document.fields,
    }


def sampled(document_id: str, share: float) -> bool:
    """Say whether a document is in the sample: by its id alone, so that any run samples alike."""
    return hash_id(document_id) < share * 2**64


def _unknown(doc: Doc) -> tuple[int | None, float | None]:
    output = doc._.trf_data if doc.has_extension("trf_data") else None
    if output is not None:
        pieces = len(output.pieces)
        return pieces, output.unknown / pieces if pieces else 0.0
    if doc.vocab.vectors_length and len(doc):
        return None, sum(token.is_oov for token in doc) / len(doc)
    return None, None


def _confidence(cats: Mapping[str, float]) -> Features:
    if not cats:
        return {"top_category": None, "top_probability": None, "entropy": None}
    top = max(cats, key=lambda label: cats[label])
    total = math.fsum(cats.values())
    shares = [score / total for score in cats.values() if score > 0] if total > 0 else []
    return {
        "top_category": top,
        "top_probability": cats[top],
        "entropy": -math.fsum(share * math.log(share) for share in shares),
    }


def _vector(doc: Doc) -> np.ndarray[Any, np.dtype[np.float32]] | None:
    output = doc._.trf_data if doc.has_extension("trf_data") else None
    states = doc.tensor if output is None else output.pieces
    return None if states.ndim != 2 or not len(states) else states.mean(axis=0, dtype=np.float32)
