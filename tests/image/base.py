"""A base image without a registry: Debian's Python and what it is linked with, nothing else, no shell.

Made once a machine and kept by podman under a name that says how it was made.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_PACKAGES = ("python3-minimal", "libpython3-stdlib", "libstdc++6", "base-files", "tzdata")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
# Packages are unpacked, not installed, so that dpkg would know of none: what they are called is kept as slim images do.
_HOOK = """
mkdir -p "$1/var/lib/dpkg/status.d"
for package in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --field "$package" > "$1/var/lib/dpkg/status.d/$(basename "$package" | cut -d_ -f1)"
done
"""


def make() -> str:
    """Return the name of the base image, made if podman does not have it yet."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "bookworm")
    key = hashlib.sha256(repr((suite, _PACKAGES, _LEFT_OUT, _HOOK)).encode()).hexdigest()[:12]
    name = f"localhost/nimbus-test/python:{suite}-{key}"
    if subprocess.run(["podman", "image", "exists", name], check=False).returncode == 0:
        return name
    if shutil.which("mmdebstrap") is None:
        pytest.skip("the base image of these tests is made by mmdebstrap, which is not installed")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "base.tar")
        excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
        command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(_PACKAGES)}", *excluded]
        done = subprocess.run(
            [*command, f"--extract-hook={_HOOK}", suite, archive], check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            pytest.skip(f"the base image of these tests could not be made: {done.stderr.strip().splitlines()[-1:]}")
        change = "ENV PATH=/usr/local/bin:/usr/bin:/bin"
        subprocess.run(["podman", "import", "--quiet", "--change", change, archive, name], check=True)
    return name
