"""Takes settings and weights out of what was saved, each checked as it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nimbus.compile.architectures.encoder import Array
from nimbus.compile.errors import CompileRefusedError, WeightsInvalidError
from nimbus.compile.weights.mapped import blocks, forget

_SAVE_AGAIN = "copy the pipeline again, whole, or save it again where it was trained"


def choice(config: Mapping[str, Any], key: str, allowed: Sequence[Any], default: object) -> object:
    """Return a setting whose value must be one of a few; refuse any other by name."""
    value = config.get(key, default)
    if value not in allowed:
        raise CompileRefusedError(
            f"the encoder's setting {key!r} is not supported",
            got=repr(value),
            expected=" or ".join(repr(a) for a in allowed),
            remedy="train the pipeline with one of these, or keep it on torch",
        )
    return value


def number(config: Mapping[str, Any], key: str, default: int | None = None, lowest: int = 1) -> int:
    """Return a setting that must be a whole number, positive unless `lowest` says otherwise."""
    value = config.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise CompileRefusedError(
            f"the encoder's setting {key!r} is missing or wrong",
            got=repr(value),
            expected="a positive whole number" if lowest else "a whole number, not negative",
            remedy="save the pipeline again where it was trained",
        )
    return value


def check_heads(width: int, heads: int) -> None:
    """Refuse attention heads that do not share a width evenly."""
    if width % heads:
        raise CompileRefusedError(
            "the encoder's width is not a multiple of its attention heads",
            got=f"width {width}, {heads} heads",
            remedy="save the pipeline again where it was trained",
        )


def fraction(config: Mapping[str, Any], key: str, default: float) -> float:
    """Return a setting that must be a number above 0 and below 1."""
    value = config.get(key, default)
    if not isinstance(value, float) or not 0 < value < 1:
        raise CompileRefusedError(
            f"the encoder's setting {key!r} is wrong",
            got=repr(value),
            expected="a number above 0 and below 1",
            remedy="save the pipeline again where it was trained",
        )
    return value


def take(weights: Mapping[str, Array], name: str, shape: tuple[int, ...]) -> Array:
    """Return a weight of the expected shape as float32, or refuse the file by that weight's name.

    What is float32 already stays a view, of a file that may be larger than memory: do not change it in place.
    """
    if name not in weights:
        raise WeightsInvalidError(
            "a weight is missing from the saved encoder",
            got="nothing",
            expected=f"{name} of shape {shape}",
            remedy=_SAVE_AGAIN,
        )
    value = weights[name]
    if value.shape != shape:
        raise WeightsInvalidError(
            f"a weight of the saved encoder does not fit its configuration: {name}",
            got=f"shape {value.shape}",
            expected=f"shape {shape}",
            remedy=_SAVE_AGAIN,
        )
    if not _finite(value):
        raise WeightsInvalidError(
            f"a weight of the saved encoder is not finite: {name}",
            got="NaN or infinity",
            expected="finite numbers",
            remedy="train the pipeline again: its training diverged, or the file is damaged",
        )
    return value.astype(np.float32, copy=False)


def _finite(value: Array) -> bool:
    """Say whether all numbers are; along an axis that repeats one number, that one is looked at."""
    distinct = value[tuple(slice(0, 1) if step == 0 else slice(None) for step in value.strides)]
    for block in blocks(distinct):
        if not np.isfinite(block).all():
            return False
        forget(block)
    return True
