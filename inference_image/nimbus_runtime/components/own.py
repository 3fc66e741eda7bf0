"""The layer of a head that has a transformer of its own, because its listener was replaced in training.

In a bundle the transformer is a component that stands before the head and keeps its output to
itself; this layer reads it. As a listener does, it has the tree of layers that was trained with;
all of them but the pooling are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from nimbus_runtime.components.listener import Answer, Vectors, answer
from nimbus_runtime.contract.errors import BundleUnsupportedError

_TREES = ("spacy-transformers", "spacy-curated-transformers", "spacy-curated-transformers, adapted")


def key_of(component: str) -> str:
    """Return where on a document a transformer keeps an output that only one head reads."""
    return f"nimbus_transformer:{component}"


def own_transformer(
    pooling: Model[Ragged, Floats2d], width: int, component: str, tree: str
) -> Model[list[Doc], Vectors]:
    """Build the layer: `component` is the name of the transformer before the head, `tree` that of the layers."""
    if tree not in _TREES:
        raise BundleUnsupportedError(
            "a head's own transformer is of an unknown stack",
            got=tree,
            expected=" or ".join(_TREES),
            remedy="upgrade nimbus-runtime to the version that compiled this bundle",
        )
    layers = _hugging_face(pooling) if tree == _TREES[0] else _curated(pooling, adapted=tree == _TREES[2])
    attributes = {"pooling": pooling, "component": component}
    return Model("own-transformer", _listen, dims={"nO": width, "nI": None}, layers=layers, attrs=attributes)


def _listen(model: Model[Any, Any], docs: Sequence[Doc], is_train: bool) -> Answer:  # noqa: FBT001 - as thinc calls it
    key = key_of(model.attrs["component"])
    return answer(docs, [doc.user_data.get(key) for doc in docs], model, is_train=is_train)


def _hugging_face(pooling: Model[Ragged, Floats2d]) -> list[Model[Any, Any]]:
    transformer = _empty(_empty())
    return [_empty(transformer, _empty()), _empty(pooling)]


def _curated(pooling: Model[Ragged, Floats2d], *, adapted: bool) -> list[Model[Any, Any]]:
    pieces = _empty(_empty(), _empty()) if adapted else _empty()
    transformer = _empty(_empty(_empty(pieces, _empty(_empty()), _empty())))
    return [transformer, _empty(_empty(pooling))]


def _empty(*layers: Model[Any, Any]) -> Model[Any, Any]:
    return Model("empty", _never, dims={"nO": None, "nI": None}, layers=layers)


def _never(model: Model[Any, Any], given: object, is_train: bool) -> Answer:  # noqa: FBT001 - as thinc calls it
    del given, is_train
    raise AssertionError(f"an empty layer in the place of {model.name} was asked to compute")
