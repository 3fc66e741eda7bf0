"""spaCy's DocBin: the texts of documents that were annotated before, without the annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime.contract.inputs import Fields, InputFile, Slice
from nimbus_runtime.readers.intake import Intake
from nimbus_runtime.readers.opening import unpacked, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nimbus_runtime.contract.documents import Document, Rejected

SUFFIXES: tuple[str, ...] = (".spacy",)


def check_schema(file: InputFile, fields: Fields) -> None:  # noqa: ARG001 (a DocBin has no fields)
    """Open the file, which is loaded whole."""
    next(_contents(file), None)


def split(file: InputFile, target: int) -> list[Slice]:  # noqa: ARG001 (never split)
    """Return the whole file: a DocBin is one message that opens whole or not at all."""
    return [Slice(0, 1)]


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:  # noqa: ARG001 (neither is used)
    """Yield a document for each Doc, under the id in its `user_data`, if there is one."""
    derived, given = Intake(file.name), Intake(file.name, brings_ids=True)
    for number, (own_id, text) in enumerate(_contents(file)):
        brings_one = isinstance(own_id, (str, int)) and not isinstance(own_id, bool)
        intake = given if brings_one else derived
        yield intake.admit(number, text.encode("utf-8", "surrogatepass"), text, own_id, {})


def _contents(file: InputFile) -> Iterator[tuple[object, str]]:
    """Yield (id, text) of each Doc. Text that the file holds needs no trained vocabulary."""
    from spacy.tokens import DocBin  # noqa: PLC0415 (takes a second, only for those who have such files)
    from spacy.vocab import Vocab  # noqa: PLC0415

    with unpacked(file) as stream:
        content = stream.read()
        try:
            for doc in DocBin().from_bytes(content).get_docs(Vocab()):
                yield doc.user_data.get("id"), doc.text
        except Exception as error:
            raise unreadable(file, error, expected="a DocBin, as DocBin.to_disk() writes it") from error
