"""Amazon ECR: who may push, which repositories there are, what they hold, and what was found in it."""

from __future__ import annotations

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nimbus.engines import errors
from nimbus.engines.orders import Architecture, Finding, Login, Scan, Severity, Stored

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ADDRESS = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/.+")
_WAITING = frozenset({"PENDING", "IN_PROGRESS"})
_NOT_SCANNED = "ScanNotFoundException"
_DELETED_AT_ONCE = 100
_MANIFESTS = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


def is_ecr(repository: str) -> bool:
    """Say whether a repository's address is one of ECR."""
    return _ADDRESS.fullmatch(repository) is not None


def region_of(repository: str) -> str | None:
    """Return the region that a repository's address names."""
    found = _ADDRESS.fullmatch(repository)
    return found["region"] if found else None


def arn(repository: str, partition: str) -> str | None:
    """Return the ARN of a repository by its address, None where that is not one of ECR."""
    found = _ADDRESS.fullmatch(repository)
    if found is None:
        return None
    return f"arn:{partition}:ecr:{found['region']}:{found['account']}:repository/{parse(repository).name}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository by its registry (an account, None for one's own) and its name there."""

    account: str | None
    name: str


def parse(repository: str) -> Repository:
    """Read an address such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/production/support."""
    found = _ADDRESS.fullmatch(repository)
    return Repository(found["account"] if found else None, repository.partition("/")[2])


