"""Builds an image: everything is decided and fetched first, the engine is called once, and what came out is tried."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from nimbus import scratch
from nimbus.config.image import BASE_IMAGE
from nimbus.engines import errors
from nimbus.engines.orders import Architecture, Base, BuildOrder, Built, here
from nimbus.image import context as contexts
from nimbus.image import lock, sbom
from nimbus.image import record as records
from nimbus.image.archive import read_archive
from nimbus.image.context import Context, Wheelhouse
from nimbus.image.recipe import Recipe
from nimbus.image.record import ImageRecord, Part
from nimbus.image.tag import locks_digest, tag_of
from nimbus_runtime import bundle as bundles
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.errors import NimbusError

_EARLIEST = 315532800 + 366 * 86400  # 1981: whoever has set a clock is beyond it


class Engine(Protocol):
    """What a container engine does for a build."""

    name: str

    def base(self, name: str, architectures: Sequence[Architecture]) -> Base:
        """Have a base image here, and say what it is."""
        ...

    def build(self, order: BuildOrder) -> tuple[Built, ...]:
        """Build."""
        ...

    def exported(self, image: str) -> AbstractContextManager[Path]:
        """Give an image's file system as an archive."""
        ...

    def run(self, image: str, *arguments: str) -> tuple[int, str]:
        """Run a command of an image, as production does."""
        ...


class Keeping(Protocol):
    """An engine that keeps what it has built."""

    name: str

    def has(self, image: str) -> bool:
        """Say whether an image is there, by its id."""
        ...


class Wheels(Protocol):
    """Has wheels."""

    def fetch(self, lock: bytes, *, python: tuple[int, int], platforms: Sequence[str]) -> Path:
        """Return a folder with exactly the wheels of a lock."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `requirements` are locks beside the runtime's own, for packages that the bundle requires."""

    bundle: Path
    base_image: str = BASE_IMAGE
    architectures: tuple[Architecture, ...] = ()
    requirements: tuple[Path, ...] = ()
    tag: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A build that could start: nothing has been changed but caches."""

    bundle: Bundle
    base: Base
    release: str
    tag: str
    architectures: tuple[Architecture, ...]
    context: Context
    requirements: str


def plan(order: Order, recipe: Recipe, engine: Engine, wheels: Wheels, now: Callable[[], float] = time.time) -> Planned:
    """Decide everything: the bundle is whole, the base can carry it, every wheel is there."""
    check_clock(now())
    bundle = bundles.verify(order.bundle)
    architectures = order.architectures or (here(),)
    texts = lock.texts(order.requirements)
    pins = [*lock.read(recipe.lock, "requirements.lock")]
    for where, text in texts.items():
        known = {pin.name for pin in pins}
        pins += [pin for pin in lock.read(text, where) if pin.name not in known]
    base = engine.base(order.base_image, architectures)
    targets = [lock.Target(one, base.python, base.glibc) for one in architectures]
    houses = {target.architecture: _house(tuple(pins), bundle, target, wheels) for target in targets}
    release = order.tag or tag_of(bundle.digest, recipe, architectures, order.base_image, texts.values())
    name = f"localhost/nimbus/{_plain(bundle.manifest.pipeline.name)}:{release}"
    context = contexts.lay_out(recipe, bundle, houses, base, release=release, source=order.source)
    return Planned(bundle, base, release, name, architectures, context, locks_digest(texts.values()))


def apply(planned: Planned, engine: Engine, output: Path) -> ImageRecord:
    """Build what was planned, try what this machine can start of it, list what is in it, and record it."""
    with scratch.folder("context") as folder:
        contexts.write(planned.context, folder)
        copied = bundles.verify(folder / "bundle")
        assert copied.digest == planned.bundle.digest  # noqa: S101 - the same manifest, read again
        order = BuildOrder(
            context=folder,
            tag=planned.tag,
            architectures=planned.architectures,
            base=planned.base,
            labels=planned.context.labels,
            time=contexts.TIME,
        )
        built = engine.build(order)
    runs = frozenset(one for one in built if one.architecture is here())
    for one in runs:
        _try(engine, one)
    parts = tuple(replace(_part(engine, one, planned, output), tried=one in runs) for one in built)
    identity = planned.bundle.manifest.pipeline
    record = ImageRecord(
        tag=planned.tag,
        release=planned.release,
        bundle_digest=planned.bundle.digest,
        pipeline=identity.name,
        pipeline_version=identity.version,
        runtime_version=planned.context.labels["org.opencontainers.image.version"],
        base=planned.base.name,
        base_digest=planned.base.digest,
        engine=engine.name,
        parts=parts,
        requirements=planned.requirements,
        context=planned.context.digest,
    )
    records.write(record, output)
    return record


def kept(planned: Planned, engine: Keeping, output: Path) -> ImageRecord | None:
    """Return the record of what was planned where it was built before, of the same, and is still there as it was."""
    with suppress(NimbusError):  # nothing was built here
        record = records.read(output)
        same = (record.context, record.tag, record.engine) == (planned.context.digest, planned.tag, engine.name)
        architectures = tuple(part.architecture for part in record.parts)
        if (
            same
            and len(architectures) == 1  # several go by a name that may be another's by now
            and architectures == planned.architectures
            and len(records.sboms(record, output)) == 1
            and engine.has(record.parts[0].id)
        ):
            return record
    return None


def check_clock(now: float) -> None:
    """Raise ClockWrongError before 1981: certificates and signatures would fail, each in words of its own."""
    if now < _EARLIEST:
        raise errors.ClockWrongError(
            "this machine's clock is not set",
            got=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now)),
            expected="a date after 1980, which archives, certificates and AWS's signatures need",
            remedy="set the clock (timedatectl set-ntp true), then build again",
        )


def _house(pins: tuple[lock.Pin, ...], bundle: Bundle, target: lock.Target, wheels: Wheels) -> Wheelhouse:
    chosen = lock.wanted(pins, target)
    lock.check_covers(chosen, bundle.manifest.requires, str(bundle.path))
    house = Wheelhouse(chosen, Path(), ())
    folder = wheels.fetch(house.lock, python=target.python, platforms=target.platforms)
    found = tuple(sorted(path.name for path in folder.glob("*.whl")))
    lock.check_complete(chosen, found, target)
    return Wheelhouse(chosen, folder, found)


def _try(engine: Engine, built: Built) -> None:
    code, said = engine.run(built.id, "self-check")
    if code != 0:
        raise errors.BuildFailedError(
            "the image was built and does not work",
            where=built.id,
            got=said.strip()[-600:],
            expected="self-check with exit code 0",
            remedy="see which check failed; the image was not recorded",
        )


def _part(engine: Engine, built: Built, planned: Planned, output: Path) -> Part:
    with engine.exported(built.id) as place:
        contents = read_archive(place)
    hashes = contexts.wheel_hashes(planned.context, built.architecture)
    about = sbom.About(planned.release, planned.bundle.digest, planned.base, hashes)
    listed = sbom.compose(contents, about)
    output.mkdir(parents=True, exist_ok=True)
    (output / records.SBOM.format(architecture=built.architecture.value)).write_bytes(listed)
    return Part(built.architecture, built.id, contents.size, hashlib.sha256(listed).hexdigest())


def _plain(name: str) -> str:
    """Return a pipeline's name as registries allow it."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
    return kept or "pipeline"
