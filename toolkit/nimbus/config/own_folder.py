"""The folder beside nimbus.toml that is Nimbus' own: what it compiled, and the root of the local environment."""

from __future__ import annotations

import contextlib
from pathlib import Path

FOLDER = ".nimbus"


def keep_from_git(place: Path) -> None:
    """Have git leave out all of Nimbus' own folder, where a place lies in it: nothing there is for a repository."""
    own = next((folder for folder in (place, *place.parents) if folder.name == FOLDER), None)
    with contextlib.suppress(OSError):  # it stands there already, or whoever writes there next says what is wrong
        if own is not None:
            own.mkdir(parents=True, exist_ok=True)
            with (own / ".gitignore").open("x", encoding="utf-8") as file:
                file.write("*\n")
