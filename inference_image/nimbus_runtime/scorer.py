"""Scores one shard: documents in, three files and a commit record out.

Output first, under its content's name, then the commit record: a shard is done when its record
exists, and whatever a worker leaves behind without one means nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from nimbus_runtime import monitoring, readers, stopwatch
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.documents import Document, Reason, Rejected
from nimbus_runtime.contract.records import Commit, Counts, OutputFormat, Plan
from nimbus_runtime.contract.words import plural
from nimbus_runtime.pipeline import Failure, annotate
from nimbus_runtime.rows import RowFormat, UnlistedLabelError
from nimbus_runtime.shard_files import RecordWriter, quarantine_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from spacy.language import Language
    from spacy.tokens import Doc

    from nimbus_runtime.contract.bundle import Manifest
    from nimbus_runtime.store import Store

# A chunk goes through the pipeline at once, so its bounds decide which documents share a batch; a
# zone's chunks share spaCy's transient strings. Both bound memory. Of metadata, only what is far beyond
# the usual ends a chunk.
_CHUNK_DOCUMENTS, _CHUNK_CHARACTERS, _CHUNK_METADATA = 256, 25_000, 16 << 20
_ZONE_CHUNKS = 32

Item = Document | Rejected


class Watcher(Protocol):
    """Is told how far a shard is, before the work that could end the process."""

    def begin(self, first: int, count: int) -> None:
        """Take in hand `count` documents of the shard from `first`, counted from 0."""
        ...

    def rest(self, source: str, position: int | None) -> None:
        """Have nothing in hand: what ends the process now, such as reading on, is no scored document's doing.

        `position` in the input `source` is of the last document that was scored, None before the first.
        """
        ...

    def progress(self, counts: Counts, position: int) -> None:
        """Note what is done of the shard, up to `position` in its input."""
        ...


@dataclass(frozen=True, slots=True)
class Care:
    """How to treat a shard that has already cost a worker; numbers count its documents from 0."""

    left_out: Mapping[int, str] = field(default_factory=dict)  # number -> why it is quarantined unread
    singly: Collection[int] = ()  # numbers that go through the pipeline one at a time


@dataclass(slots=True)
class _Files:
    """The three files of a shard."""

    rows: RecordWriter
    features: RecordWriter
    quarantine: RecordWriter


class Scorer:
    """A pipeline, a plan and a store: scores the plan's shards one by one."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a shard is scored with
        self, nlp: Language, manifest: Manifest, plan: Plan, store: Store, attempt: str, release: str = ""
    ) -> None:
        """Keep what all shards share; `release` says as which of the plan's they are scored, live's if it is empty."""
        self._release = release or plan.release
        self._nlp = nlp
        self._plan = plan
        self._store = store
        self._attempt = attempt
        self._max_length = manifest.max_length
        self._watch = stopwatch.Stopwatch()
        self._format = RowFormat(plan.settings.annotations, manifest.cats, plan.digest_of(self._release))

    def score(self, number: int, watcher: Watcher, care: Care) -> Commit:
        """Score a shard and commit it; a shard that was committed meanwhile stays as it is."""
        started = time.perf_counter()
        self._watch.reset()
        run = self._plan.run
        with contextlib.ExitStack() as stack:
            files = _Files(
                self._writer(stack, self._format.schema(), self._plan.settings.output_format),
                self._writer(stack, monitoring.schema(), OutputFormat.PARQUET),
                self._writer(stack, quarantine_schema(), OutputFormat.PARQUET),
            )
            counts = self._score(number, watcher, care, files)
            commit = Commit(
                shard=number,
                release=self._release,
                attempt=self._attempt,
                rows=files.rows.publish(run),
                quarantine=files.quarantine.publish(run) if counts.quarantined else None,
                features=files.features.publish(run),
                counts=counts,
                seconds=round(time.perf_counter() - started, 3),
                working=round(self._watch.seconds, 3),
            )
        self._store.create(paths.commit(run, self._release, number), codec.encode(commit))
        return commit

    def _writer(self, stack: contextlib.ExitStack, schema: pa.Schema, output_format: OutputFormat) -> RecordWriter:
        staged = stack.enter_context(self._store.staged())
        return stack.enter_context(RecordWriter(staged, schema, output_format))

    def _score(self, number: int, watcher: Watcher, care: Care, files: _Files) -> Counts:
        shard = self._plan.shards[number]
        source = self._plan.inputs[shard.input]
        waiting = chunks(readers.read(source, shard.part, self._plan.settings.fields))
        counts, first = Counts(), 0
        watcher.rest(source.name, None)
        while (chunk := next(waiting, None)) is not None:
            with self._nlp.memory_zone():
                for each in itertools.chain([chunk], itertools.islice(waiting, _ZONE_CHUNKS - 1)):
                    counts += self._score_chunk(source.name, first, each, watcher, care, files)
                    first += len(each)
                    watcher.progress(counts, each[-1].position)
        return counts

    def _score_chunk(  # noqa: PLR0913, PLR0917 - all of one chunk
        self, source: str, first: int, chunk: list[Item], watcher: Watcher, care: Care, files: _Files
    ) -> Counts:
        items = [self._admitted(first + i, item, care) for i, item in enumerate(chunk)]
        documents = {first + i: item for i, item in enumerate(items) if isinstance(item, Document)}
        tokens = 0
        rejected = [item for item in items if isinstance(item, Rejected)]
        for numbers in _batches(documents, care.singly):
            watcher.begin(numbers[0], numbers[-1] - numbers[0] + 1)
            batch = [documents[n] for n in numbers]
            with self._watch:
                docs = annotate(self._nlp, [document.text for document in batch])
            tokens += sum(len(doc) for doc in docs if not isinstance(doc, Failure))
            rows, features, refused = self._formed(batch, docs)
            rejected += refused
            watcher.rest(source, batch[-1].position)
            files.rows.write(rows)
            files.features.write(features)
        rejected.sort(key=lambda r: r.position)
        files.quarantine.write(
            [
                {
                    "id": r.id,
                    "input": source,
                    "position": r.position,
                    "reason": r.reason.value,
                    "detail": r.detail,
                }
                for r in rejected
            ]
        )
        return Counts(
            documents=len(chunk),
            scored=len(chunk) - len(rejected),
            quarantined=len(rejected),
            characters=sum(len(document.text) for document in documents.values()),
            tokens=tokens,
            reasons=dict(sorted(Counter(r.reason.value for r in rejected).items())),
        )

    def _admitted(self, number: int, item: Item, care: Care) -> Item:
        """Return an item, or why it is not even tried."""
        if isinstance(item, Rejected):
            return item
        if number in care.left_out:
            return Rejected(item.id, item.position, Reason.WORKER_KILLED, care.left_out[number])
        if len(item.text) > self._max_length:
            detail = f"{plural(len(item.text), 'character')}; the pipeline takes {self._max_length:,}"
            return Rejected(item.id, item.position, Reason.TOO_LONG, detail)
        return item

    def _formed(
        self, batch: Sequence[Document], docs: Sequence[Doc | Failure]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Rejected]]:
        """Return the rows and features of what was scored, and what was not."""
        rejected, rows, features = [], [], []
        for document, doc in zip(batch, docs, strict=True):
            if isinstance(doc, Failure):
                rejected.append(Rejected(document.id, document.position, Reason.COMPONENT_ERROR, doc.detail))
                continue
            row = self._format.row(document, doc)
            if isinstance(row, UnlistedLabelError):
                rejected.append(Rejected(document.id, document.position, Reason.UNLISTED_LABEL, str(row)))
                continue
            rows.append(row)
            features.append(monitoring.features(document, doc, self._plan.settings.vector_sample))
        return rows, features, rejected


def chunks(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Yield the items that go through the pipeline together."""
    chunk: list[Item] = []
    characters = metadata = 0
    for item in items:
        length = len(item.text) if isinstance(item, Document) else 0
        beside = len(item.metadata or "") if isinstance(item, Document) else 0
        full = characters + length > _CHUNK_CHARACTERS or metadata + beside > _CHUNK_METADATA
        if chunk and (full or len(chunk) >= _CHUNK_DOCUMENTS):
            yield chunk
            chunk, characters, metadata = [], 0, 0
        chunk.append(item)
        characters, metadata = characters + length, metadata + beside
    if chunk:
        yield chunk


def _batches(documents: Mapping[int, Any], singly: Collection[int]) -> Iterator[list[int]]:
    """Yield the numbers of documents that share a batch: all of a chunk, unless some are taken singly."""
    if not documents:
        return
    if any(number in singly for number in documents):
        yield from ([number] for number in documents)
    else:
        yield list(documents)
