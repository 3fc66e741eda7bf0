"""Rules of what is asked of ECR, on the local AWS; and of how its refusals read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nimbus.adapters import ecr
from nimbus.adapters.ecr import Ecr
from nimbus.engines import errors
from nimbus.engines.orders import Architecture, Severity
from nimbus.image import findings, push, record
from nimbus.image.record import ImageRecord, Part
from tests.aws.local_aws import ACCOUNT, REGION, LocalAws
from tests.fixtures import scans

REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/production/support"
ID, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def repository(aws_environment: LocalAws) -> str:
    """Return the address of a repository as Terraform makes it."""
    client = aws_environment.client("ecr")
    client.create_repository(repositoryName="production/support", imageTagMutability="IMMUTABLE")
    return REPOSITORY


@pytest.fixture
def scanning(aws_environment: LocalAws, repository: str) -> str:
    """Return the address of one that scans what is pushed."""
    asked = {"repositoryName": "production/support", "imageScanningConfiguration": {"scanOnPush": True}}
    aws_environment.client("ecr").put_image_scanning_configuration(**asked)
    return repository


def put(aws: LocalAws, tag: str, config: str) -> str:
    """Put an image of one configuration under a tag; return its digest."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{config}", "size": 1},
        "layers": [],
    }
    asked = {"repositoryName": "production/support", "imageTag": tag, "imageManifest": json.dumps(manifest)}
    return str(aws.client("ecr").put_image(**asked)["image"]["imageId"]["imageDigest"])


def built(image_id: str) -> ImageRecord:
    """Return the record of an image that was built."""
    part = Part(Architecture.AMD64, image_id, 1, "0" * 64)
    return ImageRecord("localhost/nimbus/x:1", "b1-r1", "b" * 64, "x", "1", "1", "base", "sha256:0", "podman", (part,))


class Engine:
    """An engine that only remembers."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.pushed: list[str] = []

    def push(self, tag: str, reference: str, login: object) -> str:
        """Remember where to."""
        del tag, login
        self.pushed.append(reference)
        return "sha256:" + "3" * 64


def test_a_login_is_for_the_registry_of_the_repository(aws_environment: LocalAws) -> None:
    """AWS gives one password for a registry; it never shows where the login is printed."""
    del aws_environment
    login = Ecr(REGION).login(REPOSITORY)
    assert (login.registry, login.user) == (REPOSITORY.partition("/")[0], "AWS")
    assert login.password
    assert login.password not in repr(login)


def test_a_repository_that_is_missing_is_made_as_terraform_makes_it(aws_environment: LocalAws) -> None:
    """Tags never change there, and what is pushed is scanned; one that exists is left alone."""
    for _ in range(2):
        Ecr(REGION).prepare(REPOSITORY)
    (made,) = aws_environment.client("ecr").describe_repositories()["repositories"]
    assert (made["repositoryName"], made["imageTagMutability"]) == ("production/support", "IMMUTABLE")
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}


def test_the_content_of_a_tag_is_compared_before_anything_is_sent(
    aws_environment: LocalAws, repository: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same content is there already; other content is refused; nothing is pushed for either."""
    engine, folder = Engine(), tmp_path_factory.mktemp("records")
    digest = put(aws_environment, "b1-r1", ID)
    assert push.push(built(ID), repository, engine, Ecr(REGION), folder).reference == f"{repository}@{digest}"
    with pytest.raises(errors.TagTakenError, match="other content"):
        push.push(built(OTHER), repository, engine, Ecr(REGION), folder)
    assert engine.pushed == []
    assert record.read(folder).parts[0].id == ID


