"""Rules of the queue between requests and workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from nimbus_runtime.serve.waiting import Answer, Asked, Waiting

Ask = Callable[..., Asked]


@pytest.fixture
def waiting() -> Waiting:
    """Return a queue of ten texts."""
    return Waiting(10)


@pytest.fixture
def ask(waiting: Waiting) -> Ask:
    """Return a function that queues a request of some texts."""
    loop = asyncio.new_event_loop()

    def asking(*texts: str) -> Asked:
        asked = Asked((), [None] * len(texts), loop.create_future(), 0.0)
        assert waiting.add(asked, list(enumerate(texts)))
        return asked

    return asking


def texts(waiting: Waiting, number: int = 4, characters: int = 1000) -> list[str]:
    """Take a batch and return its texts."""
    return [item.text for item in waiting.take(number, characters)]


def test_requests_give_one_text_in_turn(waiting: Waiting, ask: Ask) -> None:
    """A request of one text does not wait behind all texts of another."""
    ask("a1", "a2", "a3", "a4", "a5")
    ask("b1")
    assert texts(waiting) == ["a1", "b1", "a2", "a3"]
    assert texts(waiting) == ["a4", "a5"]


def test_a_batch_is_bounded_by_characters_and_never_empty(waiting: Waiting, ask: Ask) -> None:
    """A long text goes with fewer others, and a longer one than the bound alone."""
    ask("x" * 60, "y" * 60, "z" * 900)
    assert [len(text) for text in texts(waiting, characters=100)] == [60]
    assert [len(text) for text in texts(waiting, characters=100)] == [60]
    assert [len(text) for text in texts(waiting, characters=100)] == [900]
    assert texts(waiting) == []


def test_a_request_is_queued_whole_or_not_at_all(waiting: Waiting, ask: Ask) -> None:
    """What was refused leaves nothing behind; an empty queue takes any request."""
    ask(*"abcdefgh")
    more = Asked((), [None] * 3, asyncio.new_event_loop().create_future(), 0.0)
    assert not waiting.add(more, list(enumerate("xyz")))
    assert len(waiting) == 8
    texts(waiting, 8)
    assert waiting.add(more, [(n, "t") for n in range(30)])


def test_a_request_that_was_given_up_is_not_scored(waiting: Waiting, ask: Ask) -> None:
    """Its texts leave the queue, also those that were to be tried again."""
    gone, stays = ask("a1", "a2"), ask("b1")
    (item,) = waiting.take(1, 10)
    waiting.retry(item)
    waiting.give_up(gone)
    waiting.give_up(stays)
    waiting.give_up(stays)
    assert (texts(waiting), len(waiting)) == ([], 0)


def test_a_text_that_is_tried_again_goes_first_and_alone(waiting: Waiting, ask: Ask) -> None:
    """What may have killed a worker takes no other text with it."""
    ask("a1", "a2", "a3")
    first = waiting.take(2, 10)
    for item in first:
        waiting.retry(item)
    assert [texts(waiting), texts(waiting), texts(waiting)] == [["a1"], ["a2"], ["a3"]]


def test_a_request_is_done_when_its_last_answer_is_there(ask: Ask) -> None:
    """Answers come in any order, and one that comes twice counts once."""
    asked = ask("a", "b")
    asked.answer(1, Answer(b"1"))
    asked.answer(1, Answer(b"2"))
    assert not asked.done.done()
    asked.answer(0, Answer(b"0"))
    assert asked.done.done()
    assert [answer and answer.json for answer in asked.answers] == [b"0", b"1"]
