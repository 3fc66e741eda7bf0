"""Which engine builds: the first that works, or the one that was named."""

from __future__ import annotations

from collections.abc import Sequence

from nimbus.engines import errors
from nimbus.engines.orders import Found


def choose(found: Sequence[Found], wanted: str | None = None) -> Found:
    """Return the engine to use; an error says what was found of each."""
    looked_for = [one for one in found if wanted in (None, one.engine)]
    for one in looked_for:
        if one.usable:
            return one
    told = "; ".join(f"{one.engine}{' ' + one.version if one.version else ''}: {one.detail}" for one in looked_for)
    if all(one.detail == "not installed" for one in looked_for):
        raise errors.EngineMissingError(
            "images are built by docker or podman, and this machine has neither"
            if wanted is None
            else f"{wanted} is not installed",
            got=told,
            remedy="install podman (it needs no daemon), or docker with its plugin buildx",
        )
    raise errors.EngineDownError(
        "a container engine is installed, and does not work",
        got=told,
        remedy="start it (for docker: its daemon), let this user reach it, or install podman",
    )
