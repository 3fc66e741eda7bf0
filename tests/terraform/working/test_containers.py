"""What ships, as it ships: the built image, in containers that the applied state machine starts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")

from tests.aws.fargate.images import Podman
from tests.faults import bundles
from tests.image.fixtures import BuiltImage, base_image, built_image, podman
from tests.image.registry import LocalRegistry, registry
from tests.tasks.datasets import rows

from .conftest import deployed
from .example import Example
from .pipeline import RUN, Pipeline

__all__ = ["base_image", "built_image", "podman"]
_FARGATE = ("--user=65532:65532", "--tmpfs=/tmp:rw,mode=1777", "--security-opt=no-new-privileges")
_LARGE = ("--env=NIMBUS_ALONE_SECONDS=0", "--env=NIMBUS_WORKERS=1")


def pushed(image: BuiltImage, served: LocalRegistry, folder: Path) -> tuple[str, tuple[str, ...]]:
    """Push an image; what names it by its digest, and the options by which podman may pull it."""
    login = ("--tls-verify=false", f"--authfile={folder / 'login.json'}")
    given = [f"--username={served.user}", f"--password={served.password}", served.address]
    subprocess.run(["podman", "login", *login, *given], check=True, capture_output=True)
    repository = f"{served.address}/nimbus-minimal/en_support"
    digest = folder / "digest"
    push = ["podman", "push", *login, f"--digestfile={digest}", image.tag, f"{repository}:1"]
    subprocess.run(push, check=True, capture_output=True)
    return f"{repository}@{digest.read_text().strip()}", login


def test_the_image_s_containers_publish_the_bytes_of_one_machine(
    minimal: Example, built_image: BuiltImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned, scored and committed by hardened containers of the one image; the rows are those of `nimbus run`."""
    bundle = bundles.Built(built_image.bundle, built_image.bundle)
    pipeline = Pipeline(minimal.aws, minimal.output("environment"), tmp_path / "in", bundle)
    with registry(tmp_path, "AWS", "password") as served, deployed(pipeline, monkeypatch):
        reference, login = pushed(built_image, served, tmp_path)
        pipeline.aws.fargate.images.add("", Podman(reference, options=(*login, *_FARGATE, *_LARGE)))
        (ended,) = pipeline.fire()
        assert ended["status"] == "SUCCEEDED", (ended, pipeline.logged()[-5:])
        assert json.loads(ended["output"])["outcome"] == "fan_out"
        assert pipeline.dataset == RUN
        assert rows(pipeline.store, RUN) == pipeline.alone(tmp_path / "alone")
