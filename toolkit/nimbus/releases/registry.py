"""Reads what is registered in a root: releases, runs, and what is live."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from nimbus.releases.errors import NotDeployedError, ReleaseNotFoundError, ReleaseUnusableError
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Live, Release, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_NAMED = 5  # how many releases an error names
_FEW = 4  # characters of a hash that are meant as one


def names(store: Store) -> list[str]:
    """Return the names of all registered releases, sorted."""
    return [name.removesuffix(".json") for name in store.names(paths.RELEASES) if name.endswith(".json")]


def named(store: Store, given: str) -> str:
    """Return the name of the one release that is called so, or that its name, version or hash begins so.

    What no release is called is returned as it is, and refused where it is looked for.
    """
    known = names(store)
    found = [given] if given in known else [name for name in known if _begins(name, given)]
    if len(found) > 1:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ReleaseNotFoundError(
            "more than one release is called so",
            where=store.location,
            got=given,
            expected=f"one of {', '.join(found[-_NAMED:])}{more}",
            remedy="type more of its name",
        )
    return found[0] if found else given


def _begins(name: str, given: str) -> bool:
    """Say whether a name begins so, or a part of it does that is long enough to be meant."""
    parts = name.split("-")[1:] if len(given) >= _FEW else ()
    return bool(given) and (name.startswith(given) or any(part.startswith(given) for part in parts))


def release(store: Store, name: str) -> Release:
    """Return a registered release."""
    known = names(store)
    data = store.read(paths.release(name)) if name in known else None  # a name, never a path
    if data is None:
        near = difflib.get_close_matches(name, known, n=_NAMED) or known[-_NAMED:]
        raise ReleaseNotFoundError(
            "there is no such release",
            where=store.location,
            got=name,
            expected=f"one of {', '.join(near)}" if near else "a release; none is registered yet",
            remedy="`nimbus history` tells which were live; `nimbus deploy` registers one",
        )
    return codec.decode(Release, data, f"{store.location}/{paths.release(name)}")


def refuse_gone(store: Store, present: Live | None, name: str) -> None:
    """Refuse to make a release live that was pruned since it was looked at, or that is being pruned."""
    if store.read(paths.release(name)) is None or is_going(store, present, name):
        raise ReleaseUnusableError(
            "this release is gone: it was pruned, or a prune has begun to remove it",
            where=f"{store.location}/{paths.release(name)}",
            got=name,
            remedy="deploy it again: `nimbus deploy`",
        )


def is_going(store: Store, present: Live | None, name: str) -> bool:
    """Say whether a prune has begun to remove a release; what live.json names came before it, and stays."""
    return name not in releases_of(present) and store.read(paths.going(paths.parts(name))) is not None


def releases_of(present: Live | None) -> set[str]:
    """Return the releases that live.json names, other than by their datasets."""
    if present is None:
        return set()
    candidate = present.candidate.release if present.candidate else None
    return {name for name in (present.release, present.previous, candidate) if name is not None}


def present(store: Store) -> Live:
    """Return what is live."""
    state = live.read(store)
    if state is None:
        raise NotDeployedError(
            "nothing is live here yet",
            where=f"{store.location}/{paths.LIVE}",
            remedy="deploy a release first: `nimbus deploy`",
        )
    return state


def run(store: Store, name: str) -> Run | None:
    """Return the record of a finished run, None where it is not there."""
    data = store.read(paths.dataset(name))
    return None if data is None else codec.decode(Run, data, f"{store.location}/{paths.dataset(name)}")


def can_be_shown(store: Store, present: Live, name: str) -> bool:
    """Say whether a run's dataset is there, and no prune has begun to remove it; what live.json names stays."""
    if store.read(paths.dataset(name)) is None:
        return False
    named = name == present.dataset or name in present.datasets.values()
    return named or store.read(paths.going(paths.run(name))) is None
