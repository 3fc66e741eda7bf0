"""Rules of the matrix product: which one computes is a run's choice, and no annotation depends on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from tests.toolkit.compile import saved
from thinc.api import NumpyOps

from nimbus import assembly
from nimbus_runtime import bundle as bundles
from nimbus_runtime import gemm
from nimbus_runtime.contract.errors import BundleUnsupportedError
from nimbus_runtime.contract.records import Gemm, ProductTimes


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


@pytest.mark.parametrize("product", Gemm)
def test_load_overrides_the_bundles_product(bundle: bundles.Bundle, product: Gemm) -> None:
    """`gemm` decides for every layer, listeners of the transformer included."""
    assert backends(bundles.load(bundle, product)) == {product.value}


def test_both_products_give_the_same_annotations(bundle: bundles.Bundle) -> None:
    """The last bits of a product change no label, in random heads either."""
    said = [saved.predictions(bundles.load(bundle, product)) for product in Gemm]
    assert said[0] == said[1]


def test_an_unknown_product_is_named(bundle: bundles.Bundle) -> None:
    """A product that this runtime does not have is refused with those that it has."""
    with pytest.raises(BundleUnsupportedError, match="unknown matrix product") as caught:
        bundles.load(bundle, "cublas")
    assert caught.value.got == "cublas"
    assert caught.value.expected == "numpy or blis"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("numpy", "blis", "expected"),
    [(10, 30, Gemm.NUMPY), (30, 10, Gemm.BLIS), (10, 10, Gemm.NUMPY), (10, 9.6, Gemm.NUMPY), (10, 9.4, Gemm.BLIS)],
)
def test_the_faster_product_runs_and_numpys_on_a_tie(numpy: float, blis: float, expected: Gemm) -> None:
    """A product that is less than a twentieth faster is not worth the change."""
    assert gemm.faster(ProductTimes(numpy, blis)) is expected


def test_what_is_decided_was_measured(bundle: bundles.Bundle) -> None:
    """Without a wish both products are measured in a process of their own, and the faster one is taken."""
    product, times = gemm.decide(bundle.path)
    assert times is not None
    assert min(times.numpy, times.blis) > 0
    assert product is gemm.faster(times)


@pytest.mark.parametrize("product", Gemm)
def test_a_wish_is_not_measured(product: Gemm, tmp_path: Path) -> None:
    """The product that a user names is the one that runs, whatever is faster."""
    assert gemm.decide(tmp_path / "no bundle", product) == (product, None)


def test_products_are_measured_in_the_pipelines_sizes(tmp_path: Path) -> None:
    """A convolution of the settings gives its width times window and pieces, each size once; else spaCy's own."""
    layer = "width = 16\nwindow_size = 2\nmaxout_pieces = 4\n"
    config = tmp_path / "config.cfg"
    config.write_text(f'[a.model]\n{layer}[b.model]\n{layer}[c]\nwidth = 300\n[d]\nname = "50%"\n')
    assert gemm.sizes(config) == [(80, 64)]
    assert gemm.sizes(tmp_path / "nothing") == [(288, 288)]
