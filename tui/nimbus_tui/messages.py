"""What screens and the app say to each other: intents go up, results come down.

A screen never reads or changes anything itself. It asks a question, proposes a change, or starts a
verb; the app has the API answer beside the event loop, and hands back what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from nimbus_tui.api.proposals import Proposal
    from nimbus_tui.api.questions import Question
    from nimbus_tui.api.trouble import Trouble
    from nimbus_tui.api.verbs import Verb


class Ask(Message):
    """A screen wants to know something; the answer goes to `asker` as Answered or Refused.

    `anew` where something has changed: an answer that is on its way already may be out of date.
    """

    def __init__(self, asker: MessagePump, question: Question[object], *, anew: bool = False) -> None:
        """Say who asks what."""
        super().__init__()
        self.asker = asker
        self.question = question
        self.anew = anew


class Answered(Message, bubble=False):
    """What came of a question."""

    def __init__(self, question: Question[object], answer: object) -> None:
        """Hand back the answer with its question."""
        super().__init__()
        self.question = question
        self.answer = answer


class Refused(Message, bubble=False):
    """A question that could not be answered, and why."""

    def __init__(self, question: Question[object], trouble: Trouble) -> None:
        """Hand back the reason with its question."""
        super().__init__()
        self.question = question
        self.trouble = trouble


class Propose(Message):
    """A screen wants something changed: the question says what would happen, and somebody must agree."""

    def __init__(self, question: Question[Proposal]) -> None:
        """Say what is to be decided on."""
        super().__init__()
        self.question = question


class Start(Message):
    """A screen wants a verb of the command line carried out, in a process of its own."""

    def __init__(self, verb: Verb) -> None:
        """Say which."""
        super().__init__()
        self.verb = verb


class Refit(Message):
    """A panel has another width than before: what was fitted to it is out of date."""


class Go(Message):
    """A screen sends its user to another one, by its name; `key` is what to look at there."""

    def __init__(self, section: str, key: str = "") -> None:
        """Say where to."""
        super().__init__()
        self.section = section
        self.key = key


class Changed(Message, bubble=False):
    """Something was changed: whatever is shown may be out of date."""
