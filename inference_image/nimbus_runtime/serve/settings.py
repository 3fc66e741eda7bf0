"""What a server is told, by its command line and by its environment, checked once."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Gemm
from nimbus_runtime.serve import keys
from nimbus_runtime.serve.keys import Key


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a bundle is served.

    Times are in seconds. `batch_texts` is how many texts of whichever requests share a batch, 1 for
    none; `queue_texts` how many may wait before requests are refused; a text longer than
    `text_characters` is answered with an error, a body of more than `body_bytes` refused.
    `release` None: the bundle's own name. `gemm` None: whichever is faster here.
    """

    bundle: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    release: str | None = None
    keys: tuple[Key, ...] = ()
    open: bool = False
    gemm: Gemm | None = None
    batch_texts: int = 32
    batch_characters: int = 6_000
    queue_texts: int = 256
    request_texts: int = 64
    text_characters: int = 20_000
    body_bytes: int = 2**20
    request_seconds: float = 30.0
    receive_seconds: float = 10.0
    idle_seconds: float = 15.0
    log_requests: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that nothing could be served with, and an open door outside this machine."""
        for name in ("workers", "batch_texts", "batch_characters", "queue_texts", "request_texts", "text_characters"):
            if getattr(self, name) < 1:
                raise _wrong(name, str(getattr(self, name)), "1 or more")
        if not 0 <= self.port <= 65535:
            raise _wrong("port", str(self.port), "0 (any free one) to 65535")
        if self.body_bytes < 1024:
            raise _wrong("body_bytes", str(self.body_bytes), "1024 or more")
        for name in ("request_seconds", "receive_seconds", "idle_seconds"):
            if not 0 < getattr(self, name) <= 3600:
                raise _wrong(name, str(getattr(self, name)), "more than 0, at most 3600")
        if not self.keys and not self.open and not loopback(self.host):
            raise UsageError(
                "a server that other machines reach needs keys",
                where=f"{self.host}:{self.port}",
                got="no key",
                expected=f"{keys.VARIABLE}=name:sha256,… or a file of such lines",
                remedy="make one with `nimbus serve --new-key NAME`, or say that everybody may ask with --open",
            )


def loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> ServeSettings:
    """Read the options of a container's entry point; each one may stand in the environment instead."""
    parser = argparse.ArgumentParser(prog="nimbus_runtime serve", description=__doc__)
    add_options(parser, environment)
    chosen = vars(parser.parse_args(arguments))
    named, file = environment.get(keys.VARIABLE, ""), chosen.pop("keys_file")
    found = (*keys.read(named, keys.VARIABLE), *(keys.read_file(file) if file else ()))
    return ServeSettings(keys=found, **chosen)


def add_options(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    """Declare the options."""

    def option(name: str, kind: type, default: object, words: str) -> None:
        variable = f"NIMBUS_SERVE_{name.upper()}"
        given = environment.get(variable) or default
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=kind, default=given, metavar=kind.__name__.upper(), help=f"{words}; {variable}")

    bundle = Path(environment.get("NIMBUS_BUNDLE") or "/bundle")
    parser.add_argument("--bundle", type=Path, default=bundle, help="the bundle's folder; NIMBUS_BUNDLE")
    parser.add_argument("--release", default=environment.get("NIMBUS_RELEASE") or None, help="NIMBUS_RELEASE")
    option("host", str, "0.0.0.0", "the address to listen on")  # noqa: S104 - keys are demanded there
    option("port", int, 8000, "0: any free one")
    option("workers", int, _cores(), "processes that score; one a core")
    product = environment.get("NIMBUS_SERVE_GEMM") or None
    words = "whose matrix product computes; measured if not given; NIMBUS_SERVE_GEMM"
    parser.add_argument("--gemm", type=Gemm, choices=list(Gemm), default=product, help=words)
    option("batch_texts", int, 32, "texts that share a batch; 1: none do")
    option("batch_characters", int, 6_000, "characters that share a batch")
    option("queue_texts", int, 256, "texts that may wait")
    option("request_texts", int, 64, "texts of one request")
    option("text_characters", int, 20_000, "characters of one text")
    option("body_bytes", int, 2**20, "bytes of one request")
    option("request_seconds", float, 30.0, "until a request that waits is given up")
    option("receive_seconds", float, 10.0, "for a request to arrive in")
    option("idle_seconds", float, 15.0, "that a silent connection is kept")
    parser.add_argument("--keys-file", type=Path, default=environment.get("NIMBUS_SERVE_KEYS_FILE") or None)
    parser.add_argument("--open", action="store_true", default=environment.get("NIMBUS_SERVE_OPEN") == "1")
    parser.add_argument("--no-request-log", dest="log_requests", action="store_false")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _wrong(name: str, value: str, expected: str) -> UsageError:
    return UsageError(
        f"the server's {name.replace('_', ' ')} is wrong", got=value, expected=expected, remedy="change it"
    )
