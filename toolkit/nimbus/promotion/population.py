"""The documents that a sample is drawn from: those of the last published run, or of the inputs as they are now."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

from nimbus.promotion.sample import Chosen, Known, choose
from nimbus_runtime import canary, readers, tables
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.documents import Document
from nimbus_runtime.contract.errors import InputChangedError, InputNotFoundError
from nimbus_runtime.contract.inputs import Fields, InputFile
from nimbus_runtime.contract.records import Commit, OutputFormat, Plan, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_MOST_SHARDS = 64  # of a large run: chosen by hash, like the documents in them
_A_SHARD = 1 << 24  # bytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document of the sample with its text, and live's row where its run has one."""

    chosen: Chosen
    text: str
    row: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Population:
    """A sample with texts. `of_run` says that it was drawn from what a run has published."""

    drawn: tuple[Drawn, ...]
    documents: int
    strata: int
    of_run: bool


def of_run(store: Store, plan: Plan, run: Run, wanted: int) -> Population | None:
    """Draw from a published run, by what it says of its documents; None where an input is no longer what it was."""
    owners = canary.owners(store, plan) if run.candidate else [plan.release] * len(plan.shards)
    own = [n for n, owner in enumerate(owners) if owner == plan.release]
    ranked = sorted(own, key=lambda n: blake2b(str(n).encode(), digest_size=8).digest())
    shards = sorted(ranked[:_MOST_SHARDS])
    commits = {n: canary.read_commit(store, plan, owners[n], n) for n in shards}
    population = [known for n in shards for known in _known(store, plan, n, commits[n])]
    if not population:
        return None
    sample = choose(population, wanted)
    drawn: list[Drawn] = []
    try:
        for n in shards:
            chosen = [c for c in sample.chosen if c.known.shard == n]
            drawn += _drawn(store, plan, run.output_format, commits[n], chosen) if chosen else []
    except (InputChangedError, InputNotFoundError):
        return None
    return Population(tuple(drawn), run.counts.documents, sample.strata, of_run=True)


def of_inputs(inputs: Sequence[InputFile], fields: Fields, wanted: int) -> Population:
    """Draw from inputs as they are: so many documents, those with the smallest hashes of their ids."""
    kept: list[tuple[int, int, Drawn]] = []
    count = 0
    for file in inputs:
        for part in readers.split(file, _A_SHARD):
            for item in readers.read(file, part, fields):
                if not isinstance(item, Document):
                    continue
                count += 1
                rank = -int.from_bytes(blake2b(item.id.encode("utf-8", "surrogatepass"), digest_size=8).digest())
                known = Known(0, count, item.id, file.name, len(item.text), "")
                heapq.heappush(kept, (rank, -count, Drawn(Chosen(known, 1.0), item.text, None)))
                if len(kept) > wanted:
                    heapq.heappop(kept)
    drawn = sorted((drawn for _, _, drawn in kept), key=lambda drawn: drawn.chosen.known.number)
    return Population(tuple(drawn), count, 1, of_run=False)


def _known(store: Store, plan: Plan, shard: int, commit: Commit) -> Iterator[Known]:
    columns = ["id", "characters", "entity_counts", "top_category"]
    with store.opened(paths.data(plan.run, commit.features.file)) as file:
        table = tables.read(file, columns).to_pydict()
    source = plan.inputs[plan.shards[shard].input].name if plan.inputs else ""
    for number, (name, length, entities, category) in enumerate(zip(*(table[c] for c in columns), strict=True)):
        label = category or max(entities or [("no entity", 0)], key=lambda item: item[1])[0]
        yield Known(shard, number, name, source, length, label)


def _drawn(
    store: Store, plan: Plan, output_format: OutputFormat, commit: Commit, chosen: Sequence[Chosen]
) -> Iterator[Drawn]:
    """Read a shard's input again, and pair its documents with the rows that stand for them, in order."""
    rows = _rows(store, plan.run, output_format, commit, [c.known.number for c in chosen])
    wanted = {c.known.number: c for c in chosen}
    shard = plan.shards[commit.shard]
    hashes = _hashes(store, plan.run, output_format, commit)
    number = 0
    for item in readers.read(plan.inputs[shard.input], shard.part, plan.settings.fields):
        if number >= len(hashes):
            break
        if not isinstance(item, Document) or hashes[number] != (item.id, sha256(item.text.encode()).hexdigest()):
            continue  # set aside by the run: it has no row
        if number in wanted:
            yield Drawn(wanted[number], item.text, rows[number])
        number += 1


def _hashes(store: Store, run: str, output_format: OutputFormat, commit: Commit) -> list[tuple[str, str]]:
    if output_format is OutputFormat.JSONL:
        lines = (store.read(paths.data(run, commit.rows.file)) or b"").splitlines()
        return [(row["id"], row["input_hash"]) for row in map(json.loads, lines)]
    with store.opened(paths.data(run, commit.rows.file)) as file:
        table = tables.read(file, ["id", "input_hash"]).to_pydict()
    return list(zip(table["id"], table["input_hash"], strict=True))


def _rows(
    store: Store, run: str, output_format: OutputFormat, commit: Commit, numbers: Sequence[int]
) -> dict[int, dict[str, Any]]:
    if output_format is OutputFormat.JSONL:
        lines = (store.read(paths.data(run, commit.rows.file)) or b"").splitlines()
        return {number: json.loads(lines[number]) for number in numbers}
    with store.opened(paths.data(run, commit.rows.file)) as file:
        taken = tables.read(file).take(list(numbers)).to_pylist()
    return dict(zip(numbers, taken, strict=True))
