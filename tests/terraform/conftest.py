"""Terraform as the tests run it: on a copy of our files, with one cache of providers."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .tables import KEPT_OUT, ROOT, TERRAFORM
from .working.applying import Examples, apply_beside_another, apply_in_two

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

_PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Terraform:
    """The program, and a copy of terraform/ that it may write into."""

    program: str
    folder: Path
    initialised: set[Path] = field(default_factory=set)

    def run(
        self, *arguments: str | Path, inside: Path, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it in a folder, and return what it said."""
        settings = self.environment(environment or {})
        with Path(settings["TF_PLUGIN_CACHE_DIR"], ".lock").open("w") as lock:
            if arguments[0] == "init":  # Terraform's cache of providers bears one writer
                fcntl.flock(lock, fcntl.LOCK_EX)
            return subprocess.run(
                [self.program, *arguments],
                cwd=inside,
                check=False,
                capture_output=True,
                text=True,
                input=stdin,
                env=settings,
                timeout=_PATIENCE,
            )

    @staticmethod
    def environment(more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment that it runs in."""
        cache = Path(os.environ.get("TF_PLUGIN_CACHE_DIR", ROOT / ".terraform" / "plugins"))
        cache.mkdir(parents=True, exist_ok=True)
        return {
            **os.environ,
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_PLUGIN_CACHE_DIR": str(cache),
            "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
            **more,
        }

    def at(self, place: str) -> Path:
        """Return the copy of a module or an example, ready to be validated and tested."""
        folder = self.folder / place
        if folder not in self.initialised:
            done = self.run("init", "-backend=false", "-no-color", inside=folder)
            assert done.returncode == 0, done.stdout + done.stderr
            self.initialised.add(folder)
        return folder


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Return Terraform, or skip with the reason why there is none."""
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not installed")
    copy = tmp_path_factory.mktemp("terraform") / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=KEPT_OUT)
    return Terraform(program, copy)


@pytest.fixture(scope="session")
def provider(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Return Terraform where it can have the AWS provider, from a registry or a mirror that its configuration names."""
    trial = tmp_path_factory.mktemp("provider")
    shutil.copy(TERRAFORM / "modules" / "platform" / "versions.tf", trial)
    try:
        done = terraform.run("init", "-no-color", inside=trial)
    except subprocess.TimeoutExpired:
        pytest.skip("the AWS provider cannot be had: terraform init gave no answer in ten minutes")
    if done.returncode:
        words = [line.strip("│╷╵ ") for line in done.stderr.splitlines()]
        pytest.skip(f"the AWS provider cannot be had: {' '.join(word for word in words if word)}")
    return terraform


@pytest.fixture(scope="session")
def examples(provider: Terraform, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    """Begin to apply both examples."""
    local_aws.reset()
    minimal, complete = tmp_path_factory.mktemp("minimal"), tmp_path_factory.mktemp("complete")
    with ThreadPoolExecutor() as pool:
        yield Examples(
            pool.submit(apply_beside_another, provider, local_aws, minimal),
            pool.submit(apply_in_two, provider, local_aws, complete),
        )
    local_aws.reset()


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin to apply the examples before the first test of this folder: a provider mostly waits."""
    if "PYTEST_XDIST_WORKER" in os.environ or not any(
        "examples" in getattr(item, "fixturenames", ()) for item in request.session.items
    ):
        return
    with suppress(pytest.skip.Exception):  # whoever needs them says so
        request.getfixturevalue("examples")
