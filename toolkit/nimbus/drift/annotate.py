"""A stratified sample of a run's documents for annotation: ids from the features, texts from the inputs.

Half of it are documents that drive the drift, half are any, both evenly over the top categories. Texts are read from
the inputs on this machine and found by the hashes of their rows; they go into the one file that was asked for.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nimbus.drift import drivers
from nimbus_runtime import readers, tables
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.documents import Document
from nimbus_runtime.contract.errors import (
    DriftError,
    InputChangedError,
    InputNotFoundError,
    InputSchemaError,
    InputUnreadableError,
    NimbusError,
    UsageError,
)
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.contract.records import OutputFormat, Plan, Run
from nimbus_runtime.duplicates import hash_id

if TYPE_CHECKING:
    from nimbus_runtime.contract.drift import Finding
    from nimbus_runtime.drift.windows import Window
    from nimbus_runtime.store import Store

_TARGET = 1 << 26  # bytes of an input that are read at once
_NAMED = 5


class Tool(StrEnum):
    """Whose lines are written."""

    PRODIGY = "prodigy"
    DOCCANO = "doccano"


class Task(StrEnum):
    """What is to be annotated."""

    ENTS = "ents"
    CATS = "cats"


@dataclass(frozen=True, slots=True)
class Sampled:
    """A document of the sample, and how much it drives the drift."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: documents, and those whose text is no longer what was scored. `unread` are inputs by name."""

    documents: int
    missing: int
    unread: tuple[str, ...] = ()


def sample(reference: Window, current: Window, findings: Sequence[Finding], size: int) -> list[Sampled]:
    """Choose documents: the same ones each time."""
    by_feature = drivers.scores(reference, current, findings)
    total = np.sum(list(by_feature.values()), axis=0) if by_feature else np.zeros(len(current.ids))
    order = np.array(sorted(range(len(current.ids)), key=lambda row: hash_id(str(current.ids[row]))), dtype=np.intp)
    driving = order[np.argsort(-total[order], kind="stable")]
    driving = driving[total[driving] > 0][: max(size, len(order) // 20)]
    chosen = list(dict.fromkeys(_evenly(driving, current, size // 2)))
    rest = [row for row in _evenly(order, current, size) if row not in set(chosen)]
    return [Sampled(str(current.ids[row]), float(total[row])) for row in [*chosen, *rest][:size]]


def _evenly(rows: np.ndarray[Any, Any], window: Window, size: int) -> list[int]:
    """Take rows in turn from each top category."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        groups[str(window.categories[row])].append(row)
    chosen: list[int] = []
    for turn in range(max(map(len, groups.values()), default=0)):
        chosen += [rows[turn] for _, rows in sorted(groups.items()) if turn < len(rows)]
        if len(chosen) >= size:
            break
    return chosen[:size]


def write(  # noqa: PLR0913, PLR0917 - all that an export is
    store: Store,
    run: Run,
    wanted: Sequence[Sampled],
    tool: Tool,
    task: Task | None,
    inputs: Sequence[InputFile] | None,
    file: BinaryIO,
) -> Written:
    """Write a line for each document of the sample whose text is still found in the inputs, wherever it stands."""
    chosen = _task(run, task)
    scores = {document.id: document.score for document in wanted}
    rows = _rows(store, run, frozenset(scores))
    plan = codec.decode(Plan, store.read(paths.plan(run.run)) or b"", f"{store.location}/{paths.plan(run.run)}")
    by_text: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.values():
        by_text[row["input_hash"]].append(row)
    lines: dict[str, bytes] = {}
    unread: dict[str, NimbusError] = {}
    for text in _texts(inputs or plan.inputs, plan, unread):
        for row in by_text.pop(hashlib.sha256(text.encode()).hexdigest(), ()):
            meta = {"document_id": row["id"], "run": run.run, "score": round(scores[row["id"]], 3)}
            line = _prodigy(text, row, chosen, meta) if tool is Tool.PRODIGY else _doccano(text, row, chosen, meta)
            lines[row["id"]] = json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        if not by_text:
            break
    if not lines:
        raise DriftError(
            "none of the documents is found in the inputs any more",
            where=f"run {run.run}",
            got=_few([error.what for error in unread.values()])
            if unread
            else f"other documents in {_few([file.name for file in inputs or plan.inputs])}",
            expected="the inputs that the run has read",
            remedy="name where they are now with --input",
        )
    file.writelines(lines.get(document_id, b"") for document_id in scores)
    return Written(len(lines), len(scores) - len(lines), tuple(unread))


def _few(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more


def resolve(inputs: Sequence[str]) -> list[InputFile]:
    """Return the files of inputs that lie elsewhere by now."""
    return readers.resolve(inputs, Path(tempfile.gettempdir()))


def _task(run: Run, task: Task | None) -> Task:
    offered = [each for each in Task if Annotation(each.value) in run.annotations]
    if task is None and offered:
        return offered[0]
    if task is None or task not in offered:
        raise UsageError(
            "this run has nothing of that kind to correct",
            where=f"run {run.run}",
            got=task or "neither ents nor cats",
            expected=" or ".join(offered) or "a run that wrote ents or cats",
            remedy="choose another --task or --run",
        )
    return task


def _texts(inputs: Sequence[InputFile], plan: Plan, unread: dict[str, NimbusError]) -> Iterator[str]:
    """Yield what inputs hold now, whatever they were when they were scored; note why one cannot be read.

    A text is known again by its hash alone: ids that were derived change with what stands before them.
    """
    for planned in inputs:
        try:
            (file, *_) = readers.resolve([planned.key], Path(tempfile.gettempdir()), default_format=planned.format)
            for part in readers.split(file, _TARGET):
                for item in readers.read(file, part, plan.settings.fields):
                    if isinstance(item, Document):
                        yield item.text
        except (InputNotFoundError, InputUnreadableError, InputChangedError, InputSchemaError) as error:
            unread[planned.name] = error


def _rows(store: Store, run: Run, ids: frozenset[str]) -> dict[str, dict[str, Any]]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    found: dict[str, dict[str, Any]] = {}
    for file in run.rows:
        if not file.rows:
            continue
        with store.opened(paths.data(run.run, file.file)) as opened:
            if run.output_format is OutputFormat.JSONL:
                rows = [row for row in map(json.loads, opened) if row["id"] in ids]
            else:
                table = tables.read(opened, ("id", "ents", "cats", "input_hash"))
                rows = table.filter(pc.is_in(table["id"], pa.array(sorted(ids)))).to_pylist()
        found |= {row["id"]: row for row in rows}
    return found


def _prodigy(text: str, row: Mapping[str, Any], task: Task, meta: dict[str, object]) -> dict[str, object]:
    if task is Task.ENTS:
        spans = [{"start": e["start"], "end": e["end"], "label": e["label"]} for e in row["ents"] or ()]
        return {"text": text, "spans": spans, "meta": meta}
    cats = row["cats"] or {}
    options = [{"id": label, "text": label} for label in cats]
    return {"text": text, "options": options, "accept": _top(cats), "meta": meta}


def _doccano(text: str, row: Mapping[str, Any], task: Task, meta: dict[str, object]) -> dict[str, object]:
    if task is Task.ENTS:
        return {"text": text, "label": [[e["start"], e["end"], e["label"]] for e in row["ents"] or ()], **meta}
    return {"text": text, "label": _top(row["cats"] or {}), **meta}


def _top(cats: Mapping[str, float]) -> list[str]:
    return [max(cats, key=lambda label: cats[label])] if cats else []
