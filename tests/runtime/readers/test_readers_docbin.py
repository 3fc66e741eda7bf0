"""DocBin: texts of documents that were annotated before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import spacy
from spacy.tokens import DocBin

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id
from nimbus_runtime.contract.errors import InputUnreadableError
from nimbus_runtime.contract.inputs import Fields, Slice
from nimbus_runtime.readers import check_schema, split

if TYPE_CHECKING:
    from conftest import ReadAll, Write


def test_texts_and_ids_are_read(write: Write, read_all: ReadAll) -> None:
    """An id in user_data counts where it is a string or an integer."""
    nlp = spacy.blank("en")
    docs = DocBin(store_user_data=True)
    for text, own_id in [("Hello, wörld!", "a"), ("x", 7), ("y  z", None), ("", True), ("n", "\0")]:
        doc = nlp(text)
        doc.user_data["id"] = own_id
        docs.add(doc)
    file = write("a.spacy", docs.to_bytes())
    check_schema(file, Fields())
    assert split(file, 1) == [Slice(0, 1)]
    *good, bad = read_all(file)
    assert good == [
        Document("a", "Hello, wörld!", None, 0),
        Document("7", "x", None, 1),
        Document(derived_id("a.spacy", 2, b"y  z"), "y  z", None, 2),
        Document(derived_id("a.spacy", 3, b""), "", None, 3),
    ]
    assert isinstance(bad, Rejected)
    assert bad.reason is Reason.NUL


@pytest.mark.parametrize("content", [b"no DocBin", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_what_is_no_docbin_is_unreadable(content: bytes, write: Write, read_all: ReadAll) -> None:
    """Checked beforehand and when read."""
    file = write("a.spacy", content)
    with pytest.raises(InputUnreadableError, match=r"a\.spacy"):
        check_schema(file, Fields())
    with pytest.raises(InputUnreadableError):
        read_all(file)
