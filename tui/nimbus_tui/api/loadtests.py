"""Load tests: which there may be, how one goes, and what earlier ones came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimbus_tui.api.proposals import Proposal
from nimbus_tui.api.verbs import Running, Verb

if TYPE_CHECKING:
    from nimbus_tui.api.session import Session

TITLE = "load test"
_PAST = 40


@dataclass(frozen=True, slots=True)
class Profile:
    """A load by its name: its shape, requests a second, seconds; `chosen` is the project's own choice."""

    name: str
    shape: str
    users: str
    rate: float
    seconds: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a test that goes. Latencies are in milliseconds, from when a request was due."""

    second: float
    step: int
    rate: float
    documents_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    failed: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a test came to, as the evidence of a release has it."""

    release: str
    time: str
    outcome: str
    profile: str
    words: str
    reasons: tuple[str, ...]
    documents_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    error_share: float
    memory: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """All of the screen. `going` says how the last test that was started here stands, None before the first."""

    profiles: tuple[Profile, ...]
    limits: tuple[tuple[str, str], ...]
    past: tuple[Result, ...]
    going: str | None
    title: str
    seconds: tuple[Second, ...]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HowLoadTests:
    """Asks which profiles there are, how the test goes that was started here, and what earlier ones came to."""

    def ask(self, session: Session) -> Known:
        """Read nimbus.toml, the evidence, and what the process has printed."""
        settings = session.project().loadtest
        from nimbus.config.loadtest import BUILT_IN  # noqa: PLC0415 - only when it is asked

        profiles = tuple(
            Profile(name, item.shape.value, item.users.value, item.rate, item.seconds, name == settings.profile)
            for name, item in {**BUILT_IN, **settings.profiles}.items()
        )
        limits = tuple(
            (name.replace("_ms", "").replace("_", " "), f"{value:g}{' ms' if name.endswith('_ms') else ''}")
            for name in ("p50_ms", "p95_ms", "p99_ms", "error_share", "documents_per_second", "memory_mb")
            if (value := getattr(settings.slo, name)) is not None
        )
        running = latest(session)
        seconds = tuple(_second(told) for told in running.told() if told.get("event") == "second") if running else ()
        standing = None
        if running is not None:
            standing = "going" if running.code is None else running.outcome[0]
        return Known(
            profiles,
            limits,
            _past(session, running if standing == "going" else None),
            standing,
            running.verb.title if running else "",
            seconds,
            tuple(running.lines[-20:]) if running else (),
        )


def latest(session: Session) -> Running | None:
    """Return the load test that was started last from here."""
    return session.latest(TITLE)


def _second(told: dict[str, Any]) -> Second:
    return Second(
        told["second"],
        told["step"],
        told["rate"],
        told["documents_per_second"],
        told["p50"],
        told["p95"],
        told["p99"],
        told["failed"],
        told["in_flight"],
    )


def _past(session: Session, going: Running | None) -> tuple[Result, ...]:
    """Return the latest results. While a test goes they are listed once; one that was read stays as it is."""
    if going is not None and session.kept.get(_past, (None,))[0] == going.began:
        found: tuple[Result, ...] = session.kept[_past][1]
        return found
    found = _read_past(session)
    session.kept[_past] = (None if going is None else going.began, found)
    return found


def _read_past(session: Session) -> tuple[Result, ...]:
    from nimbus import assembly, releasing  # noqa: PLC0415 - only when it is asked
    from nimbus_runtime import evidence  # noqa: PLC0415 - as above

    environment = session.environment()
    store = assembly.open_environment(environment)
    found, kept = [], session.kept
    for release in releasing.registered(environment):
        for name in evidence.names(store, release, "loadtest"):
            if (release, name) not in kept:
                kept[release, name] = evidence.read(store, release, name)
            found.append(kept[release, name])
    found.sort(key=lambda item: item.time, reverse=True)
    return tuple(_result(item.release, item.time, item.outcome, item.body) for item in found[:_PAST])


def _result(release: str, time: str, outcome: str, body: dict[str, Any]) -> Result:
    return Result(
        release,
        time,
        outcome,
        str(body.get("profile", "")),
        str(body.get("words", "")),
        tuple(map(str, body.get("reasons", ()))),
        float(body.get("documents_per_second") or 0.0),
        body.get("p50"),
        body.get("p95"),
        body.get("p99"),
        float(body.get("error_share") or 0.0),
        body.get("peak_resident_bytes"),
    )


@dataclass(frozen=True, slots=True)
class WhatLoadTest:
    """Asks what a load test by a profile would do."""

    profile: str

    def ask(self, session: Session) -> Proposal:
        """Say what is put under load, and for how long."""
        project, environment = session.project(), session.environment()
        profile = project.loadtest.chosen(self.profile)
        command = session.command("loadtest", "--profile", self.profile)
        runs = profile.users.value == "batch"
        served = project.loadtest.url or "the candidate, or the live release, served here"
        target = "runs of the environment, which publish" if runs else served
        return Proposal(
            title=f"Load test in {environment.name}",
            verb="Start",
            command=command,
            perform=Verb(f"{TITLE} {self.profile}", (*command, "--json"), shown_elsewhere=True, changes=runs),
            facts=(
                ("under load", target),
                ("shape", f"{profile.shape.value}, {profile.rate:g} a second to begin with"),
                ("takes", f"{profile.seconds:g} s" + (" a step" if profile.shape.value == "ramp" else "")),
            ),
            warning="Its runs are published there." if runs else "",
            typed=environment.name if runs and environment.protected else None,
            dangerous=False,
        )
