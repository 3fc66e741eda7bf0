"""Meets the intents of screens: questions beside the event loop, changes after a word, verbs as processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from rich.text import Text
from textual import on
from textual.app import App
from textual.notifications import SeverityLevel

from nimbus_tui import keys
from nimbus_tui.api import trouble, verbs
from nimbus_tui.api.proposals import Done, Proposal
from nimbus_tui.api.questions import Answer_co, Question
from nimbus_tui.api.session import Session
from nimbus_tui.api.threads import aside
from nimbus_tui.messages import Answered, Ask, Propose, Refused, Start
from nimbus_tui.plain import plain
from nimbus_tui.widgets import hints, text
from nimbus_tui.widgets.choose import Choose
from nimbus_tui.widgets.confirm import Confirm
from nimbus_tui.widgets.following import Following
from nimbus_tui.widgets.waiting import Waiting

_LOOK = 0.3  # seconds between looks at what a verb says
_SOON = 0.25  # seconds that nobody needs to be told of
_ONCE, _AGAIN, _ANEW = range(3)  # how often a question was asked; anew: since something changed
_ASKED = "Another change is proposed: answer that first."
_LONG = 2.0  # seconds after which a change takes longer than it should
_MAYBE = "it may be done all the same, or not"


@dataclass(slots=True)
class Making:
    """A change that is being made: the command line that does the same; `left` once nobody waits for it any more."""

    proposal: Proposal
    command: tuple[str, ...]
    left: asyncio.Event = field(default_factory=asyncio.Event)
    question: Choose | None = None  # whether to wait, while it is asked


class Answering(App[None]):
    """An app that answers what its screens ask, and does what they were told to."""

    session: Session
    settings: keys.Settings

    def __init__(self) -> None:
        """Begin with nothing asked."""
        super().__init__()
        self._asked: dict[tuple[int, object, int], int] = {}  # with how often
        self._finding = 0  # questions that no screen has asked
        self._busy = ""  # why no other change is proposed
        self._making: Making | None = None
        self._leaving = False  # once the change that is being made is done
        self._undo: Question[Proposal] | None = None

    @property
    def asks(self) -> bool:
        """Say whether some question has no answer yet."""
        return bool(self._asked) or self._finding > 0

    def everything_changed(self) -> None:
        """Have whatever is shown asked for again."""

    @on(Ask)
    def _ask(self, event: Ask) -> None:
        """Answer a question; where the same one of the same screen is being answered, once more after that."""
        asked = (id(event.asker), event.question, self.session.era)
        if asked in self._asked:
            self._asked[asked] = max(self._asked[asked], _ANEW if event.anew else _AGAIN)
        else:
            self._asked[asked] = _ONCE
            self.run_worker(self._answer(event, asked), group="questions", exit_on_error=False)

    async def _answer(self, event: Ask, asked: tuple[int, object, int]) -> None:
        """Hand back no answer that began before something changed, and none of an environment that was left."""
        state = _AGAIN
        try:
            while state != _ONCE and asked[-1] == self.session.era:
                self._asked[asked] = _ONCE
                told = await self._told(event.question)
                state = self._asked[asked]
                if state != _ANEW and asked[-1] == self.session.era:
                    event.asker.post_message(told)
        finally:
            del self._asked[asked]

    async def _told(self, question: Question[object]) -> Answered | Refused:
        try:
            return Answered(question, await aside(partial(self.session.answer, question)))
        except Exception as error:  # noqa: BLE001 - every failure is shown
            return Refused(question, trouble.of(error))

    async def found(self, question: Question[Answer_co]) -> Answer_co | None:
        """Return an answer, or None once it was said why there is none."""
        self._finding += 1
        try:
            return await aside(partial(self.session.answer, question))
        except Exception as error:  # noqa: BLE001 - every failure is shown
            self.complain(trouble.of(error))
            return None
        finally:
            self._finding -= 1

    @on(Propose)
    def _propose(self, event: Propose) -> None:
        self.propose(event.question)

    def propose(self, question: Question[Proposal]) -> None:
        """Find out what a change would do, have it agreed to, and do it: one at a time.

        One that is still being found out makes way for another.
        """
        if self.session.read_only:
            self.notify("Nothing is changed: this is --read-only.", severity="warning")
            return
        if self._busy:
            self.notify(self._busy, severity="warning", timeout=4)
            return
        self.run_worker(self._decide(question), group="changes", exclusive=True, exit_on_error=False)

    def leave_changes(self) -> bool:
        """Give up on what is proposed, and on every dialog; return False while a change is being made."""
        if self._making is not None:
            self.notify(self._busy, severity="warning", timeout=4)
            return False
        self.workers.cancel_group(self, "changes")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self._undo = None
        return True

    async def _decide(self, question: Question[Proposal]) -> None:
        reason = ""
        try:
            while (proposal := await self._found_out(question)) is not None:
                self._busy = _ASKED
                said = await self.push_screen_wait(Confirm(proposal, reason))
                reason = said.reason
                if said.way is None:
                    if said.agreed:
                        await self._carry_out(proposal, reason)
                    return
                question = said.way
        except Exception as error:  # noqa: BLE001 - every failure is shown
            self.complain(trouble.of(error))
        finally:
            self._busy = ""

    async def _carry_out(self, proposal: Proposal, reason: str) -> None:
        if isinstance(proposal.perform, verbs.Verb):
            self._start(Start(proposal.perform.because(reason)))
            return
        making = self._making = Making(proposal, verbs.because(proposal.command, reason))
        self._busy = f"A change is being made: wait until it is done, or {self._quit_key} to wait no longer."
        made = asyncio.ensure_future(aside(partial(proposal.perform, reason)))
        left = asyncio.ensure_future(making.left.wait())
        await asyncio.wait({made, left}, timeout=_LONG, return_when=asyncio.FIRST_COMPLETED)
        if not made.done() and not making.left.is_set():
            self.notify(f"{proposal.title}: this takes its time. {self._quit_key} asks whether to wait.", timeout=8)
            await asyncio.wait({made, left}, return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
        self._busy, self._making = "", None
        if making.question is not None:
            making.question.dismiss()
        if made.done():
            told = self._ended(making.command, made)
            leaving, self._leaving = self._leaving, False
            if leaving and told is not None:  # or whoever wanted to leave should read why it is not done
                self.action_leave(told)
        else:
            self.session.note(making.command, f"not waited for: {_MAYBE}", "warn")
            made.add_done_callback(partial(self._ended, making.command, era=self.session.era))

    def _ended(self, command: tuple[str, ...], made: asyncio.Future[Done], era: int | None = None) -> str | None:
        """Say what came of a change; return None where it failed. `era` is that of one that nobody waited for."""
        if made.cancelled():  # whoever would read it has left
            return None
        sentence = None
        try:
            done = made.result()
        except Exception as error:  # noqa: BLE001 - every failure is shown
            found = trouble.of(error)
            self.session.note(command, found.what, "bad")
            self.complain(found)
        else:
            sentence = done.sentence
            self._did(command, done if era in (None, self.session.era) else Done(sentence))
        self.everything_changed()
        return sentence

    async def _found_out(self, question: Question[Proposal]) -> Proposal | None:
        """Return what a change would do, None where somebody gave up waiting; say so where it takes its time."""
        self._finding += 1
        waiting = Waiting()
        asked = asyncio.ensure_future(aside(partial(self.session.answer, question)))
        left = asyncio.ensure_future(waiting.left.wait())
        try:
            done, _ = await asyncio.wait({asked}, timeout=_SOON)
            if done:
                return await asked
            await self.push_screen(waiting)
            await asyncio.wait({asked, left}, return_when=asyncio.FIRST_COMPLETED)
            return await asked if asked.done() else None
        finally:
            self._finding -= 1
            asked.cancel()
            left.cancel()
            await waiting.end()

    def _did(self, command: tuple[str, ...], done: Done) -> None:
        self._undo = done.undo
        self.session.note(command, done.sentence)
        hint = f" Press {self._undo_key} to undo." if done.undo is not None else ""
        self.notify(plain(done.sentence) + hint, timeout=8, markup=False)

    @property
    def _quit_key(self) -> str:
        return hints.key(self, "app.quit")

    @property
    def _undo_key(self) -> str:
        return hints.key(self, "app.undo")

    def action_undo(self) -> None:
        """Propose to take back what was done last."""
        if self._undo is None:
            self.notify(
                f"There is nothing to undo: {self._undo_key} takes back what was done last from here.", timeout=4
            )
        else:
            self.propose(self._undo)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in a corner for a while: text from anybody, and so never markup."""
        del markup
        told = "\n".join(map(plain, message.split("\n")))
        super().notify(told, title=plain(title), severity=severity, timeout=timeout, markup=False)

    def complain(self, found: trouble.Trouble) -> None:
        """Show a failure that belongs to no panel."""
        told = "\n".join([plain(found.what), *(f"{name}: {plain(value, 400)}" for name, value in found.parts)])
        self.notify(told, title="Not done", severity="error", timeout=15, markup=False)

    @on(Start)
    def _start(self, event: Start) -> None:
        if self.session.read_only:
            self.notify("Nothing is started: this is --read-only.", severity="warning")
            return
        try:
            running = verbs.start(event.verb)
        except OSError as error:
            self.complain(trouble.of(error))
            return
        self.session.running.append(running)
        if event.verb.changes:
            self._undo = None
        self.session.note(event.verb.command, "started", "dim")
        self.run_worker(self._follow(running), group="verbs", exit_on_error=False)
        self.everything_changed()
        if not event.verb.shown_elsewhere:
            self.follow(running)

    def follow(self, running: verbs.Running) -> None:
        """Show what a verb says."""
        self.push_screen(Following(running))

    async def _follow(self, running: verbs.Running) -> None:
        while running.code is None:
            await asyncio.sleep(_LOOK)
            if await aside(running.poll):
                for screen in self.screen_stack:
                    if isinstance(screen, Following) and screen.running is running:
                        screen.draw()
        if running.verb.changes and self.session.is_here(running):
            self._undo = None
        if "infra" in running.verb.command:
            self.session.reopen()
        outcome, tone = running.outcome
        self.session.note(running.verb.command, outcome, tone)
        told = f"{plain(running.verb.title)}: {outcome}"
        self.notify(told, severity="error" if tone == "bad" else "information", markup=False)
        self.everything_changed()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text; half a surrogate, which no clipboard takes, becomes a question mark."""
        super().copy_to_clipboard(text.encode("utf-8", "replace").decode())

    def copied(self, what: str | None, words: str) -> None:
        """Put a text into the clipboard, and say so."""
        if what is None:
            self.notify("There is nothing to copy here.", timeout=2)
            return
        self.copy_to_clipboard(what)
        self.notify(words, timeout=2)

    def copy_command(self, line: tuple[str, ...] | None) -> None:
        """Copy a command line."""
        self.copied(None if line is None else text.command(line), "The command is in the clipboard.")

    def action_jobs(self) -> None:
        """Choose one of the verbs that were started, to see what it says."""
        if not self.session.running:
            self.notify("Nothing was started from here yet.", timeout=3)
            return
        choices = [
            (str(number), running.verb.title, running.outcome[0]) for number, running in enumerate(self.session.running)
        ]
        self.push_screen(Choose("Started from here", choices[::-1]), self._follow_chosen)

    def _follow_chosen(self, number: str | None) -> None:
        if number is not None:
            self.follow(self.session.running[int(number)])

    def action_leave(self, told: str = "") -> None:
        """Quit. Whether a change that is being made is waited for, and what was started is stopped, is asked.

        What is `told` of what was done last stays in the terminal.
        """
        if self._making is not None:
            self._ask_whether_to_wait(self._making)
            return
        going = [running for running in self.session.running if running.code is None]
        if not going:
            self.exit(message=Text("\n".join(map(plain, told.split("\n")))) if told else None)
            return
        named = ", ".join(running.verb.title for running in going)
        choices = [
            ("stay", "Stay", "and watch it"),
            ("leave", "Leave it going", "it ends by itself; what it does is kept"),
            ("stop", "Stop it", "as Ctrl-C does: start it again later, and it goes on"),
        ]
        self.push_screen(Choose(f"Still going: {named}", choices), self._leave)

    def _ask_whether_to_wait(self, making: Making) -> None:
        """Have it chosen what becomes of a change that takes its time: AWS may never answer."""
        if making.question is None:
            choices = [
                ("stay", "Stay", "and see what comes of it"),
                ("wait", "Leave once it is done", "Nimbus closes by itself then"),
                ("go on", "Wait no longer", f"and go on here: {_MAYBE}"),
                ("leave", "Leave now", _MAYBE),
            ]
            making.question = Choose(f"Still being done: {making.proposal.title}", choices)
            self.push_screen(making.question, partial(self._wait_or_not, making))

    def _wait_or_not(self, making: Making, chosen: str | None) -> None:
        making.question = None
        if making is not self._making:  # it has ended meanwhile
            return
        self._leaving = chosen == "wait"
        if chosen in ("go on", "leave"):
            tells = text.command(self.session.command(*making.proposal.tells))
            told = f"Not waited for: {text.command(making.command)}\nFor all that, {_MAYBE}: {tells} tells."
            making.left.set()
            self._making = None
            if chosen == "leave":
                self.action_leave(told)
            else:
                self.notify(told, severity="warning", timeout=15)

    def _leave(self, chosen: str | None) -> None:
        if chosen == "stop":
            for running in self.session.running:
                running.stop()
        if chosen in ("leave", "stop"):
            self.exit()
