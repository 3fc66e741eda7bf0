"""Rules of a build whose podman is killed: the next one takes away what it left, and nothing of others."""

from __future__ import annotations

import contextlib
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


def _order(folder: Path, base: str) -> BuildOrder:
    built_on = Base(base, base, "", (3, 11), (2, 36))
    return BuildOrder(folder, _TAG, (here(),), built_on, {"nimbus.bundle": "b" * 64}, context.TIME)


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


def _left() -> set[str]:
    """Return working containers and unnamed layers in the store."""
    containers = ["podman", "ps", "--all", "--external", "--no-trunc", "--format={{.ID}}"]
    images = ["podman", "images", "--all", "--quiet", "--no-trunc", "--filter=dangling=true"]
    told = (subprocess.run(each, check=True, capture_output=True, text=True).stdout for each in (containers, images))
    return {word for words in told for word in words.split()}


def test_what_a_killed_build_left_goes_with_the_next_one_and_nothing_of_others(base_image: str, tmp_path: Path) -> None:
    """Working containers and layers of a build of ours; those of somebody else's, killed alike, stay."""
    theirs, ours = "theirs-4f1c", "ours-4f1c"
    before = _left()
    other = ["podman", "build", "--layers", "--no-cache", f"{_folder(tmp_path / theirs, base_image, theirs)}"]
    with subprocess.Popen(other, stdout=subprocess.DEVNULL) as process, _staying(theirs):
        process.kill()
    kept = _left() - before
    assert len(kept) >= 2  # a container and a layer

    def build() -> None:
        with contextlib.suppress(NimbusError):
            Podman().build(_order(_folder(tmp_path / ours, base_image, ours), base_image))

    building = threading.Thread(target=build)
    building.start()
    with _staying(ours) as podman:
        podman.kill()
    building.join()
    lost = _left() - before - kept
    assert len(lost) >= 2
    (image,) = Podman().build(_order(_folder(tmp_path / "next", base_image), base_image))
    try:
        assert not lost & _left()
        assert kept <= _left()
    finally:
        for each in kept:
            subprocess.run(["podman", "rm", "--force", each], check=False, capture_output=True)
        for each in (image.id, *kept):
            subprocess.run(["podman", "rmi", each], check=False, capture_output=True)
