"""The matrix product that a pipeline's layers compute with.

thinc multiplies with BLIS by default; the BLAS that comes with numpy is several times faster
on the matrices of spaCy's layers. The results differ in the last bits only, but they differ:
one run computes with one of them throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from thinc.api import Model, NumpyOps

from nimbus_runtime.contract.errors import BundleUnsupportedError

if TYPE_CHECKING:
    from spacy.language import Language

BACKENDS = ("numpy", "blis")


def gemm_callback(backend: str) -> Callable[[Language], Language]:
    """Return what spaCy calls when it has created the pipeline's components."""

    def after_pipeline_creation(nlp: Language) -> Language:
        use_gemm(nlp, backend)
        return nlp

    return after_pipeline_creation


def use_gemm(nlp: Language, backend: str) -> None:
    """Let every layer of a pipeline multiply with `backend`."""
    if backend not in BACKENDS:
        raise BundleUnsupportedError(
            "unknown matrix product",
            got=backend,
            expected=" or ".join(BACKENDS),
            remedy="upgrade nimbus-runtime",
        )
    ops = NumpyOps(use_blis=backend == "blis")
    for _, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model):
            for layer in model.walk():
                layer.ops = ops
