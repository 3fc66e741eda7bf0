"""A change that waits for somebody's word: what would happen, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimbus.releases.diff import Difference
    from nimbus_tui.api.questions import Question
    from nimbus_tui.api.verbs import Verb


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in a sentence; `undo` is the question that proposes to take it back."""

    sentence: str
    undo: Question[Proposal] | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to do what is proposed: the key that asks for it, what it means, the question that proposes it."""

    key: str
    words: str
    question: Question[Proposal]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change would do. `typed` is the environment's name where nimbus.toml protects it.

    `command` is the command line that would do the same. `perform` does it for a reason, where that is quick; a
    verb that takes its time is started as a process. `reasoned` says whether the reason is asked for and kept.
    `tells` is the verb that says later whether it was done.
    """

    title: str
    verb: str
    command: tuple[str, ...]
    perform: Callable[[str], Done] | Verb
    facts: tuple[tuple[str, str], ...] = ()
    differences: tuple[tuple[str, tuple[Difference, ...]], ...] = ()
    warning: str = ""
    typed: str | None = None
    dangerous: bool = True
    reasoned: bool = False
    ways: tuple[Way, ...] = ()
    tells: tuple[str, ...] = ("history",)
