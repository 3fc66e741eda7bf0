"""Rules of shell scripts, as shellcheck has them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

_SHELL = re.compile(rb"#!.*\b(ba|da)?sh\b")


def test_shellcheck_finds_nothing(checkout: Path) -> None:
    """In any tracked file whose first line names a shell."""
    program = shutil.which("shellcheck")
    if program is None:
        pytest.skip("shellcheck is not installed")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, check=True, capture_output=True, text=True)
    files = [checkout / name for name in listed.stdout.split("\0") if name and (checkout / name).is_file()]
    scripts = [file for file in files if _SHELL.match(file.open("rb").readline())]
    assert scripts
    done = subprocess.run([program, *scripts], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
