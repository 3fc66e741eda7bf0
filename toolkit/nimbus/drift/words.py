"""What a report says in words: features, effects and verdicts, as a data scientist would."""

from __future__ import annotations

from nimbus_runtime.contract.drift import FIELD, NULL, OTHER_FIELDS, Comparison, Finding, Kind, Level, of_fields
from nimbus_runtime.contract.words import plural

LABEL = "label "  # before an entity's label, in a feature's name
LABELS, FIELDS = "documents with each label", "fields of the documents"  # what is drawn together
_TITLES = {
    "characters": "length in characters",
    "tokens": "length in tokens",
    "pieces": "length in pieces",
    "unknown_rate": "share of unknown words",
    "top_probability": "confidence of the top category",
    "entropy": "entropy of the categories",
    "characters_per_token": "characters a token",
    "entities": "entities a document",
    "top_category": "top category",
    "quarantined": "quarantined documents",
    "vectors": "vectors",
    OTHER_FIELDS: "documents with other fields",
}
TYPES = {
    NULL: "null",
    "string": "a string",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}
_EFFECTS = {Kind.NUMBER: "KS D", Kind.CATEGORY: "total variation", Kind.SHARE: "Cohen's h", Kind.VECTOR: "AUC"}


def title(feature: str) -> str:
    """Return a feature's name as it is read."""
    if feature.startswith(LABEL):
        return f"documents with {feature.removeprefix(LABEL)}"
    head, _, rest = feature.partition(" ")
    if head == "missing" and rest:
        return f"documents without {_TITLES.get(rest, rest)}"
    if head == FIELD:
        return f"documents with the field {rest}"
    if of_fields(feature) and feature != OTHER_FIELDS:
        return f"documents whose {rest} is {TYPES[head]}"
    return _TITLES.get(feature, feature)


def effect(found: Finding) -> str:
    """Return an effect with its interval."""
    return f"{_EFFECTS[found.kind]} {found.effect:.2f} ({found.low:.2f} to {found.high:.2f})"


def summary(comparison: Comparison, documents: int) -> str:
    """Return the verdict as a sentence."""
    drifted = [title(found.feature) for found in comparison.findings if found.level is comparison.level]
    if comparison.level is Level.INSUFFICIENT:
        if not comparison.current:
            whose = "the run" if len(comparison.runs) == 1 else "the runs"
            return f"Insufficient data: {whose} scored no documents."
        few = min(comparison.reference, comparison.current)
        return f"Insufficient data: {plural(few, 'document')} in the smaller window; a verdict takes {documents:,}."
    if comparison.level is Level.NONE:
        return f"No drift: none of {len(comparison.findings)} features differs significantly and visibly."
    named = ", ".join(drifted[:3]) + (f" and {len(drifted) - 3} more" if len(drifted) > 3 else "")
    if comparison.level is Level.VISIBLE:
        return f"Visible drift, not large enough to act on: {named}."
    return f"Material drift: {named}."


def p_value(p: float) -> str:
    """Return a p-value as it is read."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def number(value: float) -> str:
    """Return a number with as many digits as it needs."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
