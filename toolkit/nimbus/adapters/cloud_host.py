"""Releases on AWS: an image in the repository, and a task definition that runs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nimbus.adapters.ecr import Ecr
from nimbus.adapters.ecs import TaskDefinitions
from nimbus_runtime.bundle import Bundle
from nimbus_runtime.contract.records import Release


@dataclass(frozen=True, slots=True)
class Pushed:
    """A bundle in an image, by repository@digest, the template that its tasks follow, and what is in the image."""

    image: str
    recipe: str
    sboms: Mapping[str, bytes]
    bundle: None = None


@dataclass(frozen=True, slots=True)
class CloudHost:
    """The releases of a pipeline in an environment on AWS.

    `recorded` is the image that was pushed of a bundle by hand, if one was; `tag` names a bundle's
    image in the repository; `push` builds it, pushes it under that tag, and returns it by its digest;
    `sboms` are an image's bills of materials by processor, where it was built on this machine.
    """

    repository: str
    registry: Ecr
    definitions: TaskDefinitions
    recorded: Callable[[Bundle], str | None]
    tag: Callable[[Bundle], str]
    push: Callable[[Bundle], str]
    sboms: Callable[[Bundle, str], Mapping[str, bytes]]

    def lacks(self, release: Release) -> str | None:
        """Say what of a release is gone; None where it can run."""
        if release.image is None or release.task_definition is None:
            return "its image, which was never pushed here"
        if not self.definitions.active(release.task_definition):
            return f"its task definition, {release.task_definition}"
        repository, _, digest = release.image.partition("@")
        return None if self.registry.holds(repository, digest) else f"its image, {release.image}"

    def find(self, bundle: Bundle) -> Pushed | None:
        """Return a bundle's image if it was pushed: the one that was built by hand goes first."""
        image = self.recorded(bundle)
        if image is not None and self.registry.holds(self.repository, image.partition("@")[2]):
            return self._pushed(bundle, image)
        stored = self.registry.stored(self.repository, self.tag(bundle))
        return None if stored is None else self._pushed(bundle, f"{self.repository}@{stored.digest}")

    def place(self, bundle: Bundle) -> Pushed:
        """Build and push a bundle's image unless it is there."""
        return self.find(bundle) or self._pushed(bundle, self.push(bundle))

    def define(self, release: Release) -> str | None:
        """Return the task definition that runs a release."""
        return None if release.image is None else self.definitions.define(release.release, release.image)

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return the task definitions and images that are older and no kept release needs."""
        needed = {release.task_definition for release in kept} | {release.image for release in kept}
        images = [f"{self.repository}@{digest}" for digest in self.registry.tagged(self.repository, begun_before)]
        return [name for name in (*self.definitions.registered(begun_before), *images) if name not in needed]

    def remove(self, names: Sequence[str]) -> None:
        """Deregister task definitions, then delete images."""
        digests = [name.partition("@")[2] for name in names if "@" in name]
        self.definitions.deregister([name for name in names if "@" not in name])
        if digests:
            self.registry.delete(self.repository, digests)

    def _pushed(self, bundle: Bundle, image: str) -> Pushed:
        return Pushed(image, self.definitions.recipe(), self.sboms(bundle, image))
