"""Repositories, and what engines push to their addresses."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws.local_aws import LocalAws

MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class Shelf:
    """A registry with one image."""

    address = "127.0.0.1:5000"

    def tags(self, repository: str) -> list[str]:
        """Return its tag."""
        return ["v1"] if repository == "support" else []

    def manifest(self, repository: str, tag: str) -> bytes:
        """Return its manifest."""
        assert (repository, tag) == ("support", "v1")
        return MANIFEST


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
