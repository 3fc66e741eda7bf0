"""Scans of images as they are pushed.

A repository that scans on push has a scan of each image soon after, of an index one of each of its images and none of
its own; a scan is in progress before it is complete (ECR guide, image scanning; that of an index nobody could verify).
moto scans what StartImageScan names alone, finds something in everything, and says what it was told to find again and
again. Here it is found once each, the last for good, and nothing where it was told nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.ecr.models import ECRBackend

from tests.aws.replacements import Mend, Replacement

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


def _replacements(_: LocalAws) -> list[Replacement]:
    plain = ECRBackend.describe_image_scan_findings

    def describe(self: ECRBackend, registry_id: str, repository_name: str, image_id: dict[str, Any]) -> dict[str, Any]:
        repository = self._get_repository(repository_name, registry_id)
        image = repository._get_image(image_id.get("imageTag"), image_id.get("imageDigest"))  # noqa: SLF001 - moto's
        on_push = repository.image_scanning_configuration.get("scanOnPush")
        if image.last_scan or not on_push or "manifests" in json.loads(image.image_manifest):
            return plain(self, registry_id, repository_name, image_id)
        told = [one for one in self.scan_finding_results if one["repositoryName"] == repository_name]
        if len(told) > 1:
            self.scan_finding_results.remove(told[0])
        found = told[0] if told else {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}}
        return {**found, "registryId": repository.registry_id, "repositoryName": repository_name, "imageId": image_id}

    return [Replacement(ECRBackend, "describe_image_scan_findings", describe)]


MEND = Mend("image scans", _replacements)