def test_a_new_tag_is_pushed_under_the_bundles_name(
    aws_environment: LocalAws, repository: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The tag is bundle and runtime; what is recorded is the digest."""
    del aws_environment
    engine, folder = Engine(), tmp_path_factory.mktemp("records")
    pushed = push.push(built(ID), repository, engine, Ecr(REGION), folder)
    assert engine.pushed == [f"{repository}:b1-r1"]
    assert pushed.reference == f"{repository}@sha256:{'3' * 64}"


@pytest.mark.parametrize(("threshold", "passed"), [("critical", True), ("high", False), ("medium", False)])
def test_findings_from_the_threshold_up_count(
    aws_environment: LocalAws, repository: str, threshold: str, passed: bool
) -> None:
    """A scan is read back by digest; what is as bad as the threshold, or worse, holds the image up."""
    digest = put(aws_environment, "b1-r1", ID)
    scans.tell(aws_environment, "production/support", scans.answer("COMPLETE", digest, HIGH=1))
    aws_environment.client("ecr").start_image_scan(repositoryName="production/support", imageId={"imageDigest": digest})
    verdict = findings.judge(Ecr(REGION).scan(repository, digest), Severity(threshold))
    assert verdict.passed is passed
    assert [finding.package for finding in verdict.grave] == ([] if passed else ["libhigh1"])
    off = findings.judge(Ecr(REGION).scan(repository, digest), None)
    assert (off.passed, off.grave_count) == (True, 1)


def test_a_scan_that_goes_on_is_waited_for(aws_environment: LocalAws, scanning: str) -> None:
    """And judged by what it comes to; one that has not begun is waited for only where it is to come."""
    digest, pauses = put(aws_environment, "b1-r1", ID), list[float]()
    answers = scans.answer("PENDING"), scans.answer("IN_PROGRESS"), scans.answer("COMPLETE", CRITICAL=1, HIGH=2)
    scans.tell(aws_environment, "production/support", *answers)
    found = Ecr(REGION, pause=pauses.append).scan(scanning, digest, 120.0, coming=False)
    assert (found.status, found.counts, pauses) == ("COMPLETE", {"critical": 1, "high": 2}, [5.0, 5.0])


def test_of_an_index_its_images_are_asked_for(aws_environment: LocalAws, scanning: str) -> None:
    """That for the tasks' processor, or all of them: ECR scans no index; one without a scan is no pass."""
    members = {name: put(aws_environment, name, config) for name, config in (("amd64", ID), ("arm64", OTHER))}
    platforms = {**members, "unknown": "sha256:" + "4" * 64}  # as buildx lists what it attests
    children = [{"digest": digest, "platform": {"architecture": name}} for name, digest in platforms.items()]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": children}
    asked = {"repositoryName": "production/support", "imageTag": "both", "imageDigest": f"sha256:{'5' * 64}"}
    aws_environment.client("ecr").put_image(**asked, imageManifest=json.dumps(index))
    registry, digest = Ecr(REGION, pause=lambda _: None), asked["imageDigest"]
    answers = scans.answer("COMPLETE", HIGH=1), scans.answer("COMPLETE"), scans.answer("COMPLETE", HIGH=2)
    scans.tell(aws_environment, "production/support", *answers)
    assert registry.scan(scanning, digest, architecture=Architecture.AMD64).counts == {"high": 1}
    whole = registry.scan(scanning, digest)
    assert (whole.status, whole.counts, len(whole.findings)) == ("COMPLETE", {"high": 2}, 2)
    scans.tell(aws_environment, "production/support", scans.answer("FAILED"))
    assert not findings.judge(registry.scan(scanning, digest), Severity.HIGH).known


def test_an_image_without_a_scan_does_not_pass(aws_environment: LocalAws, repository: str) -> None:
    """No scan is no finding, and no reason to trust: the wait for one ends, and the verdict says so."""
    digest, pauses = put(aws_environment, "b1-r1", ID), []
    scan = Ecr(REGION, pause=pauses.append).scan(repository, digest, wait_seconds=12)
    verdict = findings.judge(scan, Severity.CRITICAL)
    assert (verdict.known, verdict.passed, verdict.status) == (False, False, "PENDING")
    assert pauses == [5.0, 5.0, 5.0]
    Ecr(REGION, pause=pauses.append).scan(repository, digest, wait_seconds=12, coming=False)
    assert pauses == [5.0, 5.0, 5.0]


def test_findings_of_enhanced_scanning_are_read_too() -> None:
    """Inspector names weakness and package elsewhere; severities that nobody knows are undefined."""
    told = {
        "severity": "UNTRIAGED",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-2",
            "sourceUrl": "https://example.test/2",
            "vulnerablePackages": [{"name": "numpy"}],
        },
    }
    read = ecr._finding(told)  # noqa: SLF001 - moto knows no enhanced scanning
    assert (read.name, read.severity, read.package) == ("CVE-2026-2", Severity.UNDEFINED, "numpy")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Answer every call with the error that stands first in the returned list, the last one again and again."""
    codes: list[str] = []

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            code = codes.pop(0) if len(codes) > 1 else codes[0]
            body = json.dumps({"__type": code, "message": f"not for you: {code}"}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Refusal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    yield codes
    server.shutdown()
    server.server_close()


def test_who_may_not_create_a_repository_is_told_who_does(refusing: list[str]) -> None:
    """A missing repository is Terraform's business where the role may not make one."""
    refusing += ["RepositoryNotFoundException", "AccessDeniedException"]
    with pytest.raises(errors.RepositoryMissingError, match="may not create") as refused:
        Ecr(REGION).prepare(REPOSITORY)
    assert "terraform apply" in str(refused.value.remedy)


def test_who_may_push_and_not_look_goes_on(refusing: list[str]) -> None:
    """The deployer's policy lists no repositories: the push itself says whether one is there."""
    refusing += ["AccessDeniedException"]
    Ecr(REGION).prepare(REPOSITORY)


def test_a_refused_login_names_the_role_that_is_needed(refusing: list[str]) -> None:
    """AWS's own words are kept, and what to do stands beside them."""
    refusing += ["AccessDeniedException"]
    with pytest.raises(errors.PushRefusedError) as refused:
        Ecr(REGION).login(REPOSITORY)
    assert "not for you" in str(refused.value.got)
    assert "deployer" in str(refused.value.remedy)


@pytest.mark.parametrize(
    ("address", "region"),
    [
        (REPOSITORY, REGION),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a", "cn-north-1"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/a", "us-east-1"),
        ("registry.example.com/123456789012/a", None),
        ("127.0.0.1:5000/a", None),
    ],
)
def test_an_address_of_ecr_is_known_by_its_form(address: str, region: str | None) -> None:
    """Whoever pushes elsewhere needs no AWS."""
    assert ecr.is_ecr(address) is (region is not None)
    assert ecr.region_of(address) == region
    arn = ecr.arn(address, "aws")
    assert (arn is not None) is ecr.is_ecr(address)
    assert arn is None or arn.endswith(f":{region}:123456789012:repository/{address.partition('/')[2]}")
