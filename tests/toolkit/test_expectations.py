"""Without torch: a bundle says what the original was recorded to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
from tests.fixtures import expectations

from nimbus import demo
from nimbus.compile.compile import compile_pipeline
from nimbus.compile.source import find

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's transformer pipeline, compiled."""
    folder = tmp_path_factory.mktemp("support") / "bundle"
    with find(str(demo.PIPELINES / "support_trf")) as source:
        compile_pipeline(source, folder)
    return folder


def test_every_recorded_annotation_and_vector_is_given_again(bundle: Path) -> None:
    """The trained demo pipeline, over long documents and every edge case, as torch predicted it."""
    texts = expectations.texts()
    answers = expectations.said(spacy.load(bundle), texts)
    for text, ours, theirs in zip(texts, answers, expectations.recorded(), strict=True):
        assert ours["ents"] == theirs["ents"], text
        assert ours["tags"] == theirs["tags"], text
        assert ours["cats"] == pytest.approx(theirs["cats"], abs=TOLERANCE), text
        expected = np.array(theirs["vectors"])
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(np.array(ours["vectors"]), expected, atol=TOLERANCE * scale, err_msg=text)
