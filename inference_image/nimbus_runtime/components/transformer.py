"""The factory `nimbus_onnx_transformer`: what stands in a bundle where the transformer stood."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from nimbus_runtime.components.own import key_of
from nimbus_runtime.contract.bundle import GRAPH_FILE, SETTINGS_FILE
from nimbus_runtime.contract.errors import BundleInvalidError, NimbusError
from nimbus_runtime.encoder import Encoder
from nimbus_runtime.stacks import Stack, open_stack

Part = TypeVar("Part")
EXTENSION = "trf_data"


class OnnxTransformer:
    """Encodes documents and leaves the result on `doc._.trf_data` for the heads."""

    def __init__(self, name: str, *, private: bool = False) -> None:
        """Make an empty component; `from_disk` fills it. A private one's output is for the head that owns it."""
        self.name = name
        self._private = private
        self._folder: Path | None = None
        self._encoder: Encoder | None = None
        self._stack: Stack | None = None
        if not Doc.has_extension(EXTENSION):
            Doc.set_extension(EXTENSION, default=None)

    def __call__(self, doc: Doc) -> Doc:
        """Encode one document."""
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Encode a stream of documents, `batch_size` at a time; equally long windows share a call."""
        for docs in minibatch(stream, batch_size):
            self._annotate(docs)
            yield from docs

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> OnnxTransformer:
        """Open the encoder, its tokenizer and its settings."""
        del exclude
        folder = Path(path)
        try:
            settings: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_bytes())
            self._stack = open_stack(settings, folder)
            self._encoder = Encoder(folder / GRAPH_FILE)
        except NimbusError:
            raise
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own
            raise BundleInvalidError(
                "the transformer of this bundle cannot be opened",
                where=str(folder),
                got=f"{type(error).__name__}: {error}",
                remedy="compile the pipeline again",
            ) from error
        self._folder = folder
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Copy the component's files, so that `nlp.to_disk` works on an opened bundle."""
        del exclude
        shutil.copytree(self._opened(self._folder), path, dirs_exist_ok=True)

    def _annotate(self, docs: Sequence[Doc]) -> None:
        stack, encoder = self._opened(self._stack), self._opened(self._encoder)
        for doc, output in zip(docs, stack.outputs(docs, encoder.encode), strict=True):
            if self._private:
                doc.user_data[key_of(self.name)] = output
            else:
                doc._.trf_data = output

    def _opened(self, part: Part | None) -> Part:
        if part is None:
            raise BundleInvalidError(
                f"the transformer {self.name!r} has no encoder yet",
                remedy="open the bundle with spacy.load(PATH); it is not made by nlp.add_pipe",
            )
        return part


@Language.factory("nimbus_onnx_transformer", assigns=[f"doc._.{EXTENSION}"], default_config={"private": False})
def make_onnx_transformer(nlp: Language, name: str, *, private: bool) -> OnnxTransformer:
    """Make the component for spaCy."""
    del nlp
    return OnnxTransformer(name, private=private)
