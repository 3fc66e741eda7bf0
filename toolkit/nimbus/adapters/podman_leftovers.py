"""What a build of ours leaves in podman's store when podman is killed: working containers, and layers without a name.

Both are known by marks that only our builds carry; what anybody else has there stays.
"""

from __future__ import annotations

import json
from pathlib import Path

from nimbus.adapters import engine_process

MARK = "NIMBUS_BUILD"
"""A build argument that no Dockerfile takes: podman notes it of each working container, and writes it into no image."""

_LABEL = "nimbus.bundle"
_DATE = "1980-01-01"  # of whatever is built of a context


def remove(store: Path) -> None:
    """Remove it all; whoever calls this is the only one of us who builds in that store."""
    for place in store.glob("*-containers/*/userdata/buildah.json"):
        if _marked(place):
            engine_process.run("podman", "rm", "--force", place.parts[-3])
    filters = (f"--filter=label={_LABEL}", "--filter=dangling=true")
    found = sorted({*engine_process.run("podman", "images", "--all", "--quiet", "--no-trunc", *filters).out.split()})
    if not found:
        return
    inspected = engine_process.run("podman", "image", "inspect", *found)
    for image in json.loads(inspected.out) if inspected.code == 0 else ():
        finished = image["Config"].get("Entrypoint")  # the last that our Dockerfile says: somebody's image
        if not finished and str(image["Created"]).startswith(_DATE):
            engine_process.run("podman", "rmi", image["Id"])  # with its parents, unless something is made of it


def _marked(place: Path) -> bool:
    """Say whether a working container is that of a build of ours, by what podman notes of it."""
    try:
        noted = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    arguments = noted.get("Args") if isinstance(noted, dict) else None
    return isinstance(arguments, dict) and MARK in arguments
