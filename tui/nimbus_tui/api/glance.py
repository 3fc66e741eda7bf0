"""What must always be in sight: where one is, what is live, and whether all is well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nimbus_runtime.contract.errors import NimbusError
from nimbus_tui.api.attention import Attention, attention
from nimbus_tui.api.overview import alarms_of

if TYPE_CHECKING:
    from nimbus_runtime.contract.records import Live
    from nimbus_tui.api.session import Session

_RUNS = 3


@dataclass(frozen=True, slots=True)
class Glance:
    """The first line. `health` is good, warn, bad or dim; `summary` says in a few words why."""

    pipeline: str
    environment: str
    region: str | None
    protected: bool
    live: Live | None
    health: str = "dim"
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments of the project, each with words about it, and which one is shown."""

    shown: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WhichEnvironments:
    """Asks which environments the project has; none of them is opened."""

    def ask(self, session: Session) -> Environments:
        """Read nimbus.toml."""
        project = session.project()
        choices = tuple((name, _about(each)) for name, each in project.environments.items())
        return Environments(project.environment, choices)


@dataclass(frozen=True, slots=True)
class LookAround:
    """Asks what is live here, and whether all is well."""

    def ask(self, session: Session) -> Glance:
        """Read live.json and the latest runs."""
        from nimbus import assembly  # noqa: PLC0415 - only when it is asked
        from nimbus.assembly.runs import runs  # noqa: PLC0415 - as above
        from nimbus_runtime import evidence, live  # noqa: PLC0415 - as above

        project = session.project()
        described = project.described
        seen = Glance(
            pipeline=project.pipeline.name,
            environment=project.environment,
            region=None,
            protected=described.protected,
            live=None,
        )
        try:
            environment = session.environment()
            seen = replace(seen, environment=environment.name, region=environment.region)
            store = assembly.open_environment(environment)
            present = live.read(store)
            alarms, _ = alarms_of(environment)
            drift = None if present is None else evidence.latest(store, present.release, "drift")
            found = attention(
                present,
                runs(environment).latest(_RUNS),
                paused=present is not None and present.paused,
                evidence=() if drift is None else (drift,),
                alarms=alarms or (),
            )
        except NimbusError as error:  # it is named all the same, so that another can be chosen
            return replace(seen, health="bad", summary=error.what)
        health, summary = _worst(found)
        return replace(seen, live=present, health=health, summary=summary)


def _about(described: object) -> str:
    kind = str(getattr(described, "kind", ""))
    where = getattr(described, "root", None) or getattr(described, "terraform", None) or ""
    protected = "protected" if getattr(described, "protected", False) else ""
    return "  ".join(part for part in (kind, str(where), protected) if part)


def _worst(found: tuple[Attention, ...]) -> tuple[str, str]:
    for tone in ("bad", "warn", "dim"):
        for item in found:
            if item.tone == tone:
                return tone, item.short
    return "good", "healthy"
