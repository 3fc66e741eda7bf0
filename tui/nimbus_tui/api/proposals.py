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
class Proposal:
    """What a change would do. `typed` is the environment's name where nimbus.toml protects it.

    `command` is the command line that would do the same. `perform` does it, where that is quick; a verb
    that takes its time is started as a process. `other` is another way to do it, and what that is called.
    """

    title: str
    verb: str
    command: tuple[str, ...]
    perform: Callable[[], Done] | Verb
    facts: tuple[tuple[str, str], ...] = ()
    differences: tuple[tuple[str, tuple[Difference, ...]], ...] = ()
    warning: str = ""
    typed: str | None = None
    dangerous: bool = True
    other: tuple[str, Question[Proposal]] | None = None
