"""Rules of a build whose podman is killed: the next one takes away what it left, and nothing of others."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from nimbus.adapters.podman import Podman
from nimbus.engines.orders import Base, BuildOrder, here
from nimbus.image import context
from nimbus_runtime.contract.errors import NimbusError
from tests.faults import command

_TAG = "localhost/nimbus-test/killed"
_STAYS = 'RUN ["python3", "-c", "import time; time.sleep(600)", "{token}"]\n'


def _folder(place: Path, base: str, token: str = "") -> Path:
    """Write a context; with a token, of a build that stays at its second step."""
    place.mkdir()
    told = f"FROM {base}\nCOPY Dockerfile /x\n" + (_STAYS.format(token=token) if token else "")
    (place / "Dockerfile").write_text(told + 'ENTRYPOINT ["python3"]\n', encoding="utf-8")
    return place


def _order(folder: Path, base: str, bundle: str) -> BuildOrder:
    built_on = Base(base, base, "", (3, 11), (2, 36))
    return BuildOrder(folder, _TAG, (here(),), built_on, {"nimbus.bundle": bundle}, context.TIME)


@contextlib.contextmanager
def _staying(token: str) -> Iterator[psutil.Process]:
    """Wait for a build's step, and give podman that runs it; the step ends with the block, for nobody else ends it."""
    found: dict[str, psutil.Process] = {}

    def stays() -> bool:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if words[-1:] == [token] and words[0].endswith("python3"):
                found["step"] = process
            elif words[:2] == ["podman", "build"] and words[-1].endswith(token):
                found["podman"] = process
        return len(found) == 2

    command.wait_until(stays, "the step of a build")
    try:
        yield found["podman"]
    finally:
        found["step"].kill()


def _left(label: str) -> set[str]:
    """Return the layers in the store that have a label, and the containers that are made of them."""
    images = _ids("images", "--quiet", f"--filter=label={label}")
    containers = _ids("ps", "--external", "--format={{.ID}}={{.ImageID}}")
    return images | {each.partition("=")[0] for each in containers if f"sha256:{each.partition('=')[2]}" in images}


def _ids(*arguments: str) -> set[str]:
    """Ask podman, which may stumble over what others remove meanwhile, until it answers."""
    answers: list[str] = []

    def answered() -> bool:
        done = subprocess.run(
            ["podman", *arguments, "--all", "--no-trunc"], check=False, capture_output=True, text=True
        )
        answers.append(done.stdout)
        return done.returncode == 0

    command.wait_until(answered, f"podman {arguments[0]}")
    return set(answers[-1].split())


def test_what_a_killed_build_left_goes_with_the_next_one_and_nothing_of_others(base_image: str, tmp_path: Path) -> None:
    """Working containers and layers of a build of ours; those of somebody else's, killed alike, stay."""
    theirs, ours = f"theirs-{secrets.token_hex(4)}", f"ours-{secrets.token_hex(4)}"
    label, bundle = f"nimbus.test={theirs}", secrets.token_hex(32)
    other = ["podman", "build", "--layers", "--no-cache", f"--label={label}"]
    with (
        subprocess.Popen(
            [*other, _folder(tmp_path / theirs, base_image, theirs)], stdout=subprocess.DEVNULL
        ) as process,
        _staying(theirs),
    ):
        process.kill()
    kept = _left(label)
    assert len(kept) == 2  # a layer, and a container made of it

    def build() -> None:
        with contextlib.suppress(NimbusError):
            Podman().build(_order(_folder(tmp_path / ours, base_image, ours), base_image, bundle))

    def gone() -> bool:
        Podman().build(_order(following, base_image, "c" * 64))
        return not _left(f"nimbus.bundle={bundle}")

    following = _folder(tmp_path / "next", base_image)
    building = threading.Thread(target=build)
    building.start()
    with _staying(ours) as podman:
        podman.kill()
    building.join()
    try:
        command.wait_until(gone, "a build that leaves nothing of the one that was killed")
        assert _left(label) == kept
    finally:
        for verb in (("rm", "--force"), ("rmi", "--force")):
            subprocess.run(["podman", *verb, *kept], check=False, capture_output=True)
        subprocess.run(["podman", "rmi", _TAG], check=False, capture_output=True)
