"""How a supervisor goes on with a shard that has cost a worker."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.faults import bundles

from nimbus_runtime import claims, planner, readers, scorer
from nimbus_runtime.bundle import load, verify
from nimbus_runtime.contract.documents import Document
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Counts, OutputFormat
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.supervisor import _lost, _Order, _place

Hand = tuple[int, int] | None
CHUNK, OTHER, ONE, NEXT = (0, 8), (8, 8), (3, 1), (4, 1)


@pytest.mark.parametrize(
    ("deaths", "singly", "left_out"),
    [
        pytest.param([None, None], (0, 0), [], id="nothing in hand says nothing"),
        pytest.param([CHUNK], (0, 0), [], id="once may be from outside: the same again"),
        pytest.param([CHUNK, OTHER, CHUNK], (0, 0), [], id="another chunk in between starts the count anew"),
        pytest.param([CHUNK, None, CHUNK], (0, 8), [], id="a death before the chunk does not"),
        pytest.param([CHUNK, CHUNK], (0, 8), [], id="twice the same chunk: one document at a time"),
        pytest.param([CHUNK, CHUNK, ONE], (0, 8), [], id="one document, once"),
        pytest.param([CHUNK, CHUNK, ONE, NEXT], (0, 8), [], id="another document starts the count anew"),
        pytest.param([CHUNK, CHUNK, ONE, ONE], (0, 0), [3], id="one document, twice: left out"),
        pytest.param([ONE, ONE], (0, 0), [3], id="a chunk of one document needs two deaths"),
        pytest.param([*[CHUNK, CHUNK, ONE, ONE] * 2][:6], (0, 8), [3], id="the next killer of a chunk, half found"),
        pytest.param([CHUNK, CHUNK, ONE, ONE, CHUNK, CHUNK, NEXT, NEXT], (0, 0), [3, 4], id="two killers"),
    ],
)
def test_deaths_lead_to_the_document(deaths: list[Hand], singly: tuple[int, int], left_out: list[int]) -> None:
    """Twice the same chunk makes it go one by one, twice the same document leaves that one out."""
    order = _Order(0)
    for in_hand in deaths:
        order.after_death(in_hand, "signal SIGSEGV")
    assert (order.singly, list(order.left_out)) == (singly, left_out)


def test_deaths_that_a_document_explains_do_not_count() -> None:
    """So a shard may hold many killers, and a worker that dies of something else is given up."""
    order = _Order(0)
    for _ in range(2):
        order.after_death(CHUNK, "signal SIGSEGV")
    assert order.deaths == 2
    for _ in range(2):
        order.after_death(ONE, "signal SIGSEGV")
    assert order.deaths == 0


@pytest.mark.parametrize(
    ("left_out", "hopeless"),
    [
        (range(19), False),
        (range(20), True),
        (range(0, 40, 2), True),
        (range(0, 60, 3), False),
        ([*range(19), 900], False),
    ],
)
def test_a_shard_most_of_whose_documents_end_workers_is_given_up(left_out: Sequence[int], *, hopeless: bool) -> None:
    """A bundle that does not work on a machine ends a run in minutes, instead of each document of it."""
    assert _Order(0, left_out=dict.fromkeys(left_out, "why")).hopeless == hopeless


def test_what_is_left_out_says_what_ended_the_worker() -> None:
    """The cause becomes the detail of the quarantined document."""
    order = _Order(7)
    for _ in range(2):
        order.after_death(ONE, "signal SIGSEGV")
    assert order.message() == {
        "shard": 7,
        "left_out": {3: "the worker that scored it was ended by signal SIGSEGV"},
        "singly": (0, 0),
    }


@dataclass(slots=True)
class Hands:
    """Watches what is in hand, how often something was, and how far the input was scored."""

    held: tuple[int, int] | None = None
    times: int = 0
    scored: tuple[str, int | None] | None = None

    def begin(self, first: int, count: int) -> None:
        """Take in hand."""
        self.held, self.times = (first, count), self.times + 1

    def rest(self, source: str, position: int | None) -> None:
        """Let go."""
        self.held, self.scored = None, (source, position)

    def progress(self, counts: Counts, position: int) -> None:
        """Ignore it."""


def test_nothing_is_in_hand_while_a_shard_is_read_on(tmp_path: Path) -> None:
    """What ends a worker then is no document that was scored before: none of them is left out for it.

    And no more is read ahead than what is scored next: two chunks are done when the third cannot be read.
    """
    built = bundles.build(tmp_path / "built")
    line = json.dumps({"text": "late"}) + "\n"
    broken = tmp_path / "texts.jsonl.gz"
    broken.write_bytes(gzip.compress(line.encode() * 700)[:-8])  # its end is missing
    bundle, store = verify(built.path), DirectoryStore(tmp_path / "root")
    order = planner.Order(Fields(), None, OutputFormat.JSONL, max_quarantine=0.1)
    inputs = readers.resolve([str(broken)], tmp_path / "spool")
    plan = planner.plan_run(store, bundle, inputs, order, claims.this_process())
    hands = Hands()
    with pytest.raises(NimbusError):
        scorer.Scorer(load(bundle), bundle.manifest, plan, store, "attempt").score(0, hands, scorer.Care())
    assert (hands.held, hands.times) == (None, 2)
    assert hands.scored == ("texts.jsonl.gz", 511 * len(line))


def test_metadata_ends_a_chunk_only_where_it_is_huge() -> None:
    """A chunk is bounded by documents, characters and metadata: what is read before it is scored is never more."""

    def sizes(text: str, metadata: str, count: int = 600) -> list[int]:
        return [len(chunk) for chunk in scorer.chunks(Document(str(n), text, metadata, n) for n in range(count))]

    assert sizes("late", "{}") == sizes("late", "x" * 60_000) == [256, 256, 88]
    assert sizes("late " * 200, "{}", 60) == [25, 25, 10]
    assert sizes("late", "x" * (6 << 20), 5) == [2, 2, 1]
    assert sizes("late", "x" * (17 << 20), 2) == [1, 1]


def test_a_worker_that_ends_while_it_reads_is_told_of_with_the_place() -> None:
    """Whoever has a file that no worker can read is told which, and where in it."""
    reading = _place("mails.jsonl", 4096)
    assert _lost(3, reading, "SIGKILL").where == "shard 3, while reading mails.jsonl after position 4,096"
    assert _lost(3, None, "SIGKILL").where == "shard 3"
    assert _lost(None, None, "SIGKILL").where == "while opening the bundle"
