"""The annotations that a run can write, under the names that `--annotations` takes."""

from __future__ import annotations

from enum import StrEnum


class Annotation(StrEnum):
    """A kind of annotation. Every offset counts characters (Unicode code points) of the text."""

    ENTS = "ents"  # [{start, end, label, kb_id, id}]
    CATS = "cats"  # {label: score}
    SPANS = "spans"  # [{key, start, end, label, kb_id, id}]
    SENTS = "sents"  # [{start, end}]
    TOKENS = "tokens"  # token_starts, token_ends: one number a token
    TAGS = "tags"  # one string a token, as are pos, morphs, lemmas and deps
    POS = "pos"
    MORPHS = "morphs"
    LEMMAS = "lemmas"
    HEADS = "heads"  # one token number a token: its own for a root
    DEPS = "deps"


TOKEN_LEVEL = frozenset(
    {
        Annotation.TOKENS,
        Annotation.TAGS,
        Annotation.POS,
        Annotation.MORPHS,
        Annotation.LEMMAS,
        Annotation.HEADS,
        Annotation.DEPS,
    }
)
