"""Rules of folders for what a command needs while it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.faults.command import wait_until

from nimbus import scratch

_HOLDER = """
import subprocess, sys
from pathlib import Path
from nimbus import scratch
with scratch.folder("kind", inside=Path(sys.argv[1])) as folder:
    (folder / "secret").write_text("x")
    if len(sys.argv) > 2:
        with scratch.held(folder) as descriptor:
            subprocess.Popen(["cat"], pass_fds=[descriptor])
    print(folder, flush=True)
    sys.stdin.read()
"""


def _killed(inside: Path, *more: str) -> tuple[Path, subprocess.Popen[str]]:
    """Have a folder whose process was killed; the pipe's other end is what another program may still read."""
    command = [sys.executable, "-c", _HOLDER, str(inside), *more]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    with scratch.folder("kind", inside=inside):
        assert (folder / "secret").exists()  # it is held
    process.kill()
    process.wait()
    return folder, process


def test_what_a_killed_command_left_goes_with_the_next_of_its_kind(tmp_path: Path) -> None:
    """Not with one of another kind; and it is told before, for what else must go."""
    folder, process = _killed(tmp_path)
    process.communicate()
    with scratch.folder("other", inside=tmp_path):
        assert folder.exists()
    gone: list[Path] = []
    with scratch.folder("kind", inside=tmp_path, let_go=gone.append) as mine:
        assert (folder.exists(), gone, mine.stat().st_mode & 0o777) == (False, [folder], 0o700)
    assert (gone, list(tmp_path.iterdir())) == ([folder, mine], [])


def test_a_program_that_outlives_its_command_keeps_the_folder(tmp_path: Path) -> None:
    """As an engine does that still builds from it."""
    folder, process = _killed(tmp_path, "outlived")
    with scratch.folder("kind", inside=tmp_path):
        assert folder.exists()
    process.communicate()  # the program's input ends, and so does it

    def swept() -> bool:
        with scratch.folder("kind", inside=tmp_path):
            return not folder.exists()

    wait_until(swept, "nobody holds it")


def test_what_is_not_a_folder_of_ours_stays(tmp_path: Path) -> None:
    """Neither what is called otherwise, nor what a link of such a name leads to."""
    for name in ("nimbus-kind-1", "nimbus-kind-0123456789", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "nimbus-kind-01234567").symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.iterdir())
    with scratch.folder("kind", inside=tmp_path):
        pass
    assert sorted(tmp_path.iterdir()) == before
