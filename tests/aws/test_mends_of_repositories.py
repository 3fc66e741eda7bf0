"""Repositories, and what engines push to their addresses."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from botocore.exceptions import ClientError

from tests.aws.local_aws import LocalAws
from tests.fixtures import scans

MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"digest": DIGEST, "platform": {"architecture": "arm64", "os": "linux"}}],
    }
).encode()


class Shelf:
    """A registry with one image, or with an index of it."""

    address = "127.0.0.1:5000"

    def __init__(self, tagged: bytes = MANIFEST) -> None:
        """Put it there."""
        self._there = {"v1": tagged, DIGEST: MANIFEST}

    def tags(self, repository: str) -> list[str]:
        """Return its tag."""
        return ["v1"] if repository == "support" else []

    def manifest(self, repository: str, tag: str) -> bytes:
        """Return its manifest."""
        assert repository == "support"
        return self._there[tag]


def test_a_repository_holds_what_was_pushed_to_its_address(aws: LocalAws) -> None:
    """By tag and by digest, until it is deleted; moto alone knows of no push."""
    client = aws.client("ecr")
    client.create_repository(repositoryName="support")

    def found() -> list[str]:
        return [one["imageDigest"] for one in client.describe_images(repositoryName="support")["imageDetails"]]

    def address() -> str:
        return str(client.describe_repositories()["repositories"][0]["repositoryUri"])

    assert address().endswith(".amazonaws.com/support")
    assert found() == []
    aws.registry = Shelf()
    with aws.mending.lifted("registries"):
        assert found() == []
    assert address() == "127.0.0.1:5000/support"
    assert found() == [DIGEST]
    (image,) = client.batch_get_image(repositoryName="support", imageIds=[{"imageTag": "v1"}])["images"]
    assert image["imageManifest"].encode() == MANIFEST
    client.batch_delete_image(repositoryName="support", imageIds=[{"imageDigest": DIGEST}])
    assert found() == []


def test_a_repository_holds_the_images_of_an_index(aws: LocalAws) -> None:
    """By their digests, without a tag."""
    client = aws.client("ecr")
    client.create_repository(repositoryName="support")
    aws.registry = Shelf(INDEX)
    (child,) = client.batch_get_image(repositoryName="support", imageIds=[{"imageDigest": DIGEST}])["images"]
    assert child["imageManifest"].encode() == MANIFEST


def test_what_is_pushed_is_scanned(aws: LocalAws) -> None:
    """Where the repository says so: each image, and no index; what is found comes in order. moto waits to be told."""
    client = aws.client("ecr")
    client.create_repository(repositoryName="support", imageScanningConfiguration={"scanOnPush": True})
    aws.registry = Shelf(INDEX)

    def status(digest: str) -> str:
        asked = {"repositoryName": "support", "imageId": {"imageDigest": digest}}
        return str(client.describe_image_scan_findings(**asked)["imageScanStatus"]["status"])

    with aws.mending.lifted("image scans"), pytest.raises(ClientError, match="ScanNotFound"):
        status(DIGEST)
    assert status(DIGEST) == "COMPLETE"
    with pytest.raises(ClientError, match="ScanNotFound"):
        status(f"sha256:{hashlib.sha256(INDEX).hexdigest()}")
    scans.tell(aws, "support", scans.answer("IN_PROGRESS"), scans.answer("COMPLETE", HIGH=1))
    assert [status(DIGEST) for _ in range(3)] == ["IN_PROGRESS", "COMPLETE", "COMPLETE"]
