"""How a supervisor goes on with a shard that has cost a worker."""

from __future__ import annotations

import pytest

from nimbus_runtime.supervisor import _Order

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
    """So a shard may hold any number of killers, and a worker that dies of something else is given up."""
    order = _Order(0)
    for _ in range(2):
        order.after_death(CHUNK, "signal SIGSEGV")
    assert order.deaths == 2
    for _ in range(2):
        order.after_death(ONE, "signal SIGSEGV")
    assert order.deaths == 0


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
