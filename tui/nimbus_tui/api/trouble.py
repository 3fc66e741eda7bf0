"""A failure as screens show it: what happened, the parts that explain it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from nimbus_runtime.contract.errors import NimbusError


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure. `kind` names its class, so that a screen may offer a way out."""

    what: str
    parts: tuple[tuple[str, str], ...] = ()
    kind: str = ""


def of(error: BaseException) -> Trouble:
    """Return any failure in words; one that nobody foresaw says so."""
    if isinstance(error, NimbusError):
        return Trouble(error.what, tuple(error.parts()), getattr(error, "kind", "") or type(error).__name__)
    return Trouble(
        "something went wrong that Nimbus has no words for",
        (
            ("got", f"{type(error).__name__}: {error}"),
            ("to do", "try the same on the command line, and report this with what it prints"),
        ),
        type(error).__name__,
    )
