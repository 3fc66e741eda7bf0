"""The call of locust that a profile comes to, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nimbus.config.loadtest import LoadTest, Profile, Slo, Users

_PATIENCE = 120  # seconds in which all processes of locust have to be there
_USERS = {Users.ARRIVALS: "ArrivalUser", Users.BATCH: "BatchUser"}


class Under(StrEnum):
    """What is under load."""

    ADDRESS = "address"  # a server that somebody else runs
    BUNDLE = "bundle"  # served on this machine for as long as the test takes
    IMAGE = "image"  # as the bundle, in a container
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Load:
    """What load is made of, and whom it is for: the address of a server, or the command that submits a run.

    `processors` are left to whoever makes the load, all of them where there are none; `architecture` is
    that of the server's processors, where it is known.
    """

    profile: Profile
    settings: LoadTest
    url: str | None = None
    submit: tuple[str, ...] = ()
    payloads: Path | None = None
    text_field: str = "text"
    under: Under = Under.ADDRESS
    processors: frozenset[int] = frozenset()
    architecture: str | None = None


def arguments(load: Load, *, result: Path, figures: str, locustfile: Path, port: int) -> list[str]:
    """Return locust's arguments; an API key goes by the environment, where no list of processes shows it.

    Several processes meet at the port: at locust's own they would join whatever test is there already.
    """
    profile, settings = load.profile, load.settings
    told = [
        *("-f", str(locustfile), _USERS[profile.users], "--headless", "--only-summary", "--loglevel", "WARNING"),
        *("--exit-code-on-error", "0", "--stop-timeout", "5"),
        *("--shape", profile.shape.value, "--rate", f"{profile.rate:g}", "--seconds", f"{profile.seconds:g}"),
        *("--limits", limits(settings.slo, profile.users)),
        *("--result", str(result), "--figures", figures),
    ]
    if profile.users is Users.BATCH:
        return [*told, "--host", "http://127.0.0.1:9", "--submit", _quoted(load.submit)]
    told += ["--host", load.url or "", "--texts", str(settings.texts)]
    if load.payloads is None:
        told += ["--words", str(settings.words), "--spread", f"{settings.spread:g}"]
    else:
        told += ["--payloads", str(load.payloads), "--text-field", load.text_field]
    if settings.annotations:
        told += ["--annotations", ",".join(settings.annotations)]
    if profile.processes > 1:
        told += ["--processes", str(profile.processes), "--expect-workers-max-wait", str(_PATIENCE)]
        told += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), "--master-port", str(port)]
    return told


def limits(slo: Slo, users: Users) -> str:
    """Return what a step must keep, as the locust files read it."""
    named = {"p50": slo.p50_ms, "p95": slo.p95_ms, "p99": slo.p99_ms}
    if users is Users.BATCH:
        named = {"p95": None if slo.run_seconds is None else slo.run_seconds * 1e3}
    named["errors"] = slo.error_share
    return ",".join(f"{name}={value:g}" for name, value in named.items() if value is not None)


def _quoted(command: Sequence[str]) -> str:
    import shlex  # noqa: PLC0415 - only of runs

    return shlex.join(command)
