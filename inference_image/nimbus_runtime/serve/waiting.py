"""The texts that wait for a worker: bounded, and fair between requests.

Each request gives one text in turn, so that a request of one text waits for one batch and not
behind all sixty of another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from nimbus_runtime.contract.annotations import Annotation


@dataclass(slots=True, eq=False)
class Item:
    """A text of a request, by its number there. A text that may have killed a worker goes alone."""

    asked: Asked
    number: int
    text: str
    alone: bool = False


@dataclass(slots=True, eq=False)
class Answer:
    """A document as JSON, or the reason and detail of why there is none."""

    json: bytes = b""
    failure: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Asked:
    """A request: its texts that still wait, and the answers as they come in."""

    annotations: tuple[Annotation, ...]
    answers: list[Answer | None]
    done: asyncio.Future[None]
    since: float
    items: deque[Item] = field(default_factory=deque)
    missing: int = 0
    queued: float = 0.0  # seconds until the last of its texts was taken
    given_up: bool = False

    def answer(self, number: int, answer: Answer) -> None:
        """Note an answer; the last one ends the waiting."""
        if self.answers[number] is None:
            self.answers[number] = answer
            self.missing -= 1
            if not self.missing and not self.done.done():
                self.done.set_result(None)


class Waiting:
    """A bounded queue of requests."""

    def __init__(self, limit: int) -> None:
        """Hold at most `limit` texts."""
        self._limit = limit
        self._requests: deque[Asked] = deque()
        self._retries: deque[Item] = deque()
        self._texts = 0

    def __len__(self) -> int:
        """Return how many texts wait."""
        return self._texts + len(self._retries)

    def add(self, asked: Asked, texts: Sequence[tuple[int, str]]) -> bool:
        """Queue all the texts of a request, or none of them where there is no room."""
        if self._texts and self._texts + len(texts) > self._limit:
            return False
        asked.items.extend(Item(asked, number, text) for number, text in texts)
        asked.missing = len(texts)
        self._texts += len(texts)
        if texts:
            self._requests.append(asked)
        return True

    def retry(self, item: Item) -> None:
        """Queue a text again whose worker died: first in turn, and alone."""
        item.alone = True
        self._retries.append(item)

    def take(self, texts: int, characters: int) -> list[Item]:
        """Return the next batch: one text of each request in turn, at least one where any waits."""
        while self._retries:
            item = self._retries.popleft()
            if not item.asked.given_up:
                return [item]
        batch: list[Item] = []
        room = characters
        while self._requests and len(batch) < texts:
            asked = self._requests[0]
            if batch and len(asked.items[0].text) > room:
                break
            self._requests.popleft()
            item = asked.items.popleft()
            if asked.items:
                self._requests.append(asked)
            room -= len(item.text)
            batch.append(item)
        self._texts -= len(batch)
        return batch

    def give_up(self, asked: Asked) -> None:
        """Take a request back: nobody waits for its answer any more."""
        asked.given_up = True
        if asked.items:
            self._requests.remove(asked)
            self._texts -= len(asked.items)
            asked.items.clear()
