"""The layer by which a head reads the token vectors of the transformer before it.

It has the same tree of layers as the one that was trained with, so that a head's saved weights
load unchanged: thinc matches them by the number and order of the layers, not by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model, chain, deserialize_attr, serialize_attr
from thinc.types import Floats2d, Ragged

from nimbus_runtime.components.output import TransformerOutput
from nimbus_runtime.contract.errors import BundleUnsupportedError

Vectors = list[Floats2d]
Answer = tuple[Vectors, Callable[..., Any]]  # of a thinc layer: its output, and the way back


def transformer_listener(
    pooling: Model[Ragged, Floats2d], width: int, grad_factor: float = 1.0, upstream: str = "*"
) -> Model[list[Doc], Vectors]:
    """Build the layer for heads trained with spacy-transformers.

    `pooling` turns the pieces of a token into its vector of `width` floats. `upstream` and
    `grad_factor` matter in training alone: like the original, a head reads what the last
    transformer before it has left on the document.
    """
    del upstream
    listener: Model[Any, Any] = Model("transformer-listener", _listen, dims={"nO": width}, attrs={"pooling": pooling})
    pooled: Model[Any, Any] = Model("trfs2arrays", _pass_on, layers=[pooling], attrs={"grad_factor": grad_factor})
    model: Model[Any, Any] = chain(listener, pooled)
    model.set_ref("listener", listener)
    return model


def last_transformer_layer_listener(
    pooling: Model[Ragged, Floats2d], width: int, grad_factor: float = 1.0, upstream: str = "*"
) -> Model[list[Doc], Vectors]:
    """Build the layer for heads trained with spacy-curated-transformers; arguments as above."""
    del upstream
    pooled: Model[Any, Any] = Model("with_ragged_last_layer", _pass_on, layers=[pooling])
    return Model(
        "last_transformer_layer_listener",
        _listen,
        dims={"nO": width},
        layers=[pooled],
        attrs={"pooling": pooling, "grad_factor": grad_factor, "_state": _NothingKept()},
        refs={"pooling": pooling},
    )


class _NothingKept:
    """Where the original keeps a batch in training: thinc asks how it is written to disk, and it is not."""


@serialize_attr.register(_NothingKept)
def _write_nothing(_: object, value: _NothingKept, name: str, model: Model[Any, Any]) -> bytes:
    del value, name, model
    return b""


@deserialize_attr.register(_NothingKept)
def _read_nothing(_: object, value: bytes, name: str, model: Model[Any, Any]) -> _NothingKept:
    del value, name, model
    return _NothingKept()


def _listen(model: Model[Any, Any], docs: Sequence[Doc], is_train: bool) -> Answer:  # noqa: FBT001 - as thinc calls it
    return answer(docs, [doc._.trf_data for doc in docs], model, is_train=is_train)


def answer(
    docs: Sequence[Doc], outputs: Sequence[TransformerOutput | None], model: Model[Any, Any], *, is_train: bool
) -> Answer:
    """Return the token vectors of documents under a layer's pooling; zeros where there is no output."""
    if is_train:
        raise BundleUnsupportedError(
            "a bundle predicts and cannot be trained", remedy="train the original pipeline and compile it again"
        )
    pooling, width = model.attrs["pooling"], model.get_dim("nO")
    waiting = [output for output in outputs if output is not None and not output.has(pooling)]
    if waiting:
        TransformerOutput.pool(waiting, pooling)
    vectors = [
        np.zeros((len(doc), width), dtype="f") if output is None else output.vectors(pooling)
        for doc, output in zip(docs, outputs, strict=True)
    ]
    return cast("Vectors", vectors), _no_gradient


def _pass_on(model: Model[Any, Any], vectors: Vectors, is_train: bool) -> Answer:  # noqa: FBT001 - as thinc calls it
    del model, is_train
    return vectors, _no_gradient


def _no_gradient(_: object) -> list[object]:
    return []
