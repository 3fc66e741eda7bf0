"""A bundle predicts what the original predicts: every transformer of the matrix, random weights and heads.

When the whole matrix has run, its table stands in docs/supported.md.
"""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_transformers", reason="the original stack is not installed: make oracle")
pytest.importorskip("spacy_curated_transformers", reason="the original stack is not installed: make oracle")

import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.supported import write_table

from . import originals
from .comparing import assert_same, compiled
from .matrix import CASES, DOCUMENTS, Case

pytestmark = pytest.mark.oracle

_GENERATED = "generated texts"
_proved: set[tuple[str, str]] = set()


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Return one transformer of the matrix."""
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def pair(case: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[spacy.Language, spacy.Language]:
    """Return an original with every head, and its bundle."""
    folder = tmp_path_factory.mktemp("pair")
    original = originals.assembled(case.make(folder))
    return original, compiled(original, folder)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_annotation_is_the_originals(case: Case, pair: tuple[spacy.Language, spacy.Language], kind: str) -> None:
    """Vectors agree to 1e-4 and annotations exactly, whatever the text."""
    assert_same(*pair, DOCUMENTS[kind])
    _proved.add((str(case), kind))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=5))
def test_any_text_is_annotated_as_by_the_original(
    case: Case, pair: tuple[spacy.Language, spacy.Language], texts: list[str]
) -> None:
    """No text that can be generated tells the bundle from the original, which needs one that is not empty."""
    assert_same(*pair, ["late", *texts])
    _proved.add((str(case), _GENERATED))


def test_the_table_of_what_is_supported_is_what_was_proved() -> None:
    """docs/supported.md says what this run has proved; where it says otherwise it is written again."""
    kinds = [*DOCUMENTS, _GENERATED]
    if _proved != {(str(case), kind) for case in CASES for kind in kinds}:
        pytest.skip("the table is written when the whole matrix has run, and nothing of it failed")
    rows = [[case.stack, case.encoder, case.tokenizer, "equal"] for case in CASES]
    write_table(
        "transformers", [["trained with", "encoder", "tokenizer", f"over {len(kinds)} kinds of documents"], *rows]
    )