class Ecr:
    """The registry of an account in a region; credentials come by boto3's own chain."""

    def __init__(self, region: str | None = None, *, pause: Callable[[float], None] = time.sleep) -> None:
        """Name the region; nothing is looked up or sent yet."""
        self._region, self._pause = region, pause
        self._client: Any = None

    def login(self, repository: str) -> Login:
        """Return a password that holds for twelve hours."""
        answer = self._call("get_authorization_token", repository)["authorizationData"][0]
        user, _, password = base64.b64decode(answer["authorizationToken"]).decode().partition(":")
        return Login(repository.partition("/")[0], user, password)

    def prepare(self, repository: str) -> None:
        """Have the repository: where it is missing it is created, if one may, with tags that never change."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where ECR is asked

        place = parse(repository)
        try:
            self._ask("describe_repositories", repository, repositoryNames=[place.name], **_in(place))
        except ClientError as error:
            if _code(error) == "AccessDeniedException":
                return  # a deployer may push and not look: the push itself says whether it is there
            if _code(error) != "RepositoryNotFoundException":
                raise _refused(error, repository) from None
        else:
            return
        try:
            self._ask(
                "create_repository",
                repository,
                repositoryName=place.name,
                imageTagMutability="IMMUTABLE",
                imageScanningConfiguration={"scanOnPush": True},
            )
        except ClientError as error:
            if _code(error) == "RepositoryAlreadyExistsException":
                return
            raise errors.RepositoryMissingError(
                "there is no such repository, and this role may not create one",
                where=repository,
                got=_code(error),
                remedy="let `terraform apply` of the pipeline's module create it; then push again",
            ) from None

    def stored(self, repository: str, tag: str) -> Stored | None:
        """Return what a tag stands for, None where there is none."""
        answer = self._manifests(repository, {"imageTag": tag})
        if not answer:
            return None
        image, manifest = answer[0], json.loads(answer[0]["imageManifest"])
        members = [manifest]
        if "manifests" in manifest:
            children = [{"imageDigest": child["digest"]} for child in manifest["manifests"]]
            members = [json.loads(one["imageManifest"]) for one in self._manifests(repository, *children)]
        ids = tuple(str(one.get("config", {}).get("digest", "")).removeprefix("sha256:") for one in members)
        return Stored(image["imageId"]["imageDigest"], ids)

    def holds(self, repository: str, digest: str) -> bool:
        """Say whether an image is there."""
        return bool(self._manifests(repository, {"imageDigest": digest}))

    def tagged(self, repository: str, before: datetime) -> list[str]:
        """Return the digests of the images that have a tag and were pushed before a time."""
        place, found = parse(repository), []
        token: dict[str, str] = {}
        while True:
            answer = self._call(
                "describe_images",
                repository,
                repositoryName=place.name,
                filter={"tagStatus": "TAGGED"},
                **_in(place),
                **token,
            )
            found += [str(one["imageDigest"]) for one in answer["imageDetails"] if one["imagePushedAt"] < before]
            if not answer.get("nextToken"):
                return found
            token = {"nextToken": answer["nextToken"]}

    def delete(self, repository: str, digests: Sequence[str]) -> None:
        """Delete images with all their tags; one that is gone already is no failure."""
        place = parse(repository)
        for start in range(0, len(digests), _DELETED_AT_ONCE):
            ids = [{"imageDigest": digest} for digest in digests[start : start + _DELETED_AT_ONCE]]
            answer = self._call("batch_delete_image", repository, repositoryName=place.name, imageIds=ids, **_in(place))
            for failed in answer.get("failures", ()):
                if failed.get("failureCode") != "ImageNotFound":
                    raise errors.PushRefusedError(
                        "ECR keeps an image",
                        where=f"{repository}@{failed.get('imageId', {}).get('imageDigest', '')}",
                        got=str(failed.get("failureReason") or failed.get("failureCode")),
                        remedy="take the role with the pruner policy (docs/aws.md), and prune again",
                    )

    def scan(
        self,
        repository: str,
        digest: str,
        wait_seconds: float = 0.0,
        *,
        architecture: Architecture | None = None,
        coming: bool = True,
    ) -> Scan:
        """Return what a scan found, waiting for one that goes on; a status says where there is no scan.

        What is scanned of an index are its images: the one for an architecture is asked for, or all. With `coming`, a
        scan that has not begun is waited for as well.
        """
        members, waited = self._members(repository, digest, architecture), 0.0
        while True:
            scans = [self._scanned(repository, one) for one in members]
            going = any(coming if found is None else found.status in _WAITING for found in scans)
            if not going or waited >= wait_seconds:
                break
            self._pause(5.0)
            waited += 5.0
        known = [found or Scan("PENDING", {}, ()) for found in scans]
        last = next((found for found in known if not found.ended), known[0])
        counts = sum((Counter(found.counts) for found in known), Counter[str]())
        return Scan(last.status, counts, tuple(one for found in known for one in found.findings))

    def _members(self, repository: str, digest: str, architecture: Architecture | None) -> list[str]:
        """Return the digests of the images that a digest stands for."""
        wanted = {one.value for one in Architecture if architecture in {one, None}}
        listed = [
            child["digest"]
            for image in self._manifests(repository, {"imageDigest": digest})
            for child in json.loads(image["imageManifest"]).get("manifests", ())
            if child.get("platform", {}).get("architecture") in wanted
        ]
        return listed or [digest]

    def _scanned(self, repository: str, digest: str) -> Scan | None:
        """Return what a scan found so far, None where there is none yet."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where ECR is asked

        place = parse(repository)
        asked = {"repositoryName": place.name, "imageId": {"imageDigest": digest}, **_in(place)}
        try:
            answer = self._ask("describe_image_scan_findings", repository, **asked)
        except ClientError as error:
            if _code(error) == _NOT_SCANNED:
                return None
            raise _refused(error, repository) from None
        status, found = str(answer["imageScanStatus"]["status"]), [answer.get("imageScanFindings", {})]
        while answer.get("nextToken"):
            answer = self._call("describe_image_scan_findings", repository, **asked, nextToken=answer["nextToken"])
            found.append(answer["imageScanFindings"])
        counts = {str(k).lower(): int(v) for k, v in found[0].get("findingSeverityCounts", {}).items()}
        return Scan(status, counts, tuple(_finding(one) for page in found for one in _all(page)))

    def _manifests(self, repository: str, *ids: dict[str, str]) -> list[dict[str, Any]]:
        place = parse(repository)
        answer = self._call(
            "batch_get_image",
            repository,
            repositoryName=place.name,
            imageIds=list(ids),
            acceptedMediaTypes=_MANIFESTS,
            **_in(place),
        )
        images: list[dict[str, Any]] = answer["images"]
        return images

    def _call(self, operation: str, repository: str, **arguments: object) -> dict[str, Any]:
        """Ask ECR; what it refuses is an ImageError in words."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - only where ECR is asked

        try:
            return self._ask(operation, repository, **arguments)
        except ClientError as error:
            raise _refused(error, repository) from None

    def _ask(self, operation: str, repository: str, **arguments: object) -> dict[str, Any]:
        """Ask ECR; ClientError where it refuses, PushRefusedError where it cannot be asked."""
        import boto3  # noqa: PLC0415 - only where ECR is asked
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        try:
            self._client = self._client or boto3.client("ecr", region_name=self._region)
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except BotoCoreError as error:
            raise errors.PushRefusedError(
                "AWS cannot be asked",
                where=repository,
                got=str(error),
                remedy="check credentials, region and network: AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_REGION",
            ) from None
        return answer


def _in(place: Repository) -> dict[str, str]:
    return {"registryId": place.account} if place.account else {}


def _all(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [*page.get("findings", ()), *page.get("enhancedFindings", ())]


def _finding(told: dict[str, Any]) -> Finding:
    """Read a finding of basic scanning, or of enhanced scanning, which says the same in other words."""
    attributes = {one["key"]: one["value"] for one in told.get("attributes", ())}
    details = told.get("packageVulnerabilityDetails", {})
    packages = details.get("vulnerablePackages") or [{}]
    severity = str(told.get("severity", "undefined")).lower()
    return Finding(
        name=str(told.get("name") or details.get("vulnerabilityId") or told.get("title", "")),
        severity=Severity(severity) if severity in set(map(str, Severity)) else Severity.UNDEFINED,
        package=str(attributes.get("package_name") or packages[0].get("name", "")),
        uri=str(told.get("uri") or details.get("sourceUrl", "")),
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(error: ClientError, repository: str) -> errors.ImageError:
    code = _code(error)
    if code == "RepositoryNotFoundException":
        return errors.RepositoryMissingError(
            "there is no such repository",
            where=repository,
            got=code,
            remedy="let `terraform apply` of the pipeline's module create it",
        )
    if code == "ImageNotFoundException":
        return errors.ImageMissingError(
            "the repository has no such image",
            where=repository,
            got=code,
            remedy="check tag or digest; `nimbus image push` puts an image there",
        )
    return errors.PushRefusedError(
        "ECR refused the request",
        where=repository,
        got=str(error.response.get("Error", {}).get("Message") or code),
        remedy="push with a role that has the deployer's policy (docs/aws.md), in the repository's region",
    )
