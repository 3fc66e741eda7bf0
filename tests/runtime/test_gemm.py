"""Rules of the matrix product: which one computes is a run's choice, and no annotation depends on it."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from tests.toolkit.compile import saved
from thinc.api import NumpyOps

from nimbus import assembly
from nimbus_runtime import bundle as bundles
from nimbus_runtime.contract.errors import BundleUnsupportedError


@pytest.fixture(scope="module", params=["cnn", "trf"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bundles.Bundle:
    """Return a verified bundle of a CNN pipeline, and of a transformer."""
    folder = tmp_path_factory.mktemp("gemm")
    save = saved.save_cnn if request.param == "cnn" else saved.save_trf
    return assembly.compile_pipeline(str(save(folder / "pipeline")), folder / "bundle").bundle


def backends(nlp: Language) -> set[str]:
    """Return the matrix products that the layers of a pipeline compute with."""
    found = set()
    for _, component in nlp.pipeline:
        model = getattr(component, "model", None)
        for layer in model.walk() if model is not None and hasattr(model, "walk") else ():
            assert isinstance(layer.ops, NumpyOps)
            found.add("blis" if layer.ops.use_blis else "numpy")
    return found


def test_a_bundle_computes_with_numpys_product_unless_told_otherwise(bundle: bundles.Bundle) -> None:
    """Plain spacy.load and `load` take the bundle's own setting, for every layer."""
    assert backends(spacy.load(bundle.path)) == {"numpy"}
    assert backends(bundles.load(bundle)) == {"numpy"}


@pytest.mark.parametrize("gemm", ["numpy", "blis"])
def test_load_overrides_the_bundles_product(bundle: bundles.Bundle, gemm: str) -> None:
    """`gemm` decides for every layer, listeners of the transformer included."""
    assert backends(bundles.load(bundle, gemm)) == {gemm}


def test_both_products_give_the_same_annotations(bundle: bundles.Bundle) -> None:
    """The last bits of a product change no label, in random heads either."""
    said = [saved.predictions(bundles.load(bundle, gemm)) for gemm in ("numpy", "blis")]
    assert said[0] == said[1]


def test_an_unknown_product_is_named(bundle: bundles.Bundle) -> None:
    """A product that this runtime does not have is refused with those that it has."""
    with pytest.raises(BundleUnsupportedError, match="unknown matrix product") as caught:
        bundles.load(bundle, "cublas")
    assert caught.value.got == "cublas"
    assert caught.value.expected == "numpy or blis"
    assert caught.value.remedy
