"""Repositories that images are pushed to.

At a repository's address in ECR a registry takes what engines push, and ECR's calls tell of it (ECR guide, push an
image). moto's addresses are nobody's, and its images are those of PutImage alone. Where the local AWS was given a
registry, repositories are at its address, and hold what has a tag there, and the images of an index that has one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.ecr.models import Image, Repository

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(aws: LocalAws) -> list[Replacement]:
    def address(self: Repository) -> str:
        given: str = vars(self)["uri"]
        return given if aws.registry is None else f"{aws.registry.address}/{self.name}"

    def images(self: Repository) -> list[Image]:
        kept: list[Image] = vars(self)["images"]
        taken: set[str] = vars(self).setdefault("_taken", set())  # what is deleted does not come back
        if aws.registry is None:
            return kept
        for tag in set(aws.registry.tags(self.name)) - taken:
            taken.add(tag)
            manifest = aws.registry.manifest(self.name, tag)
            kept.append(image(self, manifest, tag))
            children = [child["digest"] for child in json.loads(manifest).get("manifests", ())]
            kept += [image(self, aws.registry.manifest(self.name, digest), None) for digest in children]
        return kept

    def image(self: Repository, manifest: bytes, tag: str | None) -> Image:
        kind, digest = json.loads(manifest)["mediaType"], f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        return Image(self.account_id, tag, manifest.decode(), self.name, kind, digest)

    return [
        Replacement(Repository, "uri", property(address, _setting("uri"))),
        Replacement(Repository, "images", property(images, _setting("images"))),
    ]


def _setting(name: str) -> Callable[[Any, object], None]:
    def put(self: Any, value: object) -> None:  # noqa: ANN401 - moto's
        self.__dict__[name] = value

    return put


MEND = Mend("registries", _replacements)
