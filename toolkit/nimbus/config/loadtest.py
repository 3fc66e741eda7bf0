"""The sections of load tests: what is sent, in which shapes, and what must be kept; and where prices stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from nimbus.config.keys import Key
from nimbus_runtime.contract.annotations import Annotation

ADDRESS: Final = r"^https?://[^/\s?#]+(/[^\s?#]*)?$"
"""What the address of a server looks like; requests go below its path."""


OWN_INPUT: Final = "[input]"
"""What `payloads` may say in place of a path: all that the project's runs read."""


class Shape(StrEnum):
    """How the load of a profile changes."""

    STEADY = "steady"
    RAMP = "ramp"
    SPIKE = "spike"
    SOAK = "soak"


class Users(StrEnum):
    """Who makes the load."""

    ARRIVALS = "arrivals"  # requests when they are due, whatever became of those before
    BATCH = "batch"  # runs, several at once, each until it is published


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A load that is asked for by name."""

    shape: Annotated[Shape, Key("How the load changes.")] = Shape.RAMP
    users: Annotated[Users, Key("Requests over HTTP, or runs.")] = Users.ARRIVALS
    rate: Annotated[
        float, Key("Requests a second to begin with; of runs, how many at once.", least=0.01, most=100_000)
    ] = 2.0
    seconds: Annotated[float, Key("How long it takes; a step of a ramp.", least=1, most=86_400)] = 10.0
    processes: Annotated[int, Key("Processes that make the load.", least=1, most=256)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """What a load test must show, or it ends with exit code 3. Milliseconds are from when a request was due."""

    p50_ms: Annotated[float | None, Key("Half of the answers within.", least=0)] = None
    p95_ms: Annotated[float | None, Key("95 % of the answers within.", least=0)] = None
    p99_ms: Annotated[float | None, Key("99 % of the answers within.", least=0)] = None
    error_share: Annotated[float, Key("Share of the requests that may fail.", least=0, most=1)] = 0.01
    documents_per_second: Annotated[float | None, Key("At least so many, within the limits above.", least=0)] = None
    run_seconds: Annotated[
        float | None, Key("Of runs, 95 % published within; the times above are requests'.", least=0)
    ] = None
    memory_mb: Annotated[
        float | None, Key("The server's processes together take at most; runs do not tell.", least=0)
    ] = None


BUILT_IN = {
    "ramp": Profile(),
    "steady": Profile(shape=Shape.STEADY, rate=5.0, seconds=60.0),
    "spike": Profile(shape=Shape.SPIKE, rate=5.0, seconds=60.0),
    "soak": Profile(shape=Shape.SOAK, rate=5.0, seconds=600.0),
    "batch": Profile(shape=Shape.STEADY, users=Users.BATCH, rate=2.0, seconds=60.0),
}
"""Profiles that need not be described: one of each shape, and runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTest:
    """How a release is tested under load."""

    url: Annotated[
        str | None,
        Key(
            "A server of the environment's, put under load instead of one on this machine.",
            pattern=ADDRESS,
            says="http://… or https://…",
        ),
    ] = None
    profile: Annotated[str, Key("The profile that is used where none is named.")] = "ramp"
    profiles: Annotated[dict[str, Profile], Key("Profiles by name.")] = field(default_factory=dict)
    slo: Annotated[Slo, Key("What must be kept.")] = field(default_factory=Slo)
    payloads: Annotated[
        str | None,
        Key("Texts to send, of any format of inputs, or [input] for those of runs; made up without, as `words` says."),
    ] = None
    words: Annotated[int, Key("Words of a text that is made up: the median.", least=1, most=10_000)] = 70
    spread: Annotated[float, Key("Sigma of the log-normal lengths of texts that are made up.", least=0, most=3)] = 0.75
    texts: Annotated[int, Key("Texts in a request.", least=1, most=1024)] = 1
    annotations: Annotated[tuple[Annotation, ...], Key("What requests ask for; all without.")] = ()
    vcpus: Annotated[int, Key("Processors that a server on this machine is given.", least=1, most=512)] = 1

    def __post_init__(self) -> None:
        """Refuse a profile that nobody describes."""
        self.chosen()

    def chosen(self, name: str | None = None) -> Profile:
        """Return a profile by its name."""
        wanted, known = name or self.profile, BUILT_IN | self.profiles
        if wanted not in known:
            raise ValueError(f"there is no profile {wanted!r}; there are {', '.join(known)}")
        return known[wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What processors and memory cost, and what is had for it."""

    table: Annotated[
        str | None, Key("A file of your own prices, as `nimbus quote --show-prices` writes them; Nimbus's without.")
    ] = None
    arm_speed: Annotated[
        float | None,
        Key("How fast your pipeline is on ARM, x86 being 1, where you know.", least=0.05, most=20),
    ] = None
