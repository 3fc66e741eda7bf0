"""What keeps the parts of releases in an environment: bundles in a folder, or images and task definitions on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus import assembly

if TYPE_CHECKING:
    from nimbus.adapters.cloud_host import CloudHost
    from nimbus.adapters.ecs import TaskDefinitions
    from nimbus.adapters.shelf import BundleShelf
    from nimbus.config import Environment, Project
    from nimbus.config.environments import Outputs
    from nimbus.engines.orders import Architecture
    from nimbus_runtime.bundle import Bundle


def parts(environment: Environment, project: Project | None = None) -> BundleShelf | CloudHost:
    """Return what keeps the parts of releases that stand outside of the records; it places only with a project."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.shelf import BundleShelf  # noqa: PLC0415

    if environment.outputs is None:
        return BundleShelf(Path(environment.root))
    return _cloud_host(environment.outputs, project)


def _cloud_host(outputs: Outputs, project: Project | None) -> CloudHost:
    from contextlib import suppress  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from nimbus.adapters.cloud_host import CloudHost  # noqa: PLC0415
    from nimbus.adapters.ecr import Ecr  # noqa: PLC0415
    from nimbus.config.image import BASE_IMAGE, Image  # noqa: PLC0415
    from nimbus.engines.orders import Architecture  # noqa: PLC0415
    from nimbus.image import build, lock, recipe, record  # noqa: PLC0415
    from nimbus.image.tag import locks_digest, tag_of  # noqa: PLC0415
    from nimbus_runtime.contract.errors import NimbusError  # noqa: PLC0415

    wanted = Image() if project is None else project.image
    base_image, engine = wanted.base, wanted.engine
    architectures = tuple(sorted({architecture(outputs), *(Architecture(one.value) for one in wanted.architectures)}))
    locks = () if project is None else tuple(Path(project.path(named)) for named in wanted.requirements)

    def recorded(bundle: Bundle) -> str | None:
        with suppress(NimbusError):  # none was built here
            built = record.read(record.folder_of(bundle.path))
            if (
                built.bundle_digest == bundle.digest
                and (built.reference or "").startswith(f"{outputs.repository}@")
                and base_image in (BASE_IMAGE, built.base)  # a base that the file names is meant
                and {part.architecture for part in built.parts} >= set(architectures)
                and built.requirements == locks_digest(lock.texts(locks).values())
            ):
                return built.reference
        return None

    def tag(bundle: Bundle) -> str:
        return tag_of(bundle.digest, recipe.read(), architectures, base_image, lock.texts(locks).values())

    def push(bundle: Bundle) -> str:
        folder = record.folder_of(bundle.path)
        order = build.Order(bundle.path, base_image, architectures, locks, source=wanted.source or "")
        planned = assembly.plan_image(order, engine)
        known = assembly.kept_image(planned, folder, engine)  # an attempt before this one came so far
        built = known or assembly.build_image(planned, folder, engine)
        pushed = assembly.push_image(built, outputs.repository, folder)
        assert pushed.reference is not None  # noqa: S101 - it was pushed
        return pushed.reference

    def sboms(bundle: Bundle, image: str) -> dict[str, bytes]:
        with suppress(NimbusError):  # none was built here
            folder = record.folder_of(bundle.path)
            built = record.read(folder)
            return record.sboms(built, folder) if built.reference == image else {}
        return {}

    return CloudHost(outputs.repository, Ecr(outputs.region), definitions(outputs), recorded, tag, push, sboms)


def architecture(outputs: Outputs) -> Architecture:
    """Return the processors that an environment's tasks run on."""
    from nimbus.engines.orders import Architecture  # noqa: PLC0415

    return Architecture.ARM64 if outputs.architecture == "ARM64" else Architecture.AMD64


def definitions(outputs: Outputs) -> TaskDefinitions:
    """Return the definitions of an environment's tasks."""
    from nimbus.adapters.ecs import TaskDefinitions  # noqa: PLC0415

    return TaskDefinitions(outputs.task_template, outputs.release_family, outputs.container, outputs.region)
