"""What the built image does, run as production runs it: read-only, without privileges, without a network."""

from __future__ import annotations

import json
import subprocess

from .fixtures import BuiltImage

HARDENED = (
    *("--rm", "--read-only", "--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
    "--network=none",
)


def test_the_image_checks_itself(podman: str, built_image: BuiltImage) -> None:
    """`self-check` verifies the bundle, scores a text, and says which versions and which processor these are."""
    command = [podman, "run", *HARDENED, built_image.tag, "self-check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bundle_digest"] == built_image.record.bundle_digest
    checks = dict.fromkeys(("processor", "scratch", "bundle", "scoring"), "ok")
    assert {check["name"]: check["outcome"] for check in told["checks"]} == checks
    assert told["processor"]["features"]
    assert {"python", "nimbus-runtime", "spacy", "onnxruntime", "pyarrow"} <= told["versions"].keys()
