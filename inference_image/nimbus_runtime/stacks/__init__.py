"""How each transformer library for spaCy turns documents into sequences, and pieces back into tokens.

One module a stack. Each follows the library that trained the pipeline in every rule of windows,
truncation and alignment: a head is only as good as the vectors it was trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from nimbus_runtime.contract.errors import BundleUnsupportedError

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from nimbus_runtime.components.output import TransformerOutput

Encode = Callable[[Sequence[npt.NDArray[np.int32]]], list[npt.NDArray[np.float32]]]


class Stack(Protocol):
    """Runs an encoder over documents in one library's manner."""

    def outputs(self, docs: Sequence[Doc], encode: Encode) -> list[TransformerOutput]:
        """Return what each document's heads will read."""
        ...


def open_stack(settings: dict[str, Any], folder: Path) -> Stack:
    """Open the stack that a bundle's transformer was trained with."""
    name = settings.get("stack")
    if name == "spacy-transformers":
        from nimbus_runtime.stacks.spacy_transformers import SpacyTransformers  # noqa: PLC0415 - one of several

        return SpacyTransformers.open(settings, folder)
    if name == "spacy-curated-transformers":
        from nimbus_runtime.stacks.spacy_curated_transformers import (  # noqa: PLC0415 - one of several
            SpacyCuratedTransformers,
        )

        return SpacyCuratedTransformers.open(settings, folder)
    raise BundleUnsupportedError(
        "this bundle's transformer is of an unknown stack",
        where=str(folder),
        got=str(name),
        expected="spacy-transformers or spacy-curated-transformers",
        remedy="upgrade nimbus-runtime to the version that compiled it",
    )
