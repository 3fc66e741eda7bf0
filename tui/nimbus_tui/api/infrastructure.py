"""Infrastructure of an environment on AWS: what Terraform made, and what it would change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimbus_tui.api import heavy
from nimbus_tui.api.proposals import Proposal
from nimbus_tui.api.verbs import Running, Verb

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session

TITLE = "infra apply"
_NAMED = 8  # resources that go, in a dialog
_SAID = 12  # lines of an apply


@dataclass(frozen=True, slots=True)
class Standing:
    """What an environment is made of. `others` are the project's environments on AWS."""

    name: str
    kind: str
    root: str
    region: str | None
    outputs: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatStands:
    """Asks what Terraform made of the environment."""

    def ask(self, session: Session) -> Standing:
        """Read the environment, as it was opened."""
        project, environment = session.project(), session.environment()
        outputs = () if environment.outputs is None else tuple(dataclasses.asdict(environment.outputs).items())
        others = tuple(name for name, item in project.environments.items() if item.kind.value == "aws")
        return Standing(environment.name, environment.kind.value, environment.root, environment.region, outputs, others)


@dataclass(frozen=True, slots=True)
class Resource:
    """What becomes of a resource: create, update, delete or replace; `attributes` are name, before and after.

    `outside` says that it was changed or removed without Terraform.
    """

    module: str
    resource: str
    action: str
    attributes: tuple[tuple[str, str, str], ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What Terraform would change. `name` is the plan's own: it is applied, or none."""

    resources: tuple[Resource, ...]
    counts: tuple[tuple[str, int], ...]
    time: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class WhatWouldChange:
    """Asks what applying would change now."""

    def ask(self, session: Session) -> Plan:
        """Have the command line plan."""
        command = session.command("infra", "plan")
        try:
            found = heavy.answer(session, command)
        finally:
            session.note(command, "planned", "dim")
        resources = tuple(
            Resource(
                str(item.get("module", "")),
                str(item.get("resource", "")),
                str(item.get("action", "")),
                tuple((str(name), str(old), str(new)) for name, old, new in item.get("attributes", ())),
                item.get("outside") is True,
            )
            for item in found["resources"]
        )
        now = session.now.isoformat(timespec="seconds")
        return Plan(resources, tuple(found["changes"].items()), now, str(found.get("plan", "")))


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a resource, in words; `seconds` since it was begun, where that is known."""

    words: str
    ended: bool
    seconds: float | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Applying:
    """How an apply goes: its resources by their addresses, and its last words. `standing` is going, done or failed."""

    standing: str
    began: float
    steps: dict[str, Step]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HowApplied:
    """Asks how the apply goes, or ended, that was started last from here; None before the first."""

    def ask(self, session: Session) -> Applying | None:
        """Read what its process has printed."""
        running = latest(session)
        if running is None:
            return None
        steps = {str(told["address"]): _step(told) for told in running.told() if told.get("event") == "resource"}
        standing = "going" if running.code is None else "failed" if running.failed else "done"
        return Applying(standing, running.began, steps, tuple(running.lines[-_SAID:]))


def _step(told: dict[str, Any]) -> Step:
    return Step(told["words"], told["ended"], told["seconds"], told["failed"])


def latest(session: Session) -> Running | None:
    """Return the apply that was started last from here."""
    return session.latest(TITLE)


@dataclass(frozen=True, slots=True)
class WhatApply:
    """Asks what applying a plan would do."""

    plan: Plan

    def ask(self, session: Session) -> Proposal:
        """Say how many resources would change."""
        project = session.project()
        name, described = project.environment, project.described
        agreed = ("--confirm", name) if described.protected else ("--yes",)
        command = session.command("infra", "apply", "--plan", self.plan.name, *agreed)
        gone = [item for item in self.plan.resources if item.action in ("delete", "replace")]
        named = tuple(
            ("replaced" if item.action == "replace" else "destroyed", item.resource) for item in gone[:_NAMED]
        )
        return Proposal(
            title=f"Apply to {name}",
            verb="Apply",
            command=command,
            perform=Verb(f"{TITLE} to {name}", (*command, "--events"), shown_elsewhere=True),
            facts=(
                ("environment", name),
                *((word, f"{count} resource{'s' * (count != 1)}") for word, count in self.plan.counts if count),
                *named,
                *((("", f"and {len(gone) - _NAMED} more"),) if len(gone) > _NAMED else ()),
            ),
            warning="What is destroyed or replaced is gone with what it holds." if gone else "",
            typed=name if described.protected else None,
            dangerous=bool(gone),
        )
