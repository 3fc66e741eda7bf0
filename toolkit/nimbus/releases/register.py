"""A bundle and its settings as a release: named by their content, created once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import registry
from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Job, Release

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

_MOST = 100  # releases of the same content, of which all but the last can no longer run


class Placed(Protocol):
    """Where a bundle lies in an environment."""

    @property
    def bundle(self) -> str | None:
        """Return the folder below the root that keeps it, None where an image does."""
        ...

    @property
    def image(self) -> str | None:
        """Return the image that holds it, by its digest; None where a folder does."""
        ...

    @property
    def recipe(self) -> str:
        """Return what stands for all else that decides how its tasks run, such as their size."""
        ...

    @property
    def sboms(self) -> Mapping[str, bytes]:
        """Return the image's bills of materials by processor, as far as this machine has them."""
        ...


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A bundle that is not placed yet."""

    bundle: None = None
    image: None = None
    recipe: str = ""
    sboms: Mapping[str, bytes] = field(default_factory=dict)


class Host(Protocol):
    """What runs releases in an environment."""

    def lacks(self, release: Release) -> str | None:
        """Say what of a release is gone; None where it can run."""
        ...

    def find(self, bundle: Bundle) -> Placed | None:
        """Return where a bundle lies already, None where it must be placed first."""
        ...

    def place(self, bundle: Bundle) -> Placed:
        """Put a bundle where its releases run; doing it twice changes nothing."""
        ...

    def define(self, release: Release) -> str | None:
        """Return the definition of the release's tasks, registered now if it is not; None where there is none."""
        ...


def compose(bundle: Bundle, placed: Placed, job: Job) -> Release:
    """Return the release that a bundle and its settings are; the same ones always have the same name."""
    manifest = bundle.manifest
    identity = manifest.pipeline
    content = {
        "bundle": bundle.digest,
        "image": placed.image,
        "job": codec.plain(job),
        "recipe": placed.recipe,
    }
    digest = hashlib.sha256(codec.canonical(content)).hexdigest()
    name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{identity.name}-{identity.version}-{digest[:12]}")
    return Release(
        release=name,
        bundle_digest=bundle.digest,
        pipeline=identity.name,
        pipeline_version=identity.version,
        job=job,
        image=placed.image,
        bundle=placed.bundle,
        precision=manifest.precision.value,
        labels={part.name: part.labels for part in manifest.components if part.labels},
        versions=dict(manifest.requires),
        size=manifest.size,
    )


def find(store: Store, host: Host, wanted: Release) -> Release | None:
    """Return the release if it is registered and can run."""
    for name in _free(store, wanted):
        data = store.read(paths.release(name))
        if data is None:
            return None
        known = codec.decode(Release, data, f"{store.location}/{paths.release(name)}")
        if host.lacks(known) is None:
            return known
    return None


def register(store: Store, host: Host, wanted: Release, sboms: Mapping[str, bytes]) -> Release:
    """Return the release, registered now if it is not; by another name where that one can no longer run.

    `sboms` are its image's bills of materials by processor. Without any, those of an earlier release
    of the same image are its own as well.
    """
    for name in _free(store, wanted):
        data = store.read(paths.release(name))
        if data is None:
            new = replace(wanted, release=name)
            new = replace(new, task_definition=host.define(new), sboms=_keep(store, new, sboms))
            store.create(paths.release(name), codec.encode(new))
            data = store.read(paths.release(name)) or b""
        known = codec.decode(Release, data, f"{store.location}/{paths.release(name)}")
        if host.lacks(known) is None:
            return known
    raise AssertionError(f"{_MOST} releases of the same content cannot run")


def _keep(store: Store, new: Release, sboms: Mapping[str, bytes]) -> dict[str, str]:
    """Keep a release's bills of materials, each created once; return their SHA-256 by place."""
    kept = {}
    for processor, bill in (sboms or _known(store, new.image)).items():
        place = paths.sbom(new.release, processor)
        store.create(place, bill)
        kept[place] = hashlib.sha256(store.read(place) or b"").hexdigest()  # an attempt before this one may have been
    return kept


def _known(store: Store, image: str | None) -> dict[str, bytes]:
    """Return the bills of materials of an image that an earlier release brought."""
    for name in registry.names(store) if image is not None else ():
        other = registry.release(store, name)
        if other.image == image and other.sboms:
            return {place.split(".")[-3]: store.read(place) or b"" for place in other.sboms}
    return {}


def _free(store: Store, wanted: Release) -> Iterator[str]:
    """Yield the names that a release may have: not one that a prune has begun to remove."""
    present = live.read(store)
    names = (wanted.release, *(f"{wanted.release}-{number}" for number in range(2, _MOST)))
    yield from (name for name in names if not registry.is_going(store, present, name))
