"""Whether the pipeline could be deployed: what was found last, and what is found now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimbus_tui.api import heavy

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `status` is ok, failed or skipped."""

    subject: str
    name: str
    status: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """All checks, of a release that was deployed at `time`, or of the project now."""

    checks: tuple[Check, ...]
    time: str
    release: str = ""

    def count(self, status: str) -> int:
        """Return how many came to this."""
        return sum(check.status == status for check in self.checks)


@dataclass(frozen=True, slots=True)
class WhatWasChecked:
    """Asks what the preflight of the live release found; None where there was none."""

    def ask(self, session: Session) -> Checked | None:
        """Read the latest evidence."""
        from nimbus import assembly, releasing  # noqa: PLC0415 - only when it is asked
        from nimbus_runtime import live  # noqa: PLC0415 - as above

        environment = session.environment()
        present = live.read(assembly.open_environment(environment))
        if present is None:
            return None
        found = [item for item in releasing.show(environment, present.release).evidence if item.kind == "preflight"]
        if not found:
            return None
        body: dict[str, Any] = found[-1].body
        checks = tuple(
            Check(
                str(item.get("subject", "")),
                str(item.get("name", "")),
                str(item.get("status", "")),
                str(item.get("found", "")),
                str(item.get("remedy", "")),
            )
            for item in body.get("checks", [])
        )
        return Checked(checks, found[-1].time, present.release)


@dataclass(frozen=True, slots=True)
class CouldItBeDeployed:
    """Asks whether the pipeline could be deployed as it is now; it is compiled if it must be."""

    def ask(self, session: Session) -> Checked:
        """Have the command line check."""
        try:
            found = heavy.answer(session, session.command("preflight"))
        finally:
            session.note(session.command("preflight"), "checked", "dim")
        checks = tuple(
            Check(item["subject"], item["check"], item["status"], item["found"], item["remedy"])
            for item in found["checks"]
        )
        return Checked(checks, session.now.isoformat(timespec="seconds"))
