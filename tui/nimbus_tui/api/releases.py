"""Releases: which there are, what was found out about them, how they differ, and how they become live."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from nimbus_runtime.contract.errors import UsageError
from nimbus_tui.api.proposals import Done, Proposal, Way
from nimbus_tui.api.verbs import Verb

if TYPE_CHECKING:
    from nimbus.config import Environment
    from nimbus.releases.canary import Status
    from nimbus.releases.deploy import Planned
    from nimbus.releases.diff import Difference
    from nimbus.releases.history import Change
    from nimbus.releases.promote import Promotion
    from nimbus.releases.rollback import Rollback
    from nimbus.releases.show import Shown
    from nimbus_runtime.contract.records import Live
    from nimbus_tui.api.questions import Question
    from nimbus_tui.api.session import Session

_CHANGES = 300


@dataclass(frozen=True, slots=True)
class Releases:
    """The ledger, the newest change first, and every registered release."""

    live: Live | None
    changes: tuple[Change, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhichReleases:
    """Asks which releases there are, and how what is live changed."""

    def ask(self, session: Session) -> Releases:
        """Read live.json, the ledger and the names of the releases."""
        from nimbus import assembly, releasing  # noqa: PLC0415 - only when it is asked
        from nimbus_runtime import live  # noqa: PLC0415 - as above

        environment = session.environment()
        present = live.read(assembly.open_environment(environment))
        changes = () if present is None else changes_until(session, present)
        return Releases(present, changes, tuple(releasing.registered(environment)))


def changes_until(session: Session, present: Live) -> tuple[Change, ...]:
    """Return the latest changes, the newest first; of the ledger, whose entries stay, only what is new is read."""
    from nimbus import releasing  # noqa: PLC0415 - only when it is asked

    environment = session.environment()
    before: tuple[Change, ...] = session.kept.get(changes_until, ())
    if before and before[0].state == present:
        return before
    new = present.sequence - before[0].state.sequence if before else _CHANGES
    found = tuple(releasing.history(environment, new + 1 if 0 < new < _CHANGES else _CHANGES))
    if before and 0 < new < _CHANGES:
        went_on = found[-1] == before[0]  # or it is another ledger, or one that has grown meanwhile
        found = (*found[:-1], *before)[:_CHANGES] if went_on else tuple(releasing.history(environment, _CHANGES))
    session.kept[changes_until] = found
    return found


@dataclass(frozen=True, slots=True)
class WhatOf:
    """Asks what is known of a release."""

    name: str

    def ask(self, session: Session) -> Shown:
        """Read the release, its evidence, and its difference from what is live."""
        from nimbus import releasing  # noqa: PLC0415 - only when it is asked

        return releasing.show(session.environment(), self.name)


@dataclass(frozen=True, slots=True)
class HowDiffer:
    """Asks what one release changes against another."""

    before: str
    after: str

    def ask(self, session: Session) -> tuple[Difference, ...]:
        """Compare the two records."""
        from nimbus import releasing  # noqa: PLC0415 - only when it is asked
        from nimbus.releases import diff  # noqa: PLC0415 - as above

        environment = session.environment()
        before, after = (releasing.show(environment, name).release for name in (self.before, self.after))
        return diff.of_releases(before, after)


@dataclass(frozen=True, slots=True)
class HowCanary:
    """Asks how the canary goes."""

    def ask(self, session: Session) -> Status:
        """Read the candidate, and what its runs were compared with live."""
        from nimbus import releasing  # noqa: PLC0415 - only when it is asked

        return releasing.canary_status(session.environment())


@dataclass(frozen=True, slots=True)
class WhatRollback:
    """Asks what going back would do: without a name, to the previous release, or out of a canary.

    What undoes a change `restores` what readers saw before: a release that never ran has no dataset of its own.
    """

    release: str | None = None
    keep_data: bool = False
    undoing: bool = False
    restores: str | None = None

    def ask(self, session: Session) -> Proposal:
        """Decide on the rollback; nothing is done."""
        from nimbus import assembly, releasing  # noqa: PLC0415 - only when it is asked
        from nimbus_runtime import live  # noqa: PLC0415 - as above
        from nimbus_tui import figures  # noqa: PLC0415 - as above

        environment = session.environment()
        present = live.read(assembly.open_environment(environment))
        keep_data = self.keep_data or (present is not None and self.restores == present.dataset is not None)
        planned = releasing.plan_rollback(environment, self.release, keep_data=keep_data)
        dataset = planned.dataset
        told = "readers will find none until the next run"
        if dataset is not None:
            told = f"{dataset.run}: {dataset.counts.scored:,} documents, {figures.age(dataset.finished, session.now)}"
        if keep_data:
            told = "stays as it is"
        words = ("rollback", *((self.release,) if self.release else ()), *(("--keep-data",) if keep_data else ()))
        return Proposal(
            title=f"{'Undo' if self.undoing else 'Roll back'} in {environment.name}",
            verb="Roll back",
            command=session.command(*words),
            perform=partial(_roll_back, environment, planned),
            facts=(
                ("environment", f"{environment.name}{f' · {environment.region}' if environment.region else ''}"),
                ("from", planned.before.release),
                ("to", planned.after.release),
                ("data", told),
            ),
            differences=(("What readers and the next run notice", planned.state), ("The releases", planned.release)),
            warning="" if dataset is not None or keep_data else "There is no dataset of that release any more.",
            typed=environment.name if environment.protected else None,
            reasoned=True,
            ways=(
                Way(
                    "d",
                    "takes the data back, too" if keep_data else "takes the release alone back; the data stays",
                    replace(self, keep_data=not keep_data, restores=None),
                ),
            ),
        )


def _roll_back(environment: Environment, planned: Rollback, reason: str) -> Done:
    import time  # noqa: PLC0415 - beside what uses it

    from nimbus import releasing  # noqa: PLC0415 - only when it is done

    began = time.perf_counter()
    state = releasing.apply_rollback(environment, planned, reason)
    seconds = time.perf_counter() - began
    back: Question[Proposal] | None = None
    if state.release != planned.before.release:
        back = WhatRollback(planned.before.release, undoing=True, restores=planned.before.dataset)
    elif planned.before.candidate is not None:
        back = WhatPromotion(planned.before.candidate.release, planned.before.candidate.percent)
    return Done(f"Rolled back to {state.release} in {seconds:.2f} s.", back)


@dataclass(frozen=True, slots=True)
class WhatPromotion:
    """Asks what making a release live would do, or giving it `percent` of the shards of the next runs."""

    release: str
    percent: int = 100

    def ask(self, session: Session) -> Proposal:
        """Decide on the promotion; nothing is done."""
        from nimbus import releasing  # noqa: PLC0415 - only when it is asked

        project, environment = session.project(), session.environment()
        planned = releasing.plan_promotion(environment, project, self.release, self.percent)
        before = None if planned.before is None else planned.before.release
        verdict = planned.verdict
        is_canary = self.percent < 100
        if not planned.needed and not is_canary:
            raise UsageError("this release is live already", got=planned.after.release, expected="another one")
        share = ("--canary", str(self.percent)) if is_canary else ()
        data = "stays until the next run publishes"
        if is_canary:
            data = f"the next runs publish about {self.percent} % of their shards by it, unless it is worse than live"
        return Proposal(
            title=f"{'Canary' if is_canary else 'Promote'} in {environment.name}",
            verb=f"Give it {self.percent} %" if is_canary else "Promote",
            command=session.command("promote", self.release, *share),
            perform=partial(_promote, environment, planned, self.percent),
            facts=(
                ("environment", f"{environment.name}{f' · {environment.region}' if environment.region else ''}"),
                ("live" if is_canary else "from", before or "nothing"),
                ("candidate" if is_canary else "to", self.release),
                ("data", data),
                *(() if verdict is None else (("gate", f"{verdict.outcome}: {verdict.why}"),)),
            ),
            differences=(("What changes", planned.state), ("The releases", planned.release)),
            warning=_warning(planned),
            typed=environment.name if environment.protected else None,
            dangerous=False,
            reasoned=True,
        )


def _warning(planned: Promotion) -> str:
    if not planned.needed:
        return "It is so already: nothing will change."
    held = planned.verdict is not None and planned.verdict.outcome.value == "hold"
    return "The gate holds it back; that you promote it all the same is recorded." if held else ""


def _promote(environment: Environment, planned: Promotion, percent: int, reason: str) -> Done:
    from nimbus import releasing  # noqa: PLC0415 - only when it is done

    state = releasing.apply_promotion(environment, planned, reason)
    if percent < 100:
        told = f"{state.candidate.release} has {percent} % of the shards." if state.candidate else "Nothing changed."
        return Done(told, WhatDrop())
    undo, before = None, planned.before
    if before is not None and planned.needed:
        undo = WhatRollback(before.release, undoing=True, restores=before.dataset)
    return Done(f"{state.release} is live.", undo)


@dataclass(frozen=True, slots=True)
class WhatDrop:
    """Asks what dropping the candidate would do."""

    def ask(self, session: Session) -> Proposal:
        """Say which, and what remains."""
        from nimbus import releasing  # noqa: PLC0415 - only when it is asked

        environment = session.environment()
        seen = releasing.plan_drop(environment)
        candidate = seen.candidate
        return Proposal(
            title=f"Drop the canary in {environment.name}",
            verb="Drop it",
            command=session.command("canary", "drop"),
            perform=partial(_drop, environment, seen),
            facts=(
                ("environment", environment.name),
                ("candidate", f"{candidate.release} at {candidate.percent} %" if candidate else "none"),
                ("live", f"{seen.release} stays"),
                ("data", "stays as it is; rolling back takes the candidate's rows back, too"),
            ),
            typed=environment.name if environment.protected else None,
            reasoned=True,
        )


def _drop(environment: Environment, seen: Live, reason: str) -> Done:
    from nimbus import releasing  # noqa: PLC0415 - only when it is done

    state = releasing.apply_drop(environment, seen, reason)
    undo = None if seen.candidate is None else WhatPromotion(seen.candidate.release, seen.candidate.percent)
    return Done(f"The canary was dropped; {state.release} is live alone.", undo)


def _of_deployment(session: Session, planned: Planned) -> str:
    """Return what to know of a deployment beforehand: of one that would change nothing, that it would not."""
    from nimbus import assembly  # noqa: PLC0415 - only when it is asked
    from nimbus_runtime import live  # noqa: PLC0415 - as above

    if planned.release is None:
        return "What changes is known once it is in place."
    present = live.read(assembly.open_environment(session.environment()))
    if present is None or present.release != planned.release.release:
        return ""
    return "This very release is live already: only its preflight would be repeated."


@dataclass(frozen=True, slots=True)
class WhatDeployment:
    """Asks what deploying the pipeline of nimbus.toml would do.

    Without `judged` there is no shadow and no gate; without `promoted` what is live stays.
    """

    judged: bool = True
    promoted: bool = True

    def ask(self, session: Session) -> Proposal:
        """Say which steps are done already; nothing is done."""
        from nimbus import deploying  # noqa: PLC0415 - only when it is asked

        project, environment = session.project(), session.environment()
        planned = deploying.plan_deployment(environment, project, judged=self.judged)
        is_first = all(item.before == "-" for item in planned.differences)
        agreed = ("--confirm", environment.name) if environment.protected else ("--yes",)
        chosen = [*(() if self.judged else ("--no-gate",)), *(() if self.promoted else ("--candidate",))]
        command = session.command("deploy", *chosen, *agreed)
        steps = tuple(
            (step.value, f"{state.value}  {words}".rstrip())
            for step, state, words in planned.steps
            if self.promoted or step.value != "promote"
        )
        return Proposal(
            title=f"Deploy {project.pipeline.name} to {environment.name}",
            verb="Deploy",
            command=command,
            perform=Verb(f"deploy to {environment.name}", command),
            facts=(("pipeline", project.pipeline.source), ("", ""), *steps),
            differences=(("Against what is live", planned.differences),)
            if planned.differences and not is_first
            else (),
            warning=_of_deployment(session, planned),
            typed=environment.name if environment.protected else None,
            dangerous=False,
            reasoned=True,
            ways=(
                Way(
                    "g",
                    "leaves out shadow and gate" if self.judged else "has it judged by shadow and gate",
                    replace(self, judged=not self.judged),
                ),
                Way(
                    "o",
                    "registers a candidate only; what is live stays" if self.promoted else "makes it live in the end",
                    replace(self, promoted=not self.promoted),
                ),
            ),
        )
